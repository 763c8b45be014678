"""POST persons/:id/split."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.domain.persons import person_uuid

from tests.e2e.conftest import World, assert_error


def a_person(world: World, first: str, *others: str, **properties: Any) -> Any:
    """A person with these ids, each of which has an event of its own."""
    world.capture({"event": "seen", "distinct_id": first, "properties": {"$set": properties}})
    for other in others:
        world.capture(
            {"event": "$create_alias", "distinct_id": first, "properties": {"alias": other}},
            {"event": "seen", "distinct_id": other},
        )
    return world.person(first)


def ids(world: World) -> list[list[str]]:
    return sorted(sorted(row["distinct_ids"]) for row in world.persons())


def test_it_works(world: World) -> None:
    person = a_person(world, "a", "b", "c", plan="free")

    answer = world.call("POST", f"persons/{person['uuid']}/split")

    assert (answer.status_code, answer.json) == (201, {"success": True})
    assert ids(world) == [["a"], ["b"], ["c"]]
    kept, new = world.person("a"), world.person("b")
    assert (kept["id"], kept["uuid"], kept["properties"]) == (person["id"], person["uuid"], person["properties"])
    assert new["uuid"] == str(person_uuid(world.project.id, "b"))
    assert (new["properties"], new["is_identified"]) == ({}, False)


def test_past_events_follow_their_ids(world: World) -> None:
    person = a_person(world, "a", "b", "c")
    assert world.count("dau", "seen") == 1
    world.call("POST", f"persons/{person['id']}/split")
    assert world.count("dau", "seen") == 3
    assert world.count("total", "seen") == 3


def test_the_main_id_stays(world: World) -> None:
    person = a_person(world, "a", "b", "c")
    assert world.call("POST", f"persons/{person['id']}/split", json={"main_distinct_id": "b"}).status_code == 201
    assert world.person("b")["uuid"] == person["uuid"]
    assert ids(world) == [["a"], ["b"], ["c"]]


def test_a_uuid_that_a_living_person_has_is_not_given_again(world: World) -> None:
    person = a_person(world, "a", "b")
    world.call("POST", f"persons/{person['id']}/split", json={"main_distinct_id": "b"})
    assert world.person("b")["uuid"] == str(person_uuid(world.project.id, "a"))
    assert world.person("a")["uuid"] not in (world.person("b")["uuid"], str(person_uuid(world.project.id, "b")))
    assert world.count("dau", "seen") == 2


def test_70_only_the_named_ids_move(world: World) -> None:
    person = a_person(world, "keep1", "move1", "keep2", "move2", plan="pro")
    answer = world.call(
        "POST", f"persons/{person['id']}/split", json={"distinct_ids_to_split": ["move1", "move2", "move1"]}
    )
    assert (answer.status_code, answer.json) == (201, {"success": True})
    assert ids(world) == [["keep1", "keep2"], ["move1"], ["move2"]]
    assert world.person("keep2")["properties"] == person["properties"]
    assert world.person("move1")["properties"] == {}
    assert world.count("dau", "seen") == 3


@pytest.mark.parametrize(
    ("body", "detail", "attr"),
    [
        ({"distinct_ids_to_split": ["b", "x"]}, "not on this person: ['x']", "distinct_ids_to_split"),
        ({"distinct_ids_to_split": []}, "must not be empty", "distinct_ids_to_split"),
        ({"distinct_ids_to_split": "a"}, "must be a list of strings", "distinct_ids_to_split"),
        ({"distinct_ids_to_split": [1, 2]}, "must be a list of strings", "distinct_ids_to_split"),
        (
            {"distinct_ids_to_split": ["b"], "main_distinct_id": "a"},
            "main_distinct_id cannot be combined with distinct_ids_to_split",
            None,
        ),
        ({"main_distinct_id": "x"}, "not on this person: ['x']", "main_distinct_id"),
    ],
)
def test_71_on_any_error_nothing_moves(world: World, body: object, detail: str, attr: str | None) -> None:
    person = a_person(world, "a", "b", "c")
    assert_error(world.call("POST", f"persons/{person['id']}/split", json=body), 400, "invalid_input", detail, attr)
    assert ids(world) == [["a", "b", "c"]]
    assert world.get("persons/activity")["total_count"] == 0


def test_a_person_with_one_id_cannot_be_split_further(world: World) -> None:
    person = a_person(world, "a")
    assert world.call("POST", f"persons/{person['id']}/split").status_code == 201
    assert world.persons() == [person]
    assert world.get("persons/activity")["total_count"] == 0


def test_a_person_left_without_ids_can_still_be_edited_and_deleted(world: World) -> None:
    person = a_person(world, "a", "b", plan="free")
    world.call("POST", f"persons/{person['id']}/split", json={"distinct_ids_to_split": ["a", "b"]})
    edited: Any = world.call("PATCH", f"persons/{person['id']}", json={"properties": {"plan": "pro"}}).json
    assert (edited["distinct_ids"], edited["properties"]["plan"], edited["name"]) == ([], "pro", person["uuid"])
    assert world.call("DELETE", f"persons/{person['id']}").status_code == 204
    assert ids(world) == [["a"], ["b"]]


def test_parts_of_a_person_can_be_merged_again(world: World) -> None:
    person = a_person(world, "a", "b")
    world.call("POST", f"persons/{person['id']}/split")
    world.capture({"event": "$create_alias", "distinct_id": "a", "properties": {"alias": "b"}})
    assert ids(world) == [["a", "b"]]
    assert world.count("dau", "seen") == 1


def test_new_events_belong_to_the_parts(world: World) -> None:
    person = a_person(world, "a", "b")
    world.call("POST", f"persons/{person['id']}/split")
    world.capture({"event": "later", "distinct_id": "b", "properties": {"$set": {"plan": "team"}}})
    assert world.person("b")["properties"] == {"plan": "team"}
    assert "plan" not in world.person("a")["properties"]
    assert world.count("dau") == 2
