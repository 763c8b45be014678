"""Identify, alias and merge: when two ids become one person."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hedgerow.domain.events import Event, JsonValue, PersonMode, Properties
from hedgerow.domain.identity import MAX_PROPERTIES_BYTES, is_illegal_id
from hedgerow.domain.persons import person_uuid

from tests.builders import NOON, People, an_event

HOUR = timedelta(hours=1)


@pytest.fixture
def people() -> People:
    return People()


def identify(own: str, other: JsonValue, **more: Any) -> Event:
    return an_event("$identify", own, anon_distinct_id=other, **more)


def alias(own: str, other: JsonValue, name: str = "$create_alias", **more: Any) -> Event:
    return an_event(name, own, {"alias": other}, **more)


def merge_dangerously(own: str, other: JsonValue) -> Event:
    return alias(own, other, "$merge_dangerously")


def properties_of(people: People, distinct_id: str) -> Properties:
    return {key: value for key, value in people[distinct_id].properties.items() if key != "$creator_event_uuid"}


# --- neither id has a person --------------------------------------------------------------------------------


def test_two_new_ids_are_one_identified_person(people: People) -> None:
    event = identify("u1", "anon1", set={"a": 1}, set_once={"b": 2})
    [stored] = people.capture(event)
    person = people["u1"]
    assert people.ids_of(person) == {"u1", "anon1"}
    assert person.properties == {"a": 1, "b": 2, "$creator_event_uuid": str(event.uuid)}
    assert (person.uuid, person.is_identified, person.version) == (person_uuid(1, "u1"), True, 0)
    assert (stored.person_id, stored.event.distinct_id) == (person.uuid, "u1")


@pytest.mark.parametrize("split", [False, True], ids=["one batch", "a batch each"])
def test_identifying_an_anonymous_visitor_keeps_their_uuid__case_76(people: People, split: bool) -> None:
    events = [an_event(distinct_id="anon1", process_person_profile=False), identify("u1", "anon1")]
    for batch in [[event] for event in events] if split else [events]:
        people.capture(*batch)
    person = people["u1"]
    assert people.ids_of(person) == {"u1", "anon1"}
    assert str(person.uuid) == "3aa19f72-b8f7-59e2-8a90-5da5ddd8eda1"
    assert person.is_identified
    assert {people.owner(stored) for stored in people.events} == {person.uuid}


def test_two_ids_used_personless_get_the_uuid_of_the_event_s_own(people: People) -> None:
    people.capture(*(an_event(distinct_id=one, process_person_profile=False) for one in ("anon1", "u1")))
    people.capture(identify("u1", "anon1"))
    assert people["u1"].uuid == person_uuid(1, "u1")
    assert {people.owner(stored) for stored in people.events} == {people["u1"].uuid}


def test_an_id_seen_only_in_exceptions_does_not_give_its_uuid(people: People) -> None:
    people.capture(an_event("$exception", "anon1"), identify("u1", "anon1"))
    assert people["u1"].uuid == person_uuid(1, "u1")
    assert {people.owner(stored) for stored in people.events} == {people["u1"].uuid}


def test_an_id_is_used_personless_even_if_an_exception_came_first(people: People) -> None:
    people.capture(an_event("$exception", "anon1"), an_event(distinct_id="anon1", process_person_profile=False))
    people.capture(identify("u1", "anon1"))
    assert people["u1"].uuid == person_uuid(1, "anon1")


# --- one id has a person ------------------------------------------------------------------------------------


@pytest.mark.parametrize("holds", ["new", "old"])
def test_the_missing_id_joins_the_person_there_is__case_80(people: People, holds: str) -> None:
    people.capture(an_event(distinct_id=holds, set={"a": 1}))
    people.capture(identify("new", "old", set={"b": 2}))
    person = people["new"]
    assert people["old"] is person
    assert (person.uuid, person.is_identified, person.version) == (person_uuid(1, holds), True, 1)
    assert properties_of(people, "new") == {"a": 1, "b": 2}


def test_earlier_events_of_the_joining_id_come_along(people: People) -> None:
    people.capture(an_event(distinct_id="old"), an_event(distinct_id="new", process_person_profile=False))
    people.capture(identify("new", "old"))
    assert {people.owner(stored) for stored in people.events} == {person_uuid(1, "old")}


# --- both ids have one person -------------------------------------------------------------------------------


def test_identifying_again_changes_nothing(people: People) -> None:
    people.capture(identify("u1", "anon1"), identify("u1", "anon1"), alias("anon1", "u1"))
    assert people["u1"].version == 0


def test_identifying_again_updates_properties(people: People) -> None:
    people.capture(identify("u1", "anon1"), identify("u1", "anon1", set={"$os": "x"}))
    assert properties_of(people, "u1") == {"$os": "x"}
    assert people["u1"].version == 1


# --- both ids have their own person -------------------------------------------------------------------------


@pytest.mark.parametrize("split", [False, True], ids=["one batch", "a batch each"])
def test_two_persons_become_one__case_81(people: People, split: bool) -> None:
    events = [
        an_event(distinct_id="new", at=NOON + HOUR, set={"b": 3, "c": 4, "d": 5}),
        an_event(distinct_id="old", at=NOON, set={"a": 1, "b": 2}),
        identify("new", "old", set={"d": 6, "e": 7}, set_once={"a": 8, "f": 9}),
    ]
    for batch in [[event] for event in events] if split else [events]:
        people.capture(*batch)
    person = people["new"]
    assert people.ids_of(person) == {"new", "old"}
    assert properties_of(people, "old") == {"a": 1, "b": 3, "c": 4, "d": 6, "e": 7, "f": 9}
    assert (person.uuid, person.created_at) == (person_uuid(1, "new"), NOON)
    assert (person.is_identified, person.version, person.last_seen_at) == (True, 1, NOON + HOUR)
    assert list(people.profiles.values()) == [person]
    assert {people.owner(stored) for stored in people.events} == {person.uuid}
    assert people.history(person.uuid, 1) == person.properties


def test_a_merge_is_one_version_above_both(people: People) -> None:
    people.capture(*(an_event(distinct_id="old", set={"n": n}) for n in range(5)))
    people.capture(an_event(distinct_id="new", set={"m": 1}))
    [stored] = people.capture(identify("new", "old", set={"k": 1}, unset=["n", "m"]))
    assert stored.person_version == people["new"].version == 5
    assert properties_of(people, "new") == {"k": 1}
    assert people.history(people["new"].uuid, 5) == people["new"].properties
    assert people.history(people["new"].uuid, 4)["m"] == 1


def test_a_merge_that_changes_no_property_is_a_version_too(people: People) -> None:
    people.capture(an_event(distinct_id="old"), an_event(distinct_id="new"), identify("new", "old"))
    assert people["new"].version == 1
    assert people.history(people["new"].uuid, 1) == people["new"].properties


def test_merged_properties_that_are_too_large_stay_behind(people: People) -> None:
    half = "x" * (MAX_PROPERTIES_BYTES // 2)
    people.capture(an_event(distinct_id="old", set={"a": half}), an_event(distinct_id="new", set={"b": half}))
    people.capture(identify("new", "old", set={"c": 1}))
    assert people.ids_of(people["new"]) == {"new", "old"}
    assert properties_of(people, "new") == {"b": half, "c": 1}
    assert people.kinds() == ["person_properties_size_violation"]
    assert people.history(people["new"].uuid, 1) == people["new"].properties


def test_an_identified_person_is_not_merged_away(people: People) -> None:
    people.capture(identify("old", "older"), an_event(distinct_id="new"))
    people.capture(identify("new", "old", set={"a": 1}))
    assert people["new"] is not people["old"]
    assert people["new"].is_identified
    assert properties_of(people, "new") == {"a": 1}
    assert people.kinds() == ["cannot_merge_already_identified"]


def test_merging_dangerously_merges_even_an_identified_person(people: People) -> None:
    people.capture(identify("old", "older"), an_event(distinct_id="new"), merge_dangerously("new", "old"))
    assert people.ids_of(people["new"]) == {"new", "old", "older"}
    assert people.warnings == []


@pytest.mark.parametrize("split", [False, True], ids=["one batch", "a batch each"])
def test_chains_of_merges_end_in_one_person(people: People, split: bool) -> None:
    ids = [f"id{number}" for number in range(50)]
    events = [an_event(distinct_id=one, set={one: 1}) for one in ids]
    events += [merge_dangerously(new, old) for old, new in pairwise(ids)]
    for batch in [[event] for event in events] if split else [events]:
        people.capture(*batch)
    person = people["id49"]
    assert people.ids_of(person) == set(ids)
    assert properties_of(people, "id0") == dict.fromkeys(ids, 1)
    assert {people.owner(stored) for stored in people.events} == {person.uuid}


def test_ids_that_are_not_in_the_batch_move_too(people: People) -> None:
    people.capture(an_event(distinct_id="a"), identify("a", "b"), an_event(distinct_id="b"))
    people.capture(an_event(distinct_id="c"), merge_dangerously("c", "a"))
    assert people["b"] is people["c"]
    assert {people.owner(stored) for stored in people.events} == {person_uuid(1, "c")}


def test_events_after_the_merge_belong_to_the_survivor(people: People) -> None:
    people.capture(an_event(distinct_id="old"), an_event(distinct_id="new"), identify("new", "old"))
    late = an_event(distinct_id="old", at=NOON + HOUR, process_person_profile=False)
    stored = people.capture(an_event(distinct_id="old"), late)
    assert {one.person_id for one in stored} == {person_uuid(1, "new")}
    assert stored[1].person_mode == PersonMode.FORCE_UPGRADE


# --- the direction of an alias ------------------------------------------------------------------------------


def test_an_alias_is_merged_into_the_event_s_own_id__case_85(people: People) -> None:
    people.capture(an_event(distinct_id="u1"), an_event(distinct_id="a1"), alias("u1", "a1"))
    assert people["a1"].uuid == person_uuid(1, "u1")


def test_the_python_sdk_s_alias_merges_the_other_way_round__case_86(people: People) -> None:
    people.capture(an_event(distinct_id="u1"), an_event(distinct_id="anon1"), alias("anon1", "u1"))
    assert people["u1"].uuid == person_uuid(1, "anon1")


def test_the_python_sdk_s_alias_of_an_identified_person_is_refused__case_86(people: People) -> None:
    people.capture(identify("u1", "x"), an_event(distinct_id="anon1"), alias("anon1", "u1"))
    assert people["u1"] is not people["anon1"]
    assert people.kinds() == ["cannot_merge_already_identified"]


# --- what merges nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        an_event("$identify"),
        identify("u1", "u1"),
        alias("u1", "u1"),
        alias("u1", ""),
        alias("u1", None),
        an_event("$merge_dangerously"),
        an_event("$set", anon_distinct_id="anon1"),
        an_event("viewed", properties={"alias": "anon1"}),
    ],
    ids=lambda event: f"{event.name} {event.properties}",
)
def test_an_event_that_names_no_other_id_identifies_nobody(people: People, event: Event) -> None:
    people.capture(event)
    assert people.ids_of(people["u1"]) == {"u1"}
    assert not people["u1"].is_identified
    assert people.warnings == []


def test_other_ids_become_text(people: People) -> None:
    people.capture(identify("u1", 42), alias("u1", ["b", 1]), alias("u1", 23.5), alias("u1", {"z": 1, "a": 2}))
    assert people.ids_of(people["u1"]) == {"u1", "42", '["b",1]', "23.5", '{"a":2,"z":1}'}


ILLEGAL: list[JsonValue] = [
    *(None, "null", "0", "Anonymous", "'guest'", '"undefined"', "[object Object]", "NaN", "  ", ""),
    *(0, True, False, "TRUE", "'False'", '"DistinctId"', "distinct_id", "ID", "not_authenticated", "Email"),
    *("None", "none", "'NaN'", '"[object Object]"', "'0'", "a\ufffdb", "x" * 401),
]


@pytest.mark.parametrize("other", ILLEGAL, ids=repr)
def test_ids_that_many_clients_share_merge_nothing__case_90(people: People, other: JsonValue) -> None:
    [stored] = people.capture(identify("u1", other, set={"a": 1}))
    assert people.ids_of(people["u1"]) == {"u1"}
    assert stored.person_id == people["u1"].uuid
    assert not people["u1"].is_identified
    assert properties_of(people, "u1") == {"a": 1}
    assert people.kinds() == ["cannot_merge_with_illegal_distinct_id"]


@pytest.mark.parametrize("name", ["$create_alias", "$merge_dangerously"])
def test_such_an_id_of_the_event_itself_merges_nothing_either(people: People, name: str) -> None:
    people.capture(an_event(distinct_id="u1"), alias("anonymous", "u1", name))
    assert people["anonymous"] is not people["u1"]
    assert people.kinds() == ["cannot_merge_with_illegal_distinct_id"]


LEGAL = ["nan", "NULL", "NONE", "[Object Object]", "00", "anonymous1", "'guest", "guest'", "''guest''", "x" * 400]


@pytest.mark.parametrize("other", LEGAL)
def test_ids_that_only_look_like_those_merge__case_90(people: People, other: str) -> None:
    people.capture(identify("u1", other))
    assert people.ids_of(people["u1"]) == {"u1", other}
    assert not is_illegal_id(other)
