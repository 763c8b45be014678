"""GET persons, GET persons/:id."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.persons import person_uuid

from tests.e2e.conftest import World, assert_error


def a_person(world: World, distinct_id: str, **properties: Any) -> None:
    world.capture({"event": "e", "distinct_id": distinct_id, "properties": {"$set": properties}})


def test_it_works(world: World) -> None:
    a_person(world, "u1", email="a@x.io")
    answer = world.get("persons")
    assert list(answer) == ["results", "next", "previous", "count"]
    (row,) = answer["results"]
    assert list(row) == [
        "id",
        "name",
        "distinct_ids",
        "properties",
        "created_at",
        "uuid",
        "is_identified",
        "last_seen_at",
    ]
    assert isinstance(row["id"], int)
    assert row["uuid"] == str(person_uuid(world.project.id, "u1"))
    assert row["name"] == "a@x.io"
    assert row["created_at"].endswith("Z")


@pytest.mark.parametrize("family", ["projects", "environments"])
def test_both_families_of_urls_with_and_without_slash_answer_alike(world: World, family: str) -> None:
    a_person(world, "u1")
    key = world.new_key("person:read", projects=(world.project.id,))
    for reference in (str(world.project.id), "@current"):
        for slash in ("", "/"):
            answer: Any = world.call("GET", f"/api/{family}/{reference}/persons{slash}", key=key).json
            assert answer["count"] == 1


def test_distinct_id_finds_by_any_id_and_only_in_its_own_project(world: World) -> None:
    other = world.services.accounts.create_project("Other")
    world.capture({"event": "e", "distinct_id": "elsewhere"}, token=other.api_token)
    a_person(world, "anon")
    world.capture({"event": "$identify", "distinct_id": "u1", "properties": {"$anon_distinct_id": "anon"}})
    assert world.person("anon")["uuid"] == world.person("u1")["uuid"]
    assert world.person("elsewhere") is None
    assert world.get(f"/api/projects/{other.id}/persons", distinct_id="elsewhere")["count"] == 1


def test_email_is_matched_exactly(world: World) -> None:
    a_person(world, "u1", email="someone@gmail.com")
    a_person(world, "u2", email="another@gmail.com")
    assert world.get("persons", email="another@gmail.com")["results"][0]["distinct_ids"] == ["u2"]
    assert world.get("persons", email="Another@gmail.com")["count"] == 0
    assert world.get("persons", email="inexistent") == {"results": [], "next": None, "previous": None, "count": 0}


def test_search_looks_into_email_name_ids_and_uuid(world: World) -> None:
    a_person(world, "distinct-1", email="someone@gmail.com")
    a_person(world, "distinct-2", email="another@gmail.com", name="james")
    a_person(world, "distinct-3", name="jane")
    assert world.get("persons", search="another@GM")["count"] == 1
    assert world.get("persons", search="JAN")["count"] == 1
    assert world.get("persons", search="tinct-")["count"] == 3
    uuid = world.person("distinct-3")["uuid"]
    assert [row["uuid"] for row in world.get("persons", search=uuid)["results"]] == [uuid]
    assert world.get("persons", search="%")["count"] == 0


def test_property_filters_are_all_applied(world: World) -> None:
    a_person(world, "u1", email="a@x.io", age=30)
    a_person(world, "u2", email="b@x.io", age=40)
    a_person(world, "u3")
    is_set = {"key": "email", "operator": "is_set", "value": "is_set", "type": "person"}
    older = {"key": "age", "operator": "gt", "value": 35}
    assert world.get("persons", properties=[is_set])["count"] == 2
    assert world.get("persons", properties=[is_set, older])["count"] == 1
    assert (
        world.get("persons", properties={"type": "OR", "values": [older, {"key": "age", "value": "30"}]})["count"] == 2
    )
    assert world.get("persons", properties=[{"key": "age", "operator": "is_not", "value": 30}])["count"] == 2


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    at = "2026-01-01T00:00:00Z"
    world.capture(*({"event": "e", "distinct_id": f"u{n}", "timestamp": at} for n in range(7)))
    seen: list[int] = []
    url: str | None = f"/api/projects/{world.project.id}/persons?limit=2"
    pages = []
    while url:
        page = world.get(url.removeprefix("http://localhost"))
        assert page["count"] == 7
        pages.append(page)
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)
    back = world.get(pages[-1]["previous"].removeprefix("http://localhost"))
    assert [row["id"] for row in back["results"]] == [row["id"] for row in pages[-2]["results"]]
    assert pages[0]["previous"] is None


def test_next_is_there_only_if_more_rows_exist(world: World) -> None:
    world.capture(*({"event": "e", "distinct_id": f"u{n}"} for n in range(10)))
    page = world.get("persons", limit=10)
    assert (len(page["results"]), page["next"], page["count"]) == (10, None, 10)
    assert len(world.get("persons", limit=3, offset=8)["results"]) == 2
    assert "offset=5" in world.get("persons", limit=3, offset=8)["previous"]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"properties": "nonsense"}, "properties"),
        ({"properties": '[{"key":"a","value":"(","operator":"regex"}]'}, "properties__0"),
        ({"properties": '[{"key":"a","value":"b","type":"event"}]'}, "properties"),
    ],
)
def test_bad_parameters_are_named(world: World, query: dict[str, str], attr: str) -> None:
    assert_error(world.call("GET", "persons", query_string=query), 400, "invalid_input", attr=attr)


def test_a_person_is_found_by_integer_and_by_uuid(world: World) -> None:
    a_person(world, "u1")
    row = world.person("u1")
    uuid = UUID(row["uuid"])
    for reference in (row["id"], uuid, uuid.hex):
        assert world.get(f"persons/{reference}")["uuid"] == row["uuid"]


def test_what_is_no_person_is_404_and_what_is_no_id_is_400(world: World) -> None:
    assert_error(world.call("GET", "persons/999"), 404, "not_found", "Not found.")
    assert_error(world.call("GET", f"persons/{UUID(int=1)}"), 404, "not_found", "Not found.")
    assert_error(
        world.call("GET", "persons/NOT_A_UUID"),
        400,
        "invalid_input",
        "The ID provided does not look like a personID. If you are using a distinctId, please use "
        "/persons?distinct_id=NOT_A_UUID instead.",
    )
