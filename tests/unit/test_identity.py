"""What events do to the person of their own distinct id."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.events import JsonValue, PersonMode, Properties
from hedgerow.domain.identity import MAX_PROPERTIES_BYTES, TRIMMED_PROPERTIES_BYTES
from hedgerow.domain.persons import person_uuid

from tests.builders import NOON, People, an_event

HOUR = timedelta(hours=1)
BIG = "x" * MAX_PROPERTIES_BYTES


@pytest.fixture
def people() -> People:
    return People()


def properties_of(people: People, distinct_id: str = "u1") -> Properties:
    """A person's properties but for the one that every person has."""
    properties = people[distinct_id].properties
    return {key: value for key, value in properties.items() if key != "$creator_event_uuid"}


# --- creation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project_id", "distinct_id", "uuid"),
    [
        (1, "u1", "66545e47-9600-5f24-95fd-044cb5baa8f0"),
        (1, "anon1", "3aa19f72-b8f7-59e2-8a90-5da5ddd8eda1"),
        (1, "2", "f7578922-a4aa-5040-8d6c-8642a59a5a6f"),
        (2, "u1", "6b8b289f-c639-5965-897b-ac480f51b19b"),
        (1, "user@example.com", "55379864-2afb-5e1c-adf7-decb022461c5"),
        (1, "日本", "aafd6941-3513-5d9a-9783-72fda511b7d5"),
    ],
)
def test_the_uuid_of_a_person_follows_from_project_and_id(
    people: People, project_id: int, distinct_id: str, uuid: str
) -> None:
    people.capture(an_event(distinct_id=distinct_id, project_id=project_id))
    profile = people.find(distinct_id, project_id)
    assert profile is not None
    assert profile.uuid == UUID(uuid)


def test_a_plain_event_makes_a_person__case_1(people: People) -> None:
    at = datetime(2026, 1, 2, 3, 45, 6, tzinfo=UTC)
    event = an_event(at=at)
    [stored] = people.capture(event)
    person = people["u1"]
    assert people.ids_of(person) == {"u1"}
    assert person.properties == {"$creator_event_uuid": str(event.uuid)}
    assert person.created_at == at
    assert person.last_seen_at == datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert (person.version, person.is_identified) == (0, False)
    assert (stored.person_id, stored.person_version, stored.person_created_at) == (person.uuid, 0, at)
    assert (stored.person_mode, stored.created_at) == (PersonMode.FULL, NOON)


def test_the_same_id_is_two_persons_in_two_projects(people: People) -> None:
    people.capture(an_event(set={"a": 1}), an_event(project_id=2))
    assert len(people.profiles) == 2
    assert properties_of(people) == {"a": 1}


def test_a_new_person_gets_set_over_set_once_and_ignores_unset(people: People) -> None:
    event = an_event(set={"a": 1}, set_once={"a": 2, "b": 3, "$creator_event_uuid": "mine"}, unset=["a"])
    people.capture(event)
    assert people["u1"].properties == {"a": 1, "b": 3, "$creator_event_uuid": str(event.uuid)}


def test_even_a_broken_id_gets_a_person__case_91(people: People) -> None:
    people.capture(an_event(distinct_id="anonymous"))
    assert people.ids_of(people["anonymous"]) == {"anonymous"}


def test_a_uuid_that_a_living_person_has_is_not_given_again(people: People) -> None:
    people.capture(an_event())
    number, _ = people.ids.pop((1, "u1"))
    people.ids[1, "other"] = (number, False)  # as after a split and a deletion
    people.capture(an_event())
    assert people["other"].uuid == person_uuid(1, "u1")
    assert people["u1"].uuid != people["other"].uuid


@pytest.mark.parametrize("name", ["$exception", "$$heatmap"])
def test_exceptions_and_heatmaps_never_make_or_change_a_person(people: People, name: str) -> None:
    [stored] = people.capture(an_event(name, set={"a": 1}))
    assert people.find("u1") is None
    assert (stored.person_id, stored.person_created_at) == (person_uuid(1, "u1"), None)
    people.capture(an_event(set={"a": 2}))
    [stored] = people.capture(an_event(name, at=NOON + HOUR, set={"a": 3}))
    assert stored.person_id == people["u1"].uuid
    assert properties_of(people) == {"a": 2}
    assert (people["u1"].version, people["u1"].last_seen_at) == (0, NOON)


# --- personless ---------------------------------------------------------------------------------------------


def test_a_personless_event_counts_to_a_person_that_is_not_made(people: People) -> None:
    [stored] = people.capture(an_event(process_person_profile=False))
    assert people.find("u1") is None
    assert stored.person_id == person_uuid(1, "u1")
    assert (stored.person_mode, stored.person_created_at) == (PersonMode.PROPERTYLESS, None)


def test_a_personless_event_leaves_a_person_as_it_is__case_75(people: People) -> None:
    people.capture(an_event(set={"a": 1}))
    [stored] = people.capture(an_event(at=NOON + HOUR, process_person_profile=False, set={"a": 2}))
    assert stored.person_id == people["u1"].uuid
    assert properties_of(people) == {"a": 1}
    assert (people["u1"].version, people["u1"].last_seen_at) == (0, NOON)


@pytest.mark.parametrize(
    ("after", "mode"),
    [
        (timedelta(minutes=1), PersonMode.PROPERTYLESS),
        (timedelta(minutes=1, microseconds=1), PersonMode.FORCE_UPGRADE),
        (timedelta(minutes=-5), PersonMode.PROPERTYLESS),
    ],
)
def test_a_personless_event_well_after_its_person_is_upgraded(
    people: People, after: timedelta, mode: PersonMode
) -> None:
    people.capture(an_event())
    [stored] = people.capture(an_event(at=NOON + after, process_person_profile=False))
    assert stored.person_mode == mode


def test_a_person_made_at_the_end_of_time_does_no_harm(people: People) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    people.capture(an_event(at=last), an_event(at=last), an_event(at=last, process_person_profile=False))
    assert len(people.events) == 3


def test_events_before_the_person_belong_to_it(people: People) -> None:
    people.capture(an_event(process_person_profile=False), an_event("$exception"), an_event())
    assert {people.owner(stored) for stored in people.events} == {people["u1"].uuid}


# --- property updates ---------------------------------------------------------------------------------------


def test_set_overwrites_and_set_once_does_not(people: People) -> None:
    people.capture(an_event(set={"a": 1, "n": None}), an_event(set={"a": 2}, set_once={"a": 3, "b": 4, "n": 5}))
    assert properties_of(people) == {"a": 2, "b": 4, "n": None}


def test_set_beats_set_once_on_one_key(people: People) -> None:
    people.capture(an_event(), an_event(set={"a": 1}, set_once={"a": 2}))
    assert properties_of(people) == {"a": 1}


@pytest.mark.parametrize("split", [False, True], ids=["one batch", "a batch each"])
def test_the_last_set_of_a_batch_wins__case_50(people: People, split: bool) -> None:
    events = [an_event(set={"n": number}) for number in range(100)]
    for batch in [[event] for event in events] if split else [events]:
        people.capture(*batch)
    assert properties_of(people) == {"n": 99}


def test_unset_takes_a_list_or_an_object__case_61(people: People) -> None:
    people.capture(an_event(set={"a": 1, "b": 2, "c": 3}))
    people.capture(an_event(unset=["b", "nope", 7, None, ["a"]]))
    assert properties_of(people) == {"a": 1, "c": 3}
    people.capture(an_event(unset={"c": ""}))
    assert properties_of(people) == {"a": 1}
    people.capture(an_event(unset="a"), an_event(unset=["nope"]))
    assert properties_of(people) == {"a": 1}
    assert people["u1"].version == 2


def test_unset_beats_set_for_a_key_that_was_there_and_loses_for_a_new_one(people: People) -> None:
    people.capture(an_event(set={"old": 1}))
    people.capture(an_event(set={"old": 2, "new": 3}, unset=["old", "new"]))
    assert properties_of(people) == {"new": 3}
    assert people.history(people["u1"].uuid, 1) == people["u1"].properties


def test_what_changes_nothing_writes_nothing__case_65(people: People) -> None:
    changes: Properties = {"a": 5, "t": "x", "f": 1.5, "n": None, "b": True}
    people.capture(an_event("$set", set=changes))
    people.capture(an_event("$set", set=changes), an_event("$set", set_once={"a": 6}), an_event(at=NOON - HOUR))
    assert people["u1"].version == 0
    assert len(people.revisions) == 1


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (1, True, True),
        (True, 1, True),
        (0, False, True),
        (1, 1.0, False),
        (1, "1", True),
        ("", None, True),
        (None, None, False),
        ([1], [1], True),
        ({"a": 1}, {"a": 1}, True),
        ({}, [], True),
    ],
)
def test_values_compare_as_in_javascript(people: People, old: JsonValue, new: JsonValue, changed: bool) -> None:
    people.capture(an_event(set={"k": old}), an_event(set={"k": new}))
    assert people["u1"].version == int(changed)


def test_broken_set_and_set_once_are_passed_over(people: People) -> None:
    people.capture(an_event(set=[1], set_once="x"), an_event(set=None, set_once=3))
    assert properties_of(people) == {}


# --- what is not worth a write ------------------------------------------------------------------------------


def test_where_a_person_is_does_not_rewrite_the_person__case_66(people: People) -> None:
    people.capture(an_event("$pageview", set={"$current_url": "A", "$browser": "X", "utm_source": "g"}))
    people.capture(an_event("$pageview", set={"$current_url": "B", "$browser": "X", "utm_source": "g"}))
    assert (properties_of(people)["$current_url"], people["u1"].version) == ("A", 0)
    people.capture(an_event("$set", set={"$current_url": "C"}))
    assert (properties_of(people)["$current_url"], people["u1"].version) == ("C", 1)


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("$pathname", False),
        ("$referring_domain", False),
        ("$screen_height", False),
        ("$viewport_width", False),
        ("$os", False),
        ("$raw_user_agent", False),
        ("$geoip_latitude", False),
        ("$geoip_country_name", True),
        ("$geoip_city_name", True),
        ("$app_version", True),
        ("utm_source", True),
        ("plan", True),
    ],
)
def test_only_keys_that_tell_something_rewrite_the_person(people: People, key: str, written: bool) -> None:
    people.capture(an_event(set={key: "A"}), an_event(set={key: "B"}))
    assert properties_of(people) == {key: "B" if written else "A"}


@pytest.mark.parametrize(
    "more",
    [
        {"set": {"$os": "B", "plan": 1}},
        {"set": {"$os": "B"}, "set_once": {"first": 1}},
        {"set": {"$os": "B", "$browser": 1}},
        {"set": {"$os": "B"}, "unset": ["gone"]},
    ],
    ids=["another key", "set once", "a new filtered key", "unset"],
)
def test_one_key_that_tells_something_writes_all(people: People, more: dict[str, Any]) -> None:
    people.capture(an_event(set={"$os": "A", "gone": 1}), an_event(**more))
    assert properties_of(people)["$os"] == "B"


def test_the_first_event_of_an_hour_writes_all(people: People) -> None:
    people.capture(an_event(set={"$os": "A"}), an_event(at=NOON + HOUR, set={"$os": "B"}))
    assert properties_of(people) == {"$os": "B"}


def test_a_project_may_have_every_change_written(people: People) -> None:
    people.capture(an_event(set={"$os": "A"}), an_event(set={"$os": "B"}), update_all=True)
    assert properties_of(people) == {"$os": "B"}


# --- last seen ----------------------------------------------------------------------------------------------


def test_last_seen_moves_forward_by_the_hour(people: People) -> None:
    people.capture(an_event(at=NOON + timedelta(minutes=59)))
    assert people["u1"].last_seen_at == NOON
    people.capture(an_event(at=NOON + timedelta(minutes=90)))
    assert (people["u1"].last_seen_at, people["u1"].version) == (NOON + HOUR, 1)
    people.capture(an_event(at=NOON), an_event(at=NOON + timedelta(minutes=119)))
    assert (people["u1"].last_seen_at, people["u1"].version) == (NOON + HOUR, 1)
    assert people["u1"].created_at == NOON + timedelta(minutes=59)


def test_an_event_may_ask_not_to_count_as_seen(people: People) -> None:
    people.capture(an_event(), an_event(at=NOON + HOUR, update_person_last_seen_at=False))
    assert (people["u1"].last_seen_at, people["u1"].version) == (NOON, 0)


# --- size ---------------------------------------------------------------------------------------------------


def test_properties_that_grow_too_large_are_refused__case_71(people: People) -> None:
    people.capture(an_event(set={"a": 1}))
    people.capture(an_event(set={"b": BIG}), an_event(set={"c": 3}))
    assert properties_of(people) == {"a": 1, "c": 3}
    assert people["u1"].version == 1
    assert people.kinds() == ["person_properties_size_violation"]


def test_a_person_is_made_without_properties_that_are_too_large(people: People) -> None:
    people.capture(an_event(set={"b": BIG}))
    assert properties_of(people) == {}
    assert people.kinds() == ["person_properties_size_violation"]


def test_being_seen_counts_even_if_the_properties_are_refused(people: People) -> None:
    people.capture(an_event(), an_event(at=NOON + HOUR, set={"b": BIG}))
    assert (people["u1"].last_seen_at, people["u1"].version) == (NOON + HOUR, 1)
    assert properties_of(people) == {}


def test_a_person_that_is_too_large_is_trimmed(people: People) -> None:
    people.capture(an_event())
    protected: Properties = {"email": "a@b.c", "$initial_os": "x", "utm_source": "g", "$session_id": "s"}
    chunks: Properties = {f"k{number:03}": "x" * 10_000 for number in range(70)}
    people["u1"].properties = {**protected, **chunks}  # as an older limit may have left it
    people.capture(an_event(set={"zz": 1}))
    left = people["u1"].properties
    assert {**left, **protected, "zz": 1} == left
    assert "k000" not in left
    assert sorted(left.keys() & chunks.keys()) == sorted(chunks)[70 - len(left.keys() & chunks.keys()) :]
    assert TRIMMED_PROPERTIES_BYTES - 10_100 < len(str(left)) < TRIMMED_PROPERTIES_BYTES
    [_, revision] = people.revisions
    assert set(revision.unset_properties) == chunks.keys() - left.keys()


def test_a_person_too_large_by_what_is_protected_does_not_grow(people: People) -> None:
    people.capture(an_event())
    people["u1"].properties = {"email": BIG}
    people.capture(an_event(set={"name": "x"}))
    assert people["u1"].properties.keys() == {"email"}
