"""GET and POST insights/trend."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree

import pytest
from hedgerow.entrypoints.trend_answers import NO_VALUE

from tests.e2e.conftest import World, assert_error


def buy(who: str, day: str, amount: float | None = None, **properties: Any) -> dict[str, Any]:
    if amount is not None:
        properties["amount"] = amount
    return {"event": "buy", "distinct_id": who, "timestamp": f"2026-01-{day}T12:00:00Z", "properties": properties}


RANGE = {"date_from": "2026-01-01", "date_to": "2026-01-03"}


@pytest.fixture
def shop(world: World) -> World:
    world.capture(
        buy("ann", "01", 10, plan="pro"),
        buy("ann", "01", 5.5),
        buy("ben", "01", 1, plan="free"),
        buy("ann", "03", 2, plan="pro"),
        {"event": "see", "distinct_id": "ann", "timestamp": "2026-01-02T00:00:00Z"},
        {"event": "$set", "distinct_id": "ann", "properties": {"$set": {"team": "red"}}},
    )
    return world


def data(world: World, *series: dict[str, Any], **keys: Any) -> list[list[float]]:
    rows = world.get("insights/trend", events=list(series), **(RANGE | keys))["result"]
    return [row["data"] for row in rows]


def test_it_works(shop: World) -> None:
    answer = shop.get("insights/trend", events=[{"id": "buy"}], **RANGE)
    assert answer["timezone"] == "UTC"
    assert answer["next"] is None
    (row,) = answer["result"]
    assert row["data"] == [3, 0, 1]
    assert row["days"] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert row["labels"] == ["1-Jan-2026", "2-Jan-2026", "3-Jan-2026"]
    assert (row["count"], row["label"], row["order"]) == (4.0, "buy", 0)
    assert row["action"]["name"] == "buy"


def test_post_and_get_say_the_same_and_several_series_keep_their_order(shop: World) -> None:
    series = [{"id": "see", "order": 1}, {"id": "buy", "order": 0, "math": "dau"}]
    got = shop.get("insights/trend", events=series, **RANGE)["result"]
    posted = shop.call("POST", "insights/trend", json={"events": series, **RANGE}).json
    assert posted is not None
    assert posted["result"] == got
    assert [row["label"] for row in got] == ["buy", "see"]


@pytest.mark.parametrize(
    ("math", "expected"),
    [
        ("dau", [2, 0, 1]),
        ("sum", [16.5, 0, 2]),
        ("avg", [5.5, 0, 2]),
        ("min", [1, 0, 2]),
        ("max", [10, 0, 2]),
    ],
)
def test_maths(shop: World, math: str, expected: list[float]) -> None:
    assert data(shop, {"id": "buy", "math": math, "math_property": "amount"}) == [expected]


@pytest.mark.parametrize(("interval", "buckets"), [("hour", 72), ("day", 3), ("week", 1), ("month", 1)])
def test_intervals(shop: World, interval: str, buckets: int) -> None:
    (row,) = data(shop, {"id": "buy"}, interval=interval, date_to="2026-01-03T23:59:59")
    assert (len(row), sum(row)) == (buckets, 4)


def test_days_begin_in_the_projects_time_zone(world: World) -> None:
    tokyo = world.services.accounts.create_project("Tokyo", timezone="Asia/Tokyo")
    event = {"event": "buy", "distinct_id": "u", "timestamp": "2026-01-01T16:00:00Z"}
    world.capture(event, token=tokyo.api_token)
    path = f"/api/projects/{tokyo.id}/insights/trend"
    answer = world.get(path, events=[{"id": "buy"}], date_from="2026-01-01", date_to="2026-01-02")
    assert answer["timezone"] == "Asia/Tokyo"
    assert answer["result"][0]["data"] == [0, 1]


def test_filters_on_events_and_persons(shop: World) -> None:
    pro = {"key": "plan", "value": "pro"}
    red = {"key": "team", "value": "red", "type": "person"}
    assert data(shop, {"id": "buy"}, properties=[pro]) == [[1, 0, 1]]
    assert data(shop, {"id": "buy"}, properties=[red]) == [[2, 0, 1]]
    assert data(shop, {"id": "buy", "properties": [{"key": "amount", "operator": "gte", "value": "5.5"}]}) == [
        [2, 0, 0]
    ]
    assert data(shop, {"id": "buy"}, properties=[{"key": "plan", "operator": "is_not", "value": "pro"}]) == [[2, 0, 0]]


def test_breakdown_has_values_none_and_other(shop: World) -> None:
    answer = shop.get("insights/trend", events=[{"id": "buy"}], breakdown="plan", **RANGE)
    rows = [(row["breakdown_value"], row["breakdown_kind"], row["count"]) for row in answer["result"]]
    assert rows == [
        ("pro", "value", 2),
        ("free", "value", 1),
        ("$$_posthog_breakdown_null_$$", "none", 1),
    ]
    answer = shop.get("insights/trend", events=[{"id": "buy"}], breakdown="plan", breakdown_limit=1, **RANGE)
    rows = [(row["breakdown_value"], row["breakdown_kind"], row["count"]) for row in answer["result"]]
    assert rows == [("pro", "value", 2), ("$$_posthog_breakdown_other_$$", "other", 2)]
    answer = shop.get("insights/trend", events=[{"id": "buy"}], breakdown="team", breakdown_type="person", **RANGE)
    assert [(row["breakdown_value"], row["count"]) for row in answer["result"]] == [
        ("red", 3),
        ("$$_posthog_breakdown_null_$$", 1),
    ]


def test_csv_has_a_row_a_series_and_a_column_a_bucket(shop: World) -> None:
    for path in ("insights/trend.csv", "insights/trend"):
        query = {"events": '[{"id":"buy"}]', "format": "csv"} | RANGE
        response = shop.call("GET", path, query_string=query)
        assert response.content_type == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"].startswith("attachment; filename=")
        rows = list(csv.reader(io.StringIO(response.text)))
        assert rows == [["series", "1-Jan-2026", "2-Jan-2026", "3-Jan-2026"], ["buy", "3", "0", "1"]]


def test_a_thousand_keys_still_filter_and_break_down(world: World) -> None:
    for start in range(0, 1_000, 100):
        properties: dict[str, Any] = {f"key{n}": f"value{n}" for n in range(start, start + 100)}
        world.capture(buy("u", "01", **properties))
    for key in ("key0", "key50", "key999"):
        value = key.replace("key", "value")
        assert data(world, {"id": "buy"}, properties=[{"key": key, "value": value}]) == [[1, 0, 0]]
        answer = world.get("insights/trend", events=[{"id": "buy"}], breakdown=key, **RANGE)
        assert answer["result"][0]["breakdown_value"] == value


@pytest.mark.parametrize(
    ("keys", "attr"),
    [
        ({"date_from": "yesterday-ish"}, "date_from"),
        ({"interval": "fortnight"}, "interval"),
        ({"properties": "{"}, "properties"),
        ({"breakdown": "a", "breakdown_limit": "0"}, "breakdown_limit"),
    ],
)
def test_bad_keys_are_named(shop: World, keys: dict[str, str], attr: str) -> None:
    query = {"events": '[{"id":"buy"}]'} | keys
    assert_error(shop.call("GET", "insights/trend", query_string=query), 400, "invalid_input", attr=attr)


def test_svg_is_a_picture_with_a_line_for_each_series(shop: World) -> None:
    query = {"events": '[{"id":"buy"},{"id":"see","order":1}]', "format": "svg"} | RANGE
    for keys in ({}, {"display": "ActionsBarValue"}):
        response = shop.call("GET", "insights/trend", query_string=query | keys)
        assert (response.status_code, response.content_type) == (200, "image/svg+xml")
        root = ElementTree.fromstring(response.text)  # noqa: S314 - it is our own
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert {"buy", "see"} <= {text.strip() for text in root.itertext()}
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_what_is_too_much_for_a_picture_is_refused(shop: World) -> None:
    query = {"events": '[{"id":"buy"}]', "format": "svg", "interval": "minute", "date_from": "2026-01-01"}
    response = shop.call("GET", "insights/trend", query_string=query | {"date_to": "2026-01-18"})
    assert_error(response, 400, "invalid_input", attr="format")


def test_expressions_filter_break_down_and_count(shop: World) -> None:
    hogql = {"type": "hogql", "key": "properties.amount > 5"}
    assert data(shop, {"id": "buy"}, properties=[hogql]) == [[2, 0, 0]]
    assert data(shop, {"id": "buy", "math": "hogql", "math_hogql": "sum(properties.amount) / count()"}) == [[5.5, 0, 2]]
    rows = shop.get(
        "insights/trend", events=[{"id": "buy"}], breakdown="upper(properties.plan)", breakdown_type="hogql", **RANGE
    )["result"]
    assert [(row["breakdown_value"], row["count"]) for row in rows][:2] == [("PRO", 2), ("FREE", 1)]


@pytest.mark.parametrize(
    ("keys", "attr"),
    [
        ({"properties": [{"type": "hogql", "key": "sleep(1)"}]}, "properties__0__key"),
        ({"breakdown": "a b", "breakdown_type": "hogql"}, "breakdown"),
        ({"events": [{"id": "buy", "math": "hogql", "math_hogql": "properties.a"}]}, "series__0__math_hogql"),
    ],
)
def test_bad_expressions_are_refused_with_the_position(shop: World, keys: dict[str, Any], attr: str) -> None:
    response = shop.call("POST", "insights/trend", json={"events": [{"id": "buy"}]} | keys)
    assert_error(response, 400, "invalid_input", attr=attr)
    assert "at position" in response.text


def test_filters_and_breakdowns_by_what_is_known_of_groups(world: World) -> None:
    at = {"distinct_id": "ann", "timestamp": "2026-01-01T10:00:00Z"}
    for key, plan in (("acme", "pro"), ("evil", "free")):
        described = {"$group_type": "company", "$group_key": key, "$group_set": {"plan": plan}}
        world.capture({"event": "$groupidentify", **at, "properties": described})
    for key in ("acme", "acme", "evil"):
        world.capture({"event": "buy", **at, "properties": {"$groups": {"company": key}}})
    world.capture({"event": "buy", **at})
    of_plan = {"key": "plan", "type": "group", "group_type_index": 0, "value": "pro"}
    assert data(world, {"id": "buy", "properties": [of_plan]}) == [[2, 0, 0]]
    assert data(world, {"id": "buy", "properties": [{**of_plan, "operator": "is_not"}]}) == [[2, 0, 0]]
    by = {"breakdown": "plan", "breakdown_type": "group", "breakdown_group_type_index": 0}
    rows = world.get("insights/trend", events=[{"id": "buy"}], **RANGE, **by)["result"]
    assert {row["breakdown_value"]: row["count"] for row in rows} == {"pro": 2, "free": 1, NO_VALUE: 1}
    update = {"$group_type": "company", "$group_key": "evil", "$group_set": {"plan": "pro"}}
    world.capture({"event": "$groupidentify", **at, "properties": update})
    assert data(world, {"id": "buy", "properties": [of_plan]}) == [[3, 0, 0]]
