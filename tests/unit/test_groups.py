"""Groups: what events say about companies and the like."""

import pytest
from hedgerow.domain.events import JsonValue, Properties

from tests.builders import People, an_event


@pytest.fixture
def people() -> People:
    return People()


def test_a_group_is_described_and_its_event_s_id_gets_a_plain_person__case_70(people: People) -> None:
    people.capture(
        an_event(
            "$groupidentify",
            "$company_acme",
            group_type="company",
            group_key="acme",
            group_set={"name": "Acme"},
            set={"x": 1},
            set_once={"y": 1},
        )
    )
    assert people.groups == {(1, 0, "acme"): {"name": "Acme"}}
    assert people["$company_acme"].properties.keys() == {"$creator_event_uuid"}


def test_describing_a_group_changes_no_person(people: People) -> None:
    people.capture(an_event(set={"a": 1}))
    people.capture(an_event("$groupidentify", group_type="company", group_key="acme", set={"a": 2}, unset=["a"]))
    assert people["u1"].properties["a"] == 1
    assert people["u1"].version == 0


def test_group_properties_merge_shallowly(people: People) -> None:
    changes: list[Properties] = [{"a": {"x": 1}, "b": 1}, {"a": {"y": 2}, "c": None}]
    for properties in changes:
        people.capture(
            an_event("$groupidentify", group_type="company", group_key="acme", group_set=properties),
            an_event("$groupidentify", group_type="company", group_key="acme", group_set={}),
        )
    assert people.groups == {(1, 0, "acme"): {"a": {"y": 2}, "b": 1, "c": None}}


def test_events_name_their_groups_by_the_type_s_index(people: People) -> None:
    people.capture(an_event("$groupidentify", group_type="company", group_key="acme"))
    [stored] = people.capture(an_event(groups={"project": 7, "company": "acme", "none": None, "empty": ""}))
    assert stored.groups == {0: "acme", 1: "7"}
    assert people.group_types[1] == {"company": 0, "project": 1}


def test_a_sixth_type_is_ignored(people: People) -> None:
    people.capture(an_event(groups={f"type{number}": "x" for number in range(4)}))
    [stored] = people.capture(an_event(groups={"type9": "x", "type8": "x", "type0": "x"}))
    assert stored.groups == {4: "x", 0: "x"}
    people.capture(an_event("$groupidentify", group_type="type8", group_key="acme"))
    assert people.groups == {}
    assert sorted(people.group_types[1].values()) == [0, 1, 2, 3, 4]


def test_each_project_has_its_own_types(people: People) -> None:
    people.capture(an_event(groups={"a": "x", "b": "x"}), an_event(groups={"b": "x"}, project_id=2))
    assert people.group_types == {1: {"a": 0, "b": 1}, 2: {"b": 0}}


@pytest.mark.parametrize(
    "properties",
    [
        {"$group_key": "acme"},
        {"$group_type": "company"},
        {"$group_type": "", "$group_key": "acme"},
        {"$group_type": "company", "$group_key": ""},
        {"$group_type": None, "$group_key": None},
    ],
    ids=str,
)
def test_a_group_needs_type_and_key(people: People, properties: dict[str, JsonValue]) -> None:
    people.capture(an_event("$groupidentify", properties=properties))
    assert people.groups == {}
    assert people["u1"].version == 0


def test_an_event_with_too_long_a_group_key_is_dropped(people: People) -> None:
    longest = "x" * 400
    people.capture(an_event("$groupidentify", "a", group_type="company", group_key=longest))
    assert people.capture(an_event("$groupidentify", "b", group_type="team", group_key=longest + "x")) == []
    assert people.groups.keys() == {(1, 0, longest)}
    assert people.find("b") is None
    assert people.group_types[1] == {"company": 0}


def test_personless_events_have_no_groups(people: People) -> None:
    event = an_event(groups={"company": "acme"}, group_0="mine", process_person_profile=False)
    [stored] = people.capture(event)
    assert stored.groups == {}
    assert "$group_0" not in event.properties
    assert people.group_types[1] == {}


@pytest.mark.parametrize("groups", [["company"], "company", None, 1])
def test_broken_groups_are_passed_over(people: People, groups: JsonValue) -> None:
    [stored] = people.capture(an_event(groups=groups))
    assert stored.groups == {}
