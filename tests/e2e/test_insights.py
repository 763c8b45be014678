"""The routes of insights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

SOURCE: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "buy"}],
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-02"},
}
NODE = {"kind": "InsightVizNode", "source": SOURCE}
FILTERS = {"events": [{"id": "buy", "order": 0}], "date_from": "2026-01-01", "date_to": "2026-01-02"}
BUY = {"event": "buy", "distinct_id": "ann", "timestamp": "2026-01-01T12:00:00Z"}


def make(world: World, **body: Any) -> Any:
    response = world.call("POST", "insights", json=body)
    assert response.status_code == 201, response.text
    return response.json


def test_it_works(world: World) -> None:
    world.capture(BUY)
    made = make(world, name="Sales", query=NODE, tags=["a"], dashboards=[3], order=1, favorited=True)
    assert (made["query"], made["filters"], made["result"]) == (NODE, {}, None)
    assert (made["tags"], made["dashboards"], made["order"], made["favorited"]) == (["a"], [3], 1, True)
    assert (made["saved"], made["deleted"], made["user_access_level"]) == (True, False, "manager")
    assert made["created_by"]["email"] == made["last_modified_by"]["email"] == world.email
    assert len(made["short_id"]) == 8
    for reference in (made["id"], made["short_id"]):
        got = world.get(f"insights/{reference}")
        assert [row["data"] for row in got["result"]] == [[1, 0]]
        assert got["last_refresh"] is not None
        same = {key: value for key, value in got.items() if key not in ("result", "last_refresh", "is_cached")}
        assert same == {key: made[key] for key in same}


def test_it_shows_only_its_own_project(world: World) -> None:
    made = make(world)
    other = world.services.accounts.create_project("Other")
    path = f"/api/projects/{other.id}/insights"
    assert world.get(path)["results"] == []
    for reference in (made["id"], made["short_id"]):
        assert_error(world.call("GET", f"{path}/{reference}"), 404, "not_found")


def test_a_bare_trends_query_is_kept_as_a_node(world: World) -> None:
    assert make(world, query=SOURCE)["query"] == NODE


def test_legacy_filters_are_kept_as_sent_and_converted(world: World) -> None:
    world.capture(BUY)
    made = make(world, filters=FILTERS)
    assert made["filters"] == FILTERS
    assert made["query"]["source"]["series"] == [{"kind": "EventsNode", "event": "buy"}]
    assert world.get(f"insights/{made['id']}")["result"][0]["data"] == [1, 0]
    changed = world.call("PATCH", f"insights/{made['id']}", json={"query": NODE}).json
    assert changed is not None
    assert (changed["query"], changed["filters"]) == (NODE, {})


def test_reading_one_is_cached_and_refreshed_as_trends_are(world: World) -> None:
    world.capture(BUY)
    path = f"insights/{make(world, query=NODE)['id']}"
    nothing = world.get(path, refresh="force_cache")
    assert (nothing["result"], nothing["last_refresh"], nothing["is_cached"]) == (None, None, False)
    assert [world.get(path)["is_cached"] for _ in range(2)] == [False, True]
    assert world.get(path, refresh="force_cache")["is_cached"]
    assert not world.get(path, refresh="true")["is_cached"]
    world.capture(BUY)
    assert world.get(path)["result"][0]["count"] == 2
    assert_error(world.call("GET", f"{path}?refresh=maybe"), 400, "invalid_choice", attr="refresh")


def test_a_trend_with_saved_is_kept_and_answered(world: World) -> None:
    world.capture(BUY)
    fields = {"saved": True, "name": "Sales", "description": "d", "tags": ["t"], "favorited": True}
    for question in ({"query": NODE}, {"filters": FILTERS}, FILTERS):
        response = world.call("POST", "insights/trend", json=question | fields)
        assert response.status_code == 200, response.text
        answer: Any = response.json
        assert answer["result"][0]["data"] == [1, 0]
        insight = answer["insight"]
        assert (insight["name"], insight["description"], insight["favorited"]) == ("Sales", "d", True)
        assert insight["filters"] == ({} if "query" in question else FILTERS)
        assert world.get(f"insights/{insight['id']}")["result"] == answer["result"]
    assert world.get("insights")["count"] == 3


def test_a_trend_without_saved_keeps_nothing(world: World) -> None:
    answer = world.call("POST", "insights/trend", json={"query": NODE, "name": "Sales"}).json
    assert answer is not None
    assert "insight" not in answer
    assert world.get("insights")["count"] == 0


def test_saving_needs_the_write_scope(world: World) -> None:
    reader = world.new_key("insight:read")
    assert world.call("POST", "insights/trend", key=reader, json={"query": NODE}).status_code == 200
    for response in (
        world.call("POST", "insights/trend", key=reader, json={"query": NODE, "saved": True}),
        world.call("POST", "insights", key=reader, json={}),
    ):
        assert_error(response, 403, "permission_denied", "API key missing required scope 'insight:write'")
    assert world.get("insights")["count"] == 0


def test_a_list_has_the_newest_first_and_is_filtered(world: World) -> None:
    first = make(world, name="Daily Sales", favorited=True)
    second = make(world, name="Orders", saved=False)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in world.get("insights", **query)["results"]]

    assert found() == [second["id"], first["id"]]
    assert found(limit=1, offset=1) == [first["id"]]
    assert found(search="sales") == [first["id"]]
    assert found(short_id=second["short_id"]) == [second["id"]]
    assert found(saved="true") == found(favorited="true") == [first["id"]]
    assert found(saved="false") == [second["id"]]
    assert found(created_by=first["created_by"]["id"]) == [second["id"], first["id"]]
    assert found(created_by=10**9) == []


@pytest.mark.parametrize("way", ["DELETE", "PATCH"])
def test_a_deleted_one_is_gone_until_it_is_brought_back(world: World, way: str) -> None:
    path = f"insights/{make(world, name='Sales')['id']}"
    if way == "DELETE":
        response = world.call("DELETE", path)
        assert (response.status_code, response.data) == (204, b"")
    else:
        assert world.call("PATCH", path, json={"deleted": True}).status_code == 200
    assert_error(world.call("GET", path), 404, "not_found")
    assert_error(world.call("PATCH", path, json={"name": "New"}), 404, "not_found")
    assert world.get("insights")["count"] == 0
    assert world.call("PATCH", path, json={"deleted": False}).status_code == 200
    assert world.get(path)["name"] == "Sales"


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"name": 5}, "invalid_input", "name"),
        ({"tags": "a"}, "invalid_input", "tags"),
        ({"query": {"kind": "FunnelsQuery"}}, "parse_error", "query"),
        ({"query": NODE, "filters": FILTERS}, "invalid_input", "filters"),
        ({"filters": {"interval": "fortnight"}}, "invalid_input", "interval"),
    ],
)
def test_bad_fields_are_named(world: World, body: Any, code: str, attr: str) -> None:
    assert_error(world.call("POST", "insights", json=body), 400, code, attr=attr)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 10**30])
def test_numbers_that_no_store_keeps_are_refused(world: World, number: int) -> None:
    body = json.dumps({"dashboards": [1, number]})
    answer = world.call("POST", "insights", data=body, content_type="application/json")
    assert_error(answer, 400, "invalid_input", attr="dashboards__1")
    big = f'{{"events": [{{"id": "buy"}}], "date_from": "-7d", "interval": "day", "x": {number}}}'
    for text in (json.dumps({"filters": big}), f'{{"filters": {big}}}'):
        answer = world.call("POST", "insights", data=text, content_type="application/json")
        assert answer.status_code in (201, 400), answer.text
