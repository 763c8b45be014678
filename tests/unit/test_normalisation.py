"""What an event's properties go through before they are stored."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hedgerow.domain.accounts import Project
from hedgerow.domain.normalisation import IngestionWarning, Origin, normalise, without_nul

from tests.unit.capture_builders import A_PROJECT

AT = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SESSION = "01A20628-BA4F-7F6C-90B1-F32D4F2C44E4"


def normalised(
    properties: dict[str, Any],
    *,
    name: str = "e",
    project: Project = A_PROJECT,
    ip: str | None = None,
    sent_at: str | None = None,
    top_set: dict[str, Any] | None = None,
    top_set_once: dict[str, Any] | None = None,
) -> tuple[dict[str, Any], list[IngestionWarning], str | None]:
    warnings: list[IngestionWarning] = []
    chain = normalise(
        properties,
        name=name,
        distinct_id="u",
        at=AT,
        origin=Origin(project, ip, sent_at),
        warnings=warnings,
        top_set=top_set,
        top_set_once=top_set_once,
    )
    return properties, warnings, chain


def test_ordinary_properties_are_left_as_they_are() -> None:
    assert normalised({"a": 1, "b": {"c": [None]}}) == ({"a": 1, "b": {"c": [None]}}, [], "")


def test_case_60_top_level_set_wins_over_the_one_in_properties() -> None:
    properties, _, _ = normalised({"$set": {"a": 2, "z": 1}}, top_set={"a": 1})
    assert properties == {"$set": {"a": 1, "z": 1}}


def test_top_level_set_once_wins_over_the_one_in_properties() -> None:
    properties, _, _ = normalised({"$set_once": {"a": 2, "z": 1}}, top_set_once={"a": 1})
    assert properties == {"$set_once": {"a": 1, "z": 1}}


@pytest.mark.parametrize("bad", ["text", None, 1, ["a"]])
def test_a_set_that_is_no_object_becomes_empty(bad: object) -> None:
    assert normalised({"$set": bad, "$set_once": bad})[0] == {"$set": {}, "$set_once": {}}
    assert normalised({"$set": bad}, top_set={"a": 1})[0] == {"$set": {"a": 1}}


def test_unset_stays_for_the_person() -> None:
    assert normalised({"$unset": ["a"]})[0] == {"$unset": ["a"]}


def test_the_address_is_added_where_the_client_gave_none() -> None:
    assert normalised({}, ip="10.1.1.1")[0] == {"$ip": "10.1.1.1"}
    assert normalised({"$ip": "8.8.8.8"}, ip="10.1.1.1")[0] == {"$ip": "8.8.8.8"}
    assert normalised({"capture_internal": True}, ip="10.1.1.1")[0]["$ip"] == "127.0.0.1"


def test_a_project_that_anonymises_addresses_keeps_none() -> None:
    project = replace(A_PROJECT, anonymize_ips=True)
    assert normalised({"$ip": "8.8.8.8"}, ip="10.1.1.1", project=project)[0] == {}


def test_the_time_of_sending_is_kept() -> None:
    assert normalised({}, sent_at="2026-11-23T12:00:00.000Z")[0] == {"$sent_at": "2026-11-23T12:00:00.000Z"}


def test_a_session_id_becomes_lower_case_only_if_it_is_a_uuid() -> None:
    assert normalised({"$session_id": SESSION})[0] == {"$session_id": SESSION.lower()}
    assert normalised({"$session_id": "My Session"})[0] == {"$session_id": "My Session"}
    assert normalised({"$session_id": 7})[0] == {"$session_id": 7}


def test_case_66_browser_and_campaign_facts_are_offered_to_the_person() -> None:
    properties, _, _ = normalised({"$current_url": "A", "utm_source": "g", "gclid": None, "other": 1})
    assert properties["$set"] == {"$current_url": "A", "utm_source": "g", "gclid": None}
    assert properties["$set_once"] == {
        "$initial_current_url": "A",
        "$initial_utm_source": "g",
        "$initial_gclid": None,
    }


def test_what_the_client_set_itself_is_not_overwritten() -> None:
    properties, _, _ = normalised({"$browser": "X", "$set": {"$browser": None}, "$set_once": {"$initial_browser": "Y"}})
    assert properties["$set"] == {"$browser": None}
    assert properties["$set_once"] == {"$initial_browser": "Y"}


def test_os_name_is_an_alias_of_os() -> None:
    properties, _, _ = normalised({"$os_name": "iOS"})
    assert properties == {
        "$os_name": "iOS",
        "$os": "iOS",
        "$set": {"$os": "iOS"},
        "$set_once": {"$initial_os": "iOS"},
    }
    properties, _, _ = normalised({"$os_name": "iOS", "$os": "iPadOS"})
    assert properties["$set"] == {"$os": "iPadOS"}
    assert properties["$set_once"] == {"$initial_os": "iPadOS"}
    assert normalised({"$os_name": "iOS", "$os": None})[0]["$set"] == {"$os": "iOS"}


@pytest.mark.parametrize("sign", [{"$is_server": True}, {"$lib": "posthog-python"}, {"$lib": "posthog-rs"}])
def test_the_system_of_a_server_is_not_the_persons(sign: dict[str, Any]) -> None:
    properties, _, _ = normalised({"$os": "Linux", "$os_version": "12", "$os_name": "L", "$browser": "X", **sign})
    assert properties["$set"] == {"$browser": "X"}
    assert properties["$set_once"] == {"$initial_browser": "X"}
    assert "$set" not in normalised({"$os": "Linux", **sign})[0]


@pytest.mark.parametrize("sign", [{"$is_server": "true"}, {"$lib": "web"}, {"$lib": ["posthog-go"]}, {}])
def test_the_system_of_a_client_is_the_persons(sign: dict[str, Any]) -> None:
    assert normalised({"$os": "Linux", **sign})[0]["$set"] == {"$os": "Linux"}


def test_a_shown_survey_is_remembered_on_the_person() -> None:
    properties, _, _ = normalised({}, name="survey shown")
    assert properties == {"$set": {"$survey_last_seen_date": "2026-11-23T12:00:00.000Z"}}


def test_true_needs_no_mention_in_what_is_stored() -> None:
    assert normalised({"$process_person_profile": True}) == ({}, [], "")


@pytest.mark.parametrize("value", ["false", 0, None, "true", 1])
def test_a_profile_flag_that_is_no_boolean_counts_as_true_with_a_warning(value: object) -> None:
    properties, warnings, chain = normalised({"$process_person_profile": value, "$set": {"a": 1}})
    assert (properties, chain) == ({"$set": {"a": 1}}, "")
    assert warnings == [IngestionWarning("invalid_process_person_profile", "e", "u")]


def test_a_personless_event_says_nothing_to_a_person() -> None:
    properties, warnings, _ = normalised(
        {
            "$process_person_profile": False,
            "$set": {"a": 1},
            "$set_once": {"a": 1},
            "$unset": ["a"],
            "$browser": "X",
        },
        top_set={"b": 1},
        top_set_once={"b": 1},
    )
    assert properties == {"$process_person_profile": False, "$browser": "X"}
    assert warnings == []


@pytest.mark.parametrize("name", ["$identify", "$create_alias", "$merge_dangerously", "$groupidentify"])
def test_a_personless_event_about_persons_is_dropped_with_a_warning(name: str) -> None:
    _, warnings, chain = normalised({"$process_person_profile": False}, name=name)
    assert chain is None
    assert [w.kind for w in warnings] == ["invalid_event_when_process_person_profile_is_false"]
    assert normalised({"$process_person_profile": True}, name=name)[2] == ""


def test_a_project_without_persons_makes_every_event_personless() -> None:
    project = replace(A_PROJECT, person_processing_opt_out=True)
    properties, _, _ = normalised({"$process_person_profile": True, "$set": {"a": 1}}, project=project)
    assert properties == {"$process_person_profile": False}
    assert normalised({}, name="$identify", project=project)[2] is None


def test_elements_become_a_chain() -> None:
    elements = [
        {
            "tag_name": "a",
            "$el_text": 'Say "hi"',
            "attr__class": "btn active",
            "attr__href": "/x",
            "nth_child": 2,
        },
        {"tag_name": "div", "attr__id": "main", "nth_child": 1, "nth_of_type": 3},
    ]
    properties, _, chain = normalised({"$elements": elements, "a": 1})
    assert properties == {"a": 1}
    assert chain == (
        'a.active.btn:attr__class="btn active"attr__href="/x"href="/x"nth-child="2"nth-of-type="0"text="Say \\"hi\\""'
        ';div:attr__id="main"attr_id="main"nth-child="1"nth-of-type="3"'
    )


def test_a_chain_made_by_the_client_is_kept() -> None:
    assert normalised({"$elements_chain": "a:x", "$elements": [{"tag_name": "b"}]}) == ({}, [], "a:x")


@pytest.mark.parametrize("elements", [None, "x", 5, [1, None], [{"tag_name": 5, "attr__class": {"a": 1}}]])
def test_odd_elements_do_no_harm(elements: object) -> None:
    properties, _, chain = normalised({"$elements": elements})
    assert "$elements" not in properties
    assert chain is not None


def test_ten_thousand_properties_are_no_trouble() -> None:
    properties, _, _ = normalised({f"key {n}": n for n in range(10_000)} | {"utm_source": "g"})
    assert len(properties) == 10_003


def test_case_26_nul_is_replaced_in_texts_and_keys_and_nothing_else_changes() -> None:
    value: dict[str, Any] = {"a\0b": ["\0", {"c": "x\0"}], "n": 2**53 + 1, "e": "😀"}
    assert without_nul(value) == {"a\ufffdb": ["\ufffd", {"c": "x\ufffd"}], "n": 2**53 + 1, "e": "😀"}
