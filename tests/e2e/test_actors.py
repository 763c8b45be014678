"""POST query with an ActorsQuery: the people behind a point."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

TREND: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "buy", "math": "dau"}],
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-02"},
    "breakdownFilter": {"breakdown": "plan"},
}


def query(trend: Any = TREND, **point: Any) -> dict[str, Any]:
    source = {"kind": "InsightActorsQuery", "source": trend, "series": 0, **point}
    return {"kind": "ActorsQuery", "source": source}


def ask(world: World, asked: Any, **body: Any) -> Any:
    response = world.call("POST", "query", json={"query": asked, **body})
    assert response.status_code == 200, response.text
    return response.json


@pytest.fixture
def shop(world: World) -> World:
    personless = {"$process_person_profile": False, "plan": "pro"}
    world.capture(
        {"event": "$set", "distinct_id": "ann", "properties": {"$set": {"email": "ann@example.com"}}},
        *(
            {
                "event": "buy",
                "distinct_id": "ann",
                "properties": {"plan": "pro"},
                "timestamp": f"2026-01-01T1{h}:00:00Z",
            }
            for h in range(2)
        ),
        {"event": "buy", "distinct_id": "ben", "properties": {}, "timestamp": "2026-01-02T12:00:00Z"},
        {"event": "buy", "distinct_id": "x", "properties": personless, "timestamp": "2026-01-01T12:00:00Z"},
    )
    return world


def test_it_works(shop: World) -> None:
    answer = ask(shop, query(day="2026-01-01", breakdown="pro"))
    ann = shop.person("ann")
    assert answer["columns"] == ["actor", "event_count"]
    assert (answer["limit"], answer["offset"], answer["hasMore"], answer["total"]) == (100, 0, False, 2)
    assert answer["results"][0] == [ann, 2]
    stranger, count = answer["results"][1]
    assert count == 1
    assert stranger == {
        "id": None,
        "uuid": stranger["uuid"],
        "distinct_ids": ["x"],
        "properties": {},
        "name": "x",
        "created_at": None,
        "is_identified": False,
        "last_seen_at": None,
    }


def test_no_value_all_values_and_all_days(shop: World) -> None:
    assert ask(shop, query(breakdown="$$_posthog_breakdown_null_$$"))["results"][0][0]["name"] == "ben"
    assert ask(shop, query())["total"] == 3
    other = {**TREND, "breakdownFilter": {"breakdown": "plan", "breakdown_limit": 1}}
    assert ask(shop, query(other, breakdown="$$_posthog_breakdown_other_$$"))["results"][0][0]["name"] == "ben"


def test_pages_search_and_columns(shop: World) -> None:
    page = ask(shop, query() | {"limit": 1, "offset": 1, "select": ["event_count"]})
    assert (page["results"], page["columns"], page["hasMore"], page["total"]) == ([[1]], ["event_count"], True, 3)
    found = ask(shop, query() | {"search": "ANN@ex"})
    assert [row[0]["name"] for row in found["results"]] == ["ann@example.com"]


def test_both_kinds_of_scopes_are_needed(shop: World) -> None:
    for scopes, missing in (
        (["person:read"], "query:read"),
        (["query:read"], "person:read"),
        (["insight:read"], "person:read"),
    ):
        response = shop.call("POST", "query", key=shop.new_key(*scopes), json={"query": query()})
        assert_error(response, 403, "permission_denied", f"API key missing required scope '{missing}'")
    key = shop.new_key("person:read", "insight:read")
    assert shop.call("POST", "query", key=key, json={"query": query()}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "attr"),
    [
        (query(series=1), "series"),
        (query(day="2026-02-01"), "day"),
        (query(compare="previous"), "compare"),
        (query(breakdown=["a", "b"]), "breakdown"),
        (query() | {"limit": 0}, "limit"),
        (query() | {"select": ["name"]}, "select"),
        (query() | {"source": TREND}, "source"),
        (query({"kind": "FunnelsQuery"}), "query"),
    ],
)
def test_what_is_not_there_is_refused(shop: World, asked: Any, attr: str) -> None:
    response = shop.call("POST", "query", json={"query": asked})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["attr"] == attr
