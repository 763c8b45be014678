"""POST query, and what `refresh` does there and in insights/trend."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

SOURCE: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [{"kind": "EventsNode", "event": "buy", "math": "total"}],
    "dateRange": {"date_from": "2026-01-01", "date_to": "2026-01-02"},
}
BUY = {"event": "buy", "distinct_id": "ann", "timestamp": "2026-01-01T12:00:00Z"}


def ask(world: World, query: Any = SOURCE, **body: Any) -> Any:
    response = world.call("POST", "query", json={"query": query, **body})
    assert response.status_code == 200, response.text
    return response.json


@pytest.mark.parametrize("query", [SOURCE, {"kind": "InsightVizNode", "source": SOURCE}])
def test_it_works(world: World, query: Any) -> None:
    world.capture(BUY)
    answer = ask(world, query)
    assert [row["data"] for row in answer["results"]] == [[1, 0]]
    assert set(answer) == {
        "results",
        "hasMore",
        "timings",
        "hogql",
        "modifiers",
        "error",
        "is_cached",
        "last_refresh",
        "cache_key",
        "timezone",
    }
    assert (answer["hasMore"], answer["hogql"], answer["error"], answer["timezone"]) == (False, None, None, "UTC")
    assert [timing["k"] for timing in answer["timings"]] == ["./calculate", "."]


@pytest.mark.parametrize("scope", ["query:read", "insight:read", "insight:write"])
def test_either_scope_will_do(world: World, scope: str) -> None:
    assert world.call("POST", "query", key=world.new_key(scope), json={"query": SOURCE}).status_code == 200


def test_without_either_scope_the_first_is_named(world: World) -> None:
    response = world.call("POST", "query", key=world.new_key("person:read"), json={"query": SOURCE})
    assert_error(response, 403, "permission_denied", "API key missing required scope 'query:read'")


@pytest.mark.parametrize("query", [{"kind": "FunnelsQuery"}, {"kind": "InsightVizNode", "source": {}}, "text", []])
def test_another_kind_is_refused(world: World, query: Any) -> None:
    assert_error(world.call("POST", "query", json={"query": query}), 400, "parse_error", attr="query")


def test_the_query_is_required(world: World) -> None:
    assert_error(world.call("POST", "query", json={}), 400, "required", attr="query")


def test_unknown_keys_of_the_query_are_refused(world: World) -> None:
    assert_error(world.call("POST", "query", json={"query": SOURCE | {"x": 1}}), 400, "parse_error", attr="x")


def test_an_acknowledged_event_is_in_the_next_answer(world: World) -> None:
    for count in (1, 2):
        world.capture(BUY)
        first, again = ask(world), ask(world)
        assert [answer["results"][0]["count"] for answer in (first, again)] == [count, count]
        assert [answer["is_cached"] for answer in (first, again)] == [False, True]
        assert again["last_refresh"] == first["last_refresh"]


def test_force_cache_answers_null_until_something_is_there(world: World) -> None:
    world.capture(BUY)
    nothing = ask(world, refresh="force_cache")
    assert (nothing["results"], nothing["is_cached"], nothing["last_refresh"]) == (None, False, None)
    computed = ask(world)
    kept = ask(world, refresh="force_cache")
    assert (kept["results"], kept["is_cached"]) == (computed["results"], True)
    assert kept["cache_key"] == computed["cache_key"]
    assert not ask(world, refresh="blocking")["is_cached"]


def test_the_query_strings_refresh_goes_before_the_bodys(world: World) -> None:
    world.capture(BUY)
    ask(world)
    response = world.call("POST", "query?refresh=true", json={"query": SOURCE, "refresh": "force_cache"})
    assert response.json is not None
    assert response.json["is_cached"] is False


def test_cache_invalidation_keys_keep_results_apart(world: World) -> None:
    world.capture(BUY)
    assert not ask(world)["is_cached"]
    assert not ask(world, cache_invalidation_key="v2")["is_cached"]
    assert ask(world, cache_invalidation_key="v2")["is_cached"]


def test_a_trend_by_flat_keys_is_cached_too(world: World) -> None:
    world.capture(BUY)
    keys = {"events": [{"id": "buy"}], "date_from": "2026-01-01", "date_to": "2026-01-02"}
    assert world.get("insights/trend", refresh="force_cache", **keys)["result"] is None
    first, again = world.get("insights/trend", **keys), world.get("insights/trend", **keys)
    assert (first["is_cached"], again["is_cached"]) == (False, True)
    assert again["result"] == first["result"]
    assert not world.get("insights/trend", refresh="true", **keys)["is_cached"]


def test_an_unknown_refresh_is_refused(world: World) -> None:
    for response in (
        world.call("POST", "query", json={"query": SOURCE, "refresh": "maybe"}),
        world.call("GET", "insights/trend", query_string={"events": "[]", "refresh": "maybe"}),
    ):
        assert_error(response, 400, "invalid_choice", attr="refresh")
