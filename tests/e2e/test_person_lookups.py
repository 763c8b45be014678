"""GET persons/values, POST persons/batch_by_distinct_ids, POST persons/batch_by_uuids."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.domain.persons import person_uuid

from tests.e2e.conftest import World, assert_error


def a_person(world: World, distinct_id: str, **properties: Any) -> None:
    world.capture({"event": "e", "distinct_id": distinct_id, "properties": {"$set": properties}})


def values(world: World, key: str, **query: str) -> dict[str, int]:
    answer = world.get("persons/values", key=key, **query)
    assert answer["refreshing"] is False
    assert all(list(one) == ["name", "count"] for one in answer["results"])
    return {one["name"]: one["count"] for one in answer["results"]}


def batch(world: World, kind: str, body: object, **options: Any) -> Any:
    return world.call("POST", f"persons/batch_by_{kind}", json=body, **options)


def test_it_works(world: World) -> None:
    for number, plan in enumerate(["pro", "pro", "free"]):
        a_person(world, f"u{number}", plan=plan)
    assert world.get("persons/values", key="plan") == {
        "results": [{"name": "pro", "count": 2}, {"name": "free", "count": 1}],
        "refreshing": False,
    }


def test_values_are_text_without_null_and_empty(world: World) -> None:
    for number, value in enumerate(["", None, True, 5, {"b": 1, "a": [2]}, {"a": [2], "b": 1}, [1], "x", "x", "x"]):
        a_person(world, f"u{number}", k=value)
    assert values(world, "k") == {"x": 3, '{"a":[2],"b":1}': 2, "5": 1, "[1]": 1, "true": 1}


def test_values_may_be_looked_for_by_a_part_in_any_case(world: World) -> None:
    for number, value in enumerate(["Ärger", "bÄr", "50%", "other"]):
        a_person(world, f"u{number}", k=value)
    assert values(world, "k", value="äR").keys() == {"Ärger", "bÄr"}
    assert values(world, "k", value="%").keys() == {"50%"}
    assert values(world, "k", value="_") == {}


def test_at_most_20_values(world: World) -> None:
    world.capture(*({"event": "e", "distinct_id": f"u{n}", "properties": {"$set": {"k": n % 25}}} for n in range(60)))
    found = values(world, "k")
    assert len(found) == 20
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_values_only_of_its_own_project(world: World) -> None:
    other = world.services.accounts.create_project("Other")
    event = {"event": "e", "distinct_id": "u", "properties": {"$set": {"k": "theirs"}}}
    world.capture(event, token=other.api_token)
    assert values(world, "k") == {}


@pytest.mark.parametrize("query", [{}, {"key": ""}, {"key": "$virt_revenue"}, {"key": "unknown"}])
def test_without_such_a_key_there_are_no_values(world: World, query: dict[str, str]) -> None:
    a_person(world, "u1", **{"$virt_revenue": 5})
    assert world.get("persons/values", **query) == {"results": [], "refreshing": False}


def test_many_persons_by_distinct_id(world: World) -> None:
    a_person(world, "a1", email="a@b.c")
    a_person(world, "u2")
    world.capture({"event": "$identify", "distinct_id": "u1", "properties": {"$anon_distinct_id": "a1"}})
    found = batch(world, "distinct_ids", {"distinct_ids": ["u1", "a1", "u2", "nobody", "u1", 5, "x\0"]}).json["results"]
    assert list(found) == ["u1", "a1", "u2"]
    assert found["u1"] == found["a1"] == world.get(f"persons/{world.person('u1')['uuid']}")


def test_many_persons_by_uuid(world: World) -> None:
    a_person(world, "u1")
    a_person(world, "u2")
    one, other = (person_uuid(world.project.id, name) for name in ("u1", "u2"))
    found = batch(world, "uuids", {"uuids": [str(one), other.hex, str(person_uuid(1, "nobody"))]}).json["results"]
    assert list(found) == [str(one), str(other)]
    assert found[str(one)] == world.get(f"persons/{one}")
    response = batch(world, "uuids", {"uuids": [str(one), "x"]})
    assert_error(response, 400, "invalid_input", "One or more UUIDs are invalid.")


def test_only_the_first_200_entries_count_and_10_ids_of_each(world: World) -> None:
    world.capture(*({"event": "e", "distinct_id": f"u{n}"} for n in range(202)))
    names = [f"u{n}" for n in range(202)]
    assert list(batch(world, "distinct_ids", {"distinct_ids": names}).json["results"]) == names[:200]
    uuids = [str(person_uuid(world.project.id, name)) for name in names]
    assert list(batch(world, "uuids", {"uuids": [*uuids[:200], "malformed"]}).json["results"]) == uuids[:200]
    for n in range(1, 15):
        merge = {"event": "$merge_dangerously", "distinct_id": "u0", "properties": {"alias": f"u{n}"}}
        world.capture(merge)
    (person,) = batch(world, "distinct_ids", {"distinct_ids": ["u3"]}).json["results"].values()
    assert len(person["distinct_ids"]) == 10


@pytest.mark.parametrize("kind", ["distinct_ids", "uuids"])
@pytest.mark.parametrize("value", [[], "u1", None, {"a": 1}, 5])
def test_what_is_no_list_finds_nobody(world: World, kind: str, value: object) -> None:
    assert batch(world, kind, {kind: value}).json == {"results": {}}
    assert batch(world, kind, {}).json == {"results": {}}


def test_reading_is_enough_and_other_projects_are_closed(world: World) -> None:
    a_person(world, "u1")
    reader, writer = world.new_key("person:read"), world.new_key("insight:read")
    for kind in ("distinct_ids", "uuids"):
        assert batch(world, kind, {}, key=reader).status_code == 200
        assert batch(world, kind, {}, key=writer).status_code == 403
    other = world.services.accounts.create_project("Other")
    path = f"/api/projects/{other.id}/persons/batch_by_distinct_ids"
    assert world.call("POST", path, json={"distinct_ids": ["u1"]}).json == {"results": {}}
