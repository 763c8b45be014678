"""The classic capture protocol: shapes, tokens, and what becomes of events."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.accounts import Project
from hedgerow.domain.capture import CaptureRejected, V0Request, read_v0, to_events
from hedgerow.domain.events import Event
from hedgerow.domain.normalisation import IngestionWarning
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.capture_builders import A_PROJECT, NOW, TOKEN, an_event

UNFIT = "failed to parse request: data did not match any variant of untagged enum RawRequest"
UNFIT_OBJECT = "failed to hydrate events from request: non-engage request missing event name attribute"
UUID_TEXT = "0190a0b0-0000-7000-8000-0000000000aa"


def a_batch(*events: Any, **changes: Any) -> dict[str, Any]:
    return {"api_key": TOKEN, "batch": list(events)} | changes


def read(payload: Any, path: str = "/batch/", query: dict[str, str] | None = None) -> V0Request:
    return read_v0(payload, path=path, query=query or {}, holds_nul=True)


def captured(
    payload: Any,
    *,
    path: str = "/batch/",
    query: dict[str, str] | None = None,
    project: Project = A_PROJECT,
    ip: str | None = None,
) -> tuple[list[Event], list[IngestionWarning]]:
    return to_events(read(payload, path, query), project=project, now=NOW, ip=ip)


def the_event(payload: Any, **context: Any) -> Event:
    [event], _ = captured(payload, **context)
    return event


def rejection(payload: Any, **context: Any) -> tuple[int, str]:
    with pytest.raises(CaptureRejected) as caught:
        captured(payload, **context)
    return caught.value.status, caught.value.text


def test_case_1_a_batch_of_one_becomes_one_event() -> None:
    event = the_event(a_batch(an_event(uuid=UUID_TEXT, timestamp="2026-11-23T11:00:00Z", properties={"a": 1})))
    at = NOW - timedelta(hours=1)
    assert event == Event(1, UUID(UUID_TEXT), "e1", "u1", at, {"a": 1}, "", False)


def test_case_5_an_event_alone_with_its_distinct_id_only_in_the_properties() -> None:
    payload = {"api_key": TOKEN, "event": "e", "properties": {"distinct_id": "u1"}}
    assert read(payload).token == TOKEN
    assert the_event(payload, path="/capture/").distinct_id == "u1"


def test_case_6_token_and_distinct_id_only_in_the_properties() -> None:
    payload = {"event": "e", "properties": {"token": TOKEN, "distinct_id": "u1"}}
    assert read(payload).token == read([payload]).token == TOKEN
    assert the_event(payload).distinct_id == "u1"


def test_case_10_a_null_distinct_id_gives_way_to_the_properties() -> None:
    event = {"event": "e", "distinct_id": None, "properties": {"distinct_id": "b"}}
    assert the_event(a_batch(event)).distinct_id == "b"


def test_case_21_unknown_fields_are_ignored() -> None:
    query = {"ip": "1", "ver": "1.2", "retry_count": "3"}
    event = an_event(type="capture", library="x", **{"$unset": ["a"], "$groups": {"a": "b"}, "sent_at": 5})
    assert the_event(a_batch(event), query=query).properties == {}


def test_case_26_nul_is_replaced_in_all_of_an_event() -> None:
    event = the_event(
        a_batch(an_event(event="e\0", distinct_id="u\0", properties={"a\0": ["\0"]}, **{"$set": {"b": "\0"}}))
    )
    assert (event.name, event.distinct_id) == ("e\ufffd", "u\ufffd")
    assert event.properties == {"a\ufffd": ["\ufffd"], "$set": {"b": "\ufffd"}}


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"api_key": TOKEN, "batch": [{"distinct_id": "u"}]},
        {"batch": [an_event()]},
        {"api_key": None, "batch": [an_event()]},
        {"api_key": 5, "batch": [an_event()]},
        {"api_key": TOKEN, "token": "phc_two", "batch": [an_event()]},
        a_batch(an_event(), 5),
        a_batch(an_event(), sent_at=5),
        a_batch(an_event(), historical_migration="yes"),
        an_event(api_key=TOKEN, token="phc_two"),
        an_event(**{"$distinct_id": "u2"}),
        an_event(event=5),
        an_event(timestamp=1758117904),
        an_event(uuid="not a uuid"),
        an_event(uuid="0x" + "9" * 30),
        an_event(uuid="9" * 16 + "_" + "9" * 15),
        an_event(uuid=" " + "9" * 31),
        an_event(uuid=5),
        an_event(properties=[]),
        {"event": "e", "distinct_id": "u", "properties": None},
        an_event(**{"$set": []}),
        an_event(**{"$set_once": "x"}),
        an_event(offset=1.5),
        an_event(offset=True),
        an_event(offset=2**63),
        an_event(token=5),
    ],
    ids=repr,
)
def test_case_30_an_object_with_any_wrong_type_is_rejected_as_a_whole(payload: Any) -> None:
    assert rejection(payload) == (400, UNFIT_OBJECT)


@pytest.mark.parametrize("payload", [5, "x", None, True, [5], [an_event(event=5)], [[]]], ids=repr)
def test_a_list_or_scalar_that_does_not_fit_is_rejected(payload: Any) -> None:
    assert rejection(payload) == (400, UNFIT)


def test_the_same_field_under_two_names_is_fine_when_equal() -> None:
    event = the_event(an_event(api_key=TOKEN, token=TOKEN, **{"$token": TOKEN, "$distinct_id": "u1"}))
    assert event.distinct_id == "u1"


@pytest.mark.parametrize("payload", [[], a_batch(), a_batch(api_key="")], ids=repr)
def test_a_request_without_events_is_rejected_before_its_token_is_looked_at(payload: Any) -> None:
    assert rejection(payload) == (400, "request holds no event")


@pytest.mark.parametrize("payload", [an_event(), [an_event()]], ids=repr)
def test_case_31_no_token(payload: Any) -> None:
    assert rejection(payload) == (401, "event submitted without an api_key")


def test_a_list_needs_exactly_one_token() -> None:
    assert read([an_event(token=TOKEN), an_event(api_key=TOKEN), an_event()]).token == TOKEN
    payload = [an_event(token=TOKEN), an_event(token="phc_two")]
    assert rejection(payload) == (401, "batch submitted with inconsistent api_key values")


def test_the_token_of_a_batch_wins_over_its_events() -> None:
    assert read(a_batch(an_event(token="phc_two"), api_key=f" {TOKEN} ")).token == TOKEN


@pytest.mark.parametrize(
    ("token", "fault"),
    [
        ("  ", "empty"),
        ("p" * 65, "too_long"),
        ("phc_é", "not_ascii"),
        ("phx_secret", "personal_api_key"),
        ("phc_\0", "null_byte"),
    ],
)
def test_a_token_that_cannot_be_one_is_named_so(token: str, fault: str) -> None:
    assert rejection(a_batch(an_event(), api_key=token)) == (401, f"API key is not valid: {fault}")


def test_the_token_is_checked_before_any_event() -> None:
    assert rejection([an_event(event="")]) == (401, "event submitted without an api_key")


def test_case_35_an_empty_name_rejects_the_whole_batch() -> None:
    expected = (400, "event submitted with an empty event name")
    assert rejection(a_batch(an_event(), an_event(event="", distinct_id=""))) == expected


@pytest.mark.parametrize("event", [{"event": "e"}, *({"event": "e", "distinct_id": d} for d in (None, "", "   "))])
def test_case_36_a_missing_or_blank_distinct_id_rejects_the_whole_batch(event: dict[str, Any]) -> None:
    assert rejection(a_batch(an_event(), event)) == (400, "event submitted without a distinct_id")


@pytest.mark.parametrize("mode", ["yes", 1, None])
def test_case_40_a_cookieless_mode_that_is_no_boolean_rejects_the_whole_batch(mode: Any) -> None:
    event = an_event(properties={"$cookieless_mode": mode})
    assert rejection(a_batch(event)) == (400, "event submitted with invalid cookieless mode")
    assert the_event(a_batch(an_event(properties={"$cookieless_mode": False}))).name == "e1"


@pytest.mark.parametrize(
    ("distinct_id", "text"),
    [
        (42, "42"),
        (23.4, "23.4"),
        (True, "true"),
        (["a", "b"], '["a","b"]'),
        ({"b": 1, "a": [2]}, '{"a":[2],"b":1}'),
        (" u ", " u "),
        ("u" * 250, "u" * 200),
        ("€" * 150, "€" * 150),
        ("anonymous", "anonymous"),
    ],
    ids=repr,
)
def test_cases_45_46_any_distinct_id_becomes_text_of_at_most_200_characters(distinct_id: Any, text: str) -> None:
    assert the_event(a_batch(an_event(distinct_id=distinct_id))).distinct_id == text
    assert the_event(a_batch(an_event(distinct_id=None, properties={"distinct_id": distinct_id}))).distinct_id == text


def test_a_long_name_is_cut() -> None:
    assert the_event(a_batch(an_event(event="n" * 201))).name == "n" * 200


def test_case_50_events_stay_in_order() -> None:
    events, _ = captured(a_batch(*(an_event(event=f"e{n}") for n in range(1000))))
    assert [event.name for event in events] == [f"e{n}" for n in range(1000)]


def test_case_51_the_batchs_time_of_sending_corrects_the_events() -> None:
    sent_at = NOW + timedelta(hours=1)
    timestamp = (sent_at - timedelta(seconds=10)).isoformat()
    event = the_event(a_batch(an_event(timestamp=timestamp), sent_at=sent_at.isoformat()))
    assert event.timestamp == NOW - timedelta(seconds=10)
    assert event.properties == {"$sent_at": "2026-11-23T13:00:00.000Z"}


def test_an_event_may_ask_for_no_correction() -> None:
    event = an_event(timestamp="2026-11-23T11:00:00Z", properties={"$ignore_sent_at": True})
    assert the_event(a_batch(event, sent_at="2026-11-23T13:00:00Z")).timestamp == NOW - timedelta(hours=1)


def test_the_time_of_sending_in_the_query_is_milliseconds_after_2020() -> None:
    milliseconds = str(int((NOW + timedelta(hours=1)).timestamp() * 1000))
    payload = [an_event(token=TOKEN, timestamp="2026-11-23T12:30:00Z")]
    assert the_event(payload, query={"_": milliseconds}).timestamp == NOW - timedelta(minutes=30)
    for ignored in (milliseconds[:-3], "x", "", "9" * 30, "-1"):
        payload = [an_event(token=TOKEN, timestamp="2026-11-23T11:30:00Z")]
        assert the_event(payload, query={"_": ignored}).timestamp == NOW - timedelta(minutes=30)


def test_a_time_of_sending_on_an_event_is_ignored() -> None:
    payload = an_event(token=TOKEN, timestamp="2026-11-23T11:30:00Z", sent_at="2026-11-23T13:00:00Z")
    assert the_event(payload).timestamp == NOW - timedelta(minutes=30)


def test_case_56_an_offset_counts_back_from_now() -> None:
    event = the_event(a_batch(an_event(offset=5000, timestamp="2020-01-01")))
    assert event.timestamp == NOW - timedelta(seconds=5)


def test_case_60_set_at_both_levels_is_merged() -> None:
    event = an_event(properties={"$set": {"a": 2, "z": 1}}, **{"$set": {"a": 1}})
    assert the_event(a_batch(event)).properties == {"$set": {"a": 1, "z": 1}}


def test_a_missing_uuid_is_made_from_the_events_time() -> None:
    for uuid in (None, ""):
        made = the_event(a_batch(an_event(uuid=uuid, timestamp="2026-11-23T11:00:00.123Z"))).uuid
        assert made.version == 7
        assert made.variant == "specified in RFC 4122"
        assert made.int >> 80 == int((NOW - timedelta(hours=1)).timestamp() * 1000) + 123
    first, second = captured(a_batch(an_event(), an_event()))[0]
    assert first.uuid != second.uuid


@pytest.mark.parametrize("text", [UUID_TEXT.upper(), UUID_TEXT.replace("-", "")])
def test_a_valid_uuid_is_kept(text: str) -> None:
    assert the_event(a_batch(an_event(uuid=text))).uuid == UUID(UUID_TEXT)


@given(st.uuids())
def test_every_uuid_is_read_as_the_standard_library_reads_it(uuid: UUID) -> None:
    read_back = the_event(a_batch(an_event(uuid=str(uuid)))).uuid
    assert (read_back, hash(read_back), str(read_back)) == (uuid, hash(uuid), str(uuid))


def test_historical_migration_is_a_mark_on_the_events() -> None:
    assert the_event(a_batch(an_event(), historical_migration=True)).historical
    assert not the_event(a_batch(an_event(), historical_migration=False)).historical


def test_recordings_and_performance_entries_are_dropped_and_nothing_else_is_asked_for() -> None:
    for name in ("$performance_event", "$snapshot", "$snapshot_items"):
        assert read([an_event(event=name)]).events == []
        assert captured(a_batch(an_event(event=name), api_key="")) == ([], [])
    assert [event.name for event in captured(a_batch(an_event(event="$snapshot"), an_event()))[0]] == ["e1"]


def test_a_clients_own_warning_is_not_stored() -> None:
    event = an_event(event="$$client_ingestion_warning", properties={"$$client_ingestion_warning_message": "too big"})
    warning = IngestionWarning("client_ingestion_warning", "$$client_ingestion_warning", "u1", "too big")
    assert captured(a_batch(event)) == ([], [warning])


def test_exceptions_are_ordinary_events() -> None:
    assert the_event(a_batch(an_event(event="$exception"))).name == "$exception"


def test_engage_is_an_identify_without_a_name_on_its_own_path_only() -> None:
    payload = {"$token": TOKEN, "$distinct_id": "u1", "$set": {"a": 1}}
    event = the_event(dict(payload), path="/engage/")
    assert (event.name, event.distinct_id, event.properties) == ("$identify", "u1", {"$set": {"a": 1}})
    assert rejection(dict(payload), path="/e/") == (400, UNFIT_OBJECT)


def test_a_project_may_drop_old_events() -> None:
    project = replace(A_PROJECT, drop_events_older_than=3600)
    payload = a_batch(
        an_event(event="old", timestamp=(NOW - timedelta(seconds=3601)).isoformat()),
        an_event(event="new", timestamp=(NOW - timedelta(seconds=3600)).isoformat()),
    )
    events, warnings = captured(payload, project=project)
    assert ([event.name for event in events], warnings) == (["new"], [])


def test_the_address_of_the_client_is_kept() -> None:
    assert the_event(a_batch(an_event()), ip="10.0.0.1").properties == {"$ip": "10.0.0.1"}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(max_size=5),
                st.sampled_from(
                    """event distinct_id properties token api_key batch uuid timestamp offset $set $set_once $elements
                    $process_person_profile $session_id $os_name $lib attr__class sent_at""".split()
                ),
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=10,
)


@given(JSON, st.sampled_from(["/batch", "/engage"]))
def test_any_json_is_captured_or_rejected_and_nothing_else(payload: Any, path: str) -> None:
    for value in (payload, a_batch(an_event(properties={"a": payload}) | {"uuid": ""}), a_batch(payload)):
        with suppress(CaptureRejected):
            captured(value, path=path)


@given(st.dictionaries(st.text(max_size=9), JSON, max_size=5))
def test_any_properties_are_captured(properties: dict[str, Any]) -> None:
    event = an_event(properties=properties | {"$elements": [properties], "$cookieless_mode": True})
    assert len(captured(a_batch(event))[0]) == 1
