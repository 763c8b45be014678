"""The routes of cohorts, and cohorts as filters and breakdowns."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import World, assert_error

NEEDLE = {"key": "plan", "value": "pro", "type": "person"}


def group(*filters: Any, type: str = "AND") -> dict[str, Any]:
    return {"properties": {"type": type, "values": list(filters)}}


def in_cohort(cohort: Any, operator: str = "in") -> dict[str, Any]:
    return {"type": "cohort", "key": "id", "value": cohort["id"], "operator": operator}


@pytest.fixture
def shop(world: World) -> World:
    """Ann and Ben are on pro, Cid is free; each has bought once, Ann twice."""
    for name, plan in (("ann", "pro"), ("ben", "pro"), ("cid", "free")):
        world.capture({"event": "$set", "distinct_id": name, "properties": {"$set": {"plan": plan}}})
    for name in ("ann", "ann", "ben", "cid"):
        world.capture({"event": "buy", "distinct_id": name, "timestamp": "2026-01-01T12:00:00Z"})
    return world


def make(world: World, **body: Any) -> Any:
    response = world.call("POST", "cohorts", json={"name": "Pros", **body})
    assert response.status_code == 201, response.text
    return response.json


def members(world: World, cohort: Any, **query: Any) -> list[str]:
    return sorted(row["distinct_ids"][0] for row in world.get(f"cohorts/{cohort['id']}/persons", **query)["results"])


def buys(world: World, *filters: Any, **keys: Any) -> Any:
    query = {"events": [{"id": "buy"}], "date_from": "2026-01-01", "date_to": "2026-01-01", "properties": list(filters)}
    return world.get("insights/trend", **query | keys)["result"]


def test_it_works(shop: World) -> None:
    made = make(shop, filters=group(NEEDLE), description="d")
    assert (made["count"], made["is_static"], made["is_calculating"], made["deleted"]) == (2, False, False, False)
    assert (made["filters"], made["description"]) == (group(NEEDLE), "d")
    assert (made["created_by"]["email"], made["user_access_level"]) == (shop.email, "manager")
    assert shop.get(f"cohorts/{made['id']}") == made
    assert shop.get("cohorts")["results"] == [made]
    assert members(shop, made) == ["ann", "ben"]
    assert members(shop, made, search="AN") == ["ann"]


def test_it_shows_only_its_own_project(shop: World) -> None:
    made = make(shop, filters=group(NEEDLE))
    other = shop.services.accounts.create_project("Other")
    path = f"/api/projects/{other.id}/cohorts"
    assert shop.get(path)["results"] == []
    for rest in ("", "/persons"):
        assert_error(shop.call("GET", f"{path}/{made['id']}{rest}"), 404, "not_found")


def test_a_dynamic_cohort_is_always_current(shop: World) -> None:
    made = make(shop, filters=group(NEEDLE))
    shop.capture({"event": "$set", "distinct_id": "cid", "properties": {"$set": {"plan": "pro"}}})
    assert shop.get(f"cohorts/{made['id']}")["count"] == 3
    assert members(shop, made) == ["ann", "ben", "cid"]


def test_members_are_paged_as_persons_are(shop: World) -> None:
    made = make(shop, filters=group(NEEDLE))
    first = shop.get(f"cohorts/{made['id']}/persons", limit=1)
    second = shop.get(first["next"].partition("localhost")[2])
    assert (first["count"], second["count"], second["next"]) == (2, 2, None)
    assert {row["distinct_ids"][0] for page in (first, second) for row in page["results"]} == {"ann", "ben"}


def test_the_older_groups_are_ored_and_stored_as_filters(shop: World) -> None:
    free = {"key": "plan", "value": "free", "type": "person"}
    made = make(shop, groups=[{"properties": [NEEDLE, NEEDLE]}, {"properties": [free]}])
    assert made["filters"]["properties"]["type"] == "OR"
    assert made["count"] == 3


def test_a_static_cohort_lists_its_persons_and_patches_add_to_it(shop: World) -> None:
    ann = shop.person("ann")
    made = make(shop, is_static=True, person_ids=[ann["uuid"], str(uuid4())])
    assert (made["is_static"], made["count"], made["filters"]) == (True, 1, {})
    changed = shop.call("PATCH", f"cohorts/{made['id']}", json={"distinct_ids": ["cid", "nobody"]}).json
    assert changed is not None
    assert changed["count"] == 2
    assert members(shop, made) == ["ann", "cid"]


def test_static_members_move_with_merges(shop: World) -> None:
    made = make(shop, is_static=True, distinct_ids=["cid"])
    shop.capture({"event": "$merge_dangerously", "distinct_id": "ann", "properties": {"alias": "cid"}})
    (row,) = shop.get(f"cohorts/{made['id']}/persons")["results"]
    assert row["distinct_ids"] == ["ann", "cid"]
    assert buys(shop, in_cohort(made))[0]["data"] == [3]


def test_cohorts_filter_persons_trends_and_actions(shop: World) -> None:
    dynamic, static = make(shop, filters=group(NEEDLE)), make(shop, is_static=True, distinct_ids=["ann", "cid"])
    nested = make(shop, filters=group(in_cohort(dynamic), in_cohort(static, "not_in")))
    for cohort, names, count in ((dynamic, "ab", 3), (static, "ac", 3), (nested, "b", 1)):
        for operator, expected, number in (("in", names, count), ("not_in", "abc", 4 - count)):
            chosen = set(expected) if operator == "in" else set("abc") - set(names)
            rows = shop.get("persons", properties=[in_cohort(cohort, operator)])["results"]
            assert {row["distinct_ids"][0][0] for row in rows} == chosen
            assert buys(shop, in_cohort(cohort, operator))[0]["data"] == [number]
        action = shop.call(
            "POST", "actions", json={"name": "a", "steps": [{"event": "buy", "properties": [in_cohort(cohort)]}]}
        ).json
        assert action is not None
        assert buys(shop, events=[], actions=[{"id": action["id"]}])[0]["data"] == [count]


def test_events_without_a_person_are_in_no_cohort(shop: World) -> None:
    personless = {"$process_person_profile": False}
    shop.capture({"event": "buy", "distinct_id": "x", "timestamp": "2026-01-01T12:00:00Z", "properties": personless})
    unset = {"key": "nothing", "operator": "is_not_set", "type": "person"}
    everybody = make(shop, filters=group(unset))
    assert everybody["count"] == 3
    assert buys(shop, in_cohort(everybody))[0]["data"] == [4]
    assert buys(shop, in_cohort(everybody, "not_in"))[0]["data"] == [1]


def test_breakdowns_by_cohort_have_ids_names_and_all_users(shop: World) -> None:
    pros = make(shop, filters=group(NEEDLE))
    ann = make(shop, name="Ann", is_static=True, distinct_ids=["ann"])
    nobody = make(shop, name="Nobody", is_static=True)
    keys = {"breakdown_type": "cohort"}

    def rows(breakdown: Any) -> list[tuple[Any, str, float]]:
        found = buys(shop, breakdown=breakdown, **keys)
        return [(row["breakdown_value"], row["label"], row["count"]) for row in found]

    a, p, n = ann["id"], pros["id"], nobody["id"]
    assert rows([a, n, p]) == [(p, "Pros", 3), (a, "Ann", 2)]
    assert rows([a, "all", p]) == [(a, "buy - Ann", 2), ("all", "buy - all users", 4), (p, "buy - Pros", 3)]
    assert rows(a) == [(a, "Ann", 2)]
    assert rows(n) == []
    unknown = shop.call("GET", "insights/trend", query_string={"events": '[{"id":"buy"}]', "breakdown": 0} | keys)
    assert_error(unknown, 400, "invalid_input", "Cohort 0 does not exist.", "breakdown")


@pytest.mark.parametrize("way", ["DELETE", "PATCH"])
def test_a_deleted_cohort_is_gone_and_in_filters_unknown(shop: World, way: str) -> None:
    made = make(shop, filters=group(NEEDLE))
    nesting = make(shop, filters=group(in_cohort(made)))
    path = f"cohorts/{made['id']}"
    if way == "DELETE":
        response = shop.call("DELETE", path)
        assert (response.status_code, response.data) == (204, b"")
    else:
        assert shop.call("PATCH", path, json={"deleted": True}).status_code == 200
    for rest in ("", "/persons"):
        assert_error(shop.call("GET", path + rest), 404, "not_found")
    detail = f"Cohort {made['id']} does not exist."
    for cohort in (made, nesting):
        filters = str([in_cohort(cohort)]).replace("'", '"')
        for route in ("persons", "insights/trend"):
            response = shop.call("GET", route, query_string={"events": '[{"id":"buy"}]', "properties": filters})
            assert_error(response, 400, "invalid_input", detail, "properties")
    assert [row["count"] for row in shop.get("cohorts")["results"]] == [None]


def test_a_cohort_that_reaches_itself_is_refused(shop: World) -> None:
    first = make(shop, filters=group(NEEDLE))
    second = make(shop, filters=group(in_cohort(first)))
    for other in (first, second):
        response = shop.call("PATCH", f"cohorts/{first['id']}", json={"filters": group(in_cohort(other))})
        assert_error(response, 400, "invalid_input", f"Cohort {first['id']} reaches itself.", "filters")
    assert shop.get(f"cohorts/{first['id']}")["filters"] == group(NEEDLE)


def test_cohorts_that_multiply_are_refused(shop: World) -> None:
    cohort = make(shop, filters=group())
    for _ in range(2):
        cohort = make(shop, filters=group(*[in_cohort(cohort)] * 9))
    response = shop.call("POST", "cohorts", json={"name": "x", "filters": group(*[in_cohort(cohort)] * 9)})
    detail = "The cohorts come to more than 400 filters and groups."
    assert_error(response, 400, "invalid_input", detail, "filters")


def test_as_many_filters_as_are_allowed_can_be_asked(shop: World) -> None:
    made = make(shop, filters=group(*[NEEDLE] * 390))
    rows = shop.get("persons", properties=[*[NEEDLE] * 499, in_cohort(made)])["results"]
    assert len(rows) == 2


def test_persons_cohorts_are_those_that_hold_the_person(shop: World) -> None:
    pros, free = make(shop, filters=group(NEEDLE)), make(shop, filters=group({**NEEDLE, "value": "free"}))
    other = make(shop, filters=group({"key": "plan", "operator": "is_set", "type": "person"}))
    static = make(shop, name="Some", is_static=True, distinct_ids=["ann", "cid"])
    ann = shop.person("ann")
    for reference in (ann["id"], ann["uuid"]):
        results = shop.get("persons/cohorts", person_id=reference)["results"]
        assert [list(row) for row in results] == [["id", "name", "count"]] * 3
        assert {(row["id"], row["count"]) for row in results} == {(pros["id"], 2), (other["id"], 3), (static["id"], 2)}
    shop.call("DELETE", f"cohorts/{static['id']}")
    for cohort in (pros, other):
        shop.call("PATCH", f"cohorts/{cohort['id']}", json={"filters": free["filters"]})
    assert shop.get("persons/cohorts", person_id=ann["id"])["results"] == []


def test_persons_cohorts_needs_a_person_and_both_scopes(shop: World) -> None:
    assert_error(shop.call("GET", "persons/cohorts"), 400, "required", attr="person_id")
    assert_error(shop.call("GET", f"persons/cohorts?person_id={uuid4()}"), 404, "not_found")
    for scope, missing in (("cohort:read", "person:read"), ("person:read", "cohort:read")):
        response = shop.call("GET", "persons/cohorts?person_id=1", key=shop.new_key(scope))
        assert_error(response, 403, "permission_denied", f"API key missing required scope '{missing}'")


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"filters": group(NEEDLE)}, "required", "name"),
        ({"name": "a"}, "required", "filters"),
        ({"name": "a", "filters": []}, "required", "filters"),
        ({"name": "a", "filters": {"properties": [NEEDLE]}}, "invalid_input", "filters"),
        ({"name": "a", "filters": group({"key": "a", "type": "event", "value": 1})}, "invalid_input", "filters"),
        ({"name": "a", "filters": group({"type": "cohort", "key": "id", "value": 0})}, "invalid_input", "filters"),
        ({"name": "a", "filters": group(NEEDLE), "person_ids": [str(uuid4())]}, "invalid_input", "person_ids"),
        ({"name": "a", "is_static": True, "person_ids": ["x"]}, "invalid_input", "person_ids__0"),
    ],
)
def test_bad_fields_are_named(shop: World, body: Any, code: str, attr: str) -> None:
    assert_error(shop.call("POST", "cohorts", json=body), 400, code, attr=attr)
