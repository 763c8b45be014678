"""Which TrendsQuery a request to `insights/trend` means: `query`, `filters` or PostHog's older flat keys."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.legacy_trends import LEGACY_KEYS
from hedgerow.domain.trend_requests import read_paging, trends_query_of, unwrap
from hedgerow.domain.trends import TrendQuery
from hedgerow.domain.trends_query import parse_trends_query
from hypothesis import given
from hypothesis import strategies as st

from ..trend_fixtures import a_project

SOURCE = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "seen"}]}


def parsed(request: dict[str, Any]) -> TrendQuery:
    return parse_trends_query(trends_query_of(request), a_project())


def refusal(request: dict[str, Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parsed(request)
    return caught.value


@pytest.mark.parametrize(
    "query",
    [
        SOURCE,
        orjson.dumps(SOURCE).decode(),
        {"kind": "InsightVizNode", "source": SOURCE, "full": True},
        orjson.dumps({"kind": "InsightVizNode", "source": SOURCE}).decode(),
    ],
)
def test_query_is_a_trends_query_or_a_node_around_one_as_json_or_text(query: object) -> None:
    assert trends_query_of({"query": query}) == SOURCE


def test_filters_hold_legacy_keys_as_json_or_text() -> None:
    filters = {"events": [{"id": "seen"}], "interval": "week"}
    expected = parsed(filters)
    assert parsed({"filters": filters}) == expected
    assert parsed({"filters": orjson.dumps(filters).decode()}) == expected


def test_a_query_string_means_the_same_as_json() -> None:
    request: dict[str, Any] = {
        "events": [{"id": "seen", "math": "dau"}],
        "properties": [{"key": "a", "value": "b"}],
        "breakdowns": [{"property": "c"}],
        "breakdown_limit": 5,
        "filter_test_accounts": True,
        "compare": True,
        "sampling_factor": 0.5,
        "smoothing_intervals": 3,
    }
    text = {key: value if isinstance(value, str) else orjson.dumps(value).decode() for key, value in request.items()}
    assert parsed(text) == parsed(request)


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"query": SOURCE, "filters": {"events": []}}, ("query", "filters")),
        ({"query": SOURCE, "interval": "day"}, ("query", "interval")),
        ({"filters": {"events": []}, "events": [{"id": "x"}]}, ("filters", "events")),
    ],
)
def test_more_than_one_way_to_ask_is_refused_by_name(request_: dict[str, Any], names: tuple[str, ...]) -> None:
    error = refusal(request_)
    assert all(name in error.detail for name in names)


def test_keys_that_say_how_to_answer_go_with_any_way_to_ask() -> None:
    keys = {"refresh": "true", "limit": "5", "format": "csv", "name": "x", "saved": True}
    assert parsed({"query": SOURCE, **keys}) == parsed({"query": SOURCE})


def test_series_are_actions_then_events_in_the_order_of_order() -> None:
    request = {
        "events": [
            {"id": "third", "order": 3},
            {"id": "first"},
            {"id": "second", "order": 0},
            {"id": None, "order": 9},
        ],
        "actions": [{"id": 4, "order": 3}, {"id": None}, {"id": "5"}],
    }
    assert [(one.event, one.action_id) for one in parsed(request).series] == [
        (None, 5),
        ("first", None),
        ("second", None),
        (None, 4),
        ("third", None),
        (None, None),
    ]


@pytest.mark.parametrize("insight", ["STICKINESS", "lifecycle", "FUNNELS"])
def test_only_trends_are_answered(insight: str) -> None:
    assert refusal({"insight": insight}).attr == "insight"
    assert refusal({"filters": {"insight": insight, "interval": "day"}}).attr == "insight"
    assert parsed({"insight": "trends"}) == parsed({})


def test_stickiness_in_its_older_spelling_is_refused_too() -> None:
    assert refusal({"shown_as": "Stickiness"}).attr == "insight"


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
def test_every_interval_is_itself(interval: str) -> None:
    assert parsed({"interval": interval}).interval == interval


def test_an_unknown_interval_is_refused_in_posthogs_words() -> None:
    error = refusal({"interval": "fortnight"})
    assert (error.detail, error.attr) == ("Period fortnight is unsupported.", "interval")


@pytest.mark.parametrize("text", ["true", "1", "y", "yes", "t", "on", "True", True, 1])
def test_what_compare_takes_for_yes(text: object) -> None:
    assert parsed({"compare": text}).compare


@pytest.mark.parametrize("text", ["false", "0", "no", "", False, 0, None])
def test_what_compare_takes_for_no(text: object) -> None:
    assert not parsed({"compare": text}).compare


def test_an_unknown_display_is_a_line() -> None:
    assert parsed({"display": "Hologram"}).display == "ActionsLineGraph"


@pytest.mark.parametrize(
    ("keys", "breakdown"),
    [
        ({"breakdown": "x"}, ("x", "event")),
        ({"breakdown": 5}, ("5", "event")),
        ({"breakdown": ["x"]}, ("x", "event")),
        ({"breakdown": '["x"]'}, ("x", "event")),
        ({"breakdown": "x", "breakdown_type": "events"}, ("x", "event")),
        ({"breakdown": "x", "breakdown_type": "person"}, ("x", "person")),
        ({"breakdown": "x", "breakdown_type": "undefined"}, ("x", "event")),
        ({"breakdown": ["x"], "breakdown_type": "undefined"}, None),
        ({"breakdown_type": "person"}, None),
    ],
)
def test_the_spellings_of_a_breakdown(keys: dict[str, Any], breakdown: tuple[str, str] | None) -> None:
    found = parsed(keys).breakdown
    operand = found.dimensions[0].operand if found else None
    assert (operand and (operand.key, operand.source.value)) == breakdown


def test_of_several_breakdowns_three_count() -> None:
    found = parsed({"breakdowns": [{"property": name} for name in "abcd"]}).breakdown
    assert found is not None
    assert found.several
    assert [one.operand and one.operand.key for one in found.dimensions] == ["a", "b", "c"]


@pytest.mark.parametrize("breakdowns", ["{", {"property": "x"}, ["x"], [{"type": "event"}]])
def test_malformed_breakdowns_are_refused_in_posthogs_words(breakdowns: object) -> None:
    error = refusal({"breakdowns": breakdowns})
    assert error.detail == "breakdowns must be a list of items, each with property and type"


@pytest.mark.parametrize(
    ("keys", "attr"),
    [
        ({"breakdown": "x", "breakdown_limit": "many"}, "breakdown_limit"),
        ({"breakdown": "x", "breakdown_limit": 0}, "breakdown_limit"),
        ({"breakdown": "x", "breakdown_limit": 1001}, "breakdown_limit"),
        ({"breakdown": "x", "breakdown_histogram_bin_count": 1.5}, "breakdown_histogram_bin_count"),
        ({"sampling_factor": 0}, "sampling_factor"),
        ({"sampling_factor": 1.1}, "sampling_factor"),
        ({"sampling_factor": "nan"}, "sampling_factor"),
        ({"sampling_factor": "some"}, "sampling_factor"),
        ({"smoothing_intervals": "x"}, "smoothing_intervals"),
        ({"date_from": 5}, "date_from"),
        ({"events": "["}, "events"),
        ({"events": [5]}, "events"),
        ({"actions": [{"id": "x"}]}, "actions"),
        ({"formula": "A+C", "events": [{"id": "x"}]}, "formula"),
        ({"filters": 5}, "filters"),
        ({"filters": "{"}, "filters"),
        ({"query": "{"}, "query"),
        ({"query": {"kind": "FunnelsQuery"}}, "query"),
    ],
)
def test_errors_name_the_key(keys: dict[str, Any], attr: str) -> None:
    assert refusal(keys).attr == attr


def test_unreadable_properties_are_refused_in_posthogs_words() -> None:
    error = refusal({"properties": "[{"})
    assert (error.detail, error.attr) == ("Properties are unparsable!", "properties")


def test_a_series_own_group_is_a_plain_list() -> None:
    filters = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    group = {"type": "OR", "values": [{"type": "OR", "values": filters}]}
    assert parsed({"events": [{"id": "x", "properties": group}]}) == parsed(
        {"events": [{"id": "x", "properties": filters}]}
    )


def test_a_filter_with_values_is_no_group() -> None:
    group = {"type": "OR", "values": [{"key": "a", "values": ["1", "2"]}]}
    plain = [{"key": "a", "value": ["1", "2"]}]
    assert parsed({"events": [{"id": "x", "properties": group}]}) == parsed(
        {"events": [{"id": "x", "properties": plain}]}
    )


def test_a_series_own_group_may_be_nested_deeply() -> None:
    group: dict[str, Any] = {"key": "a", "value": "1"}
    for _ in range(400):
        group = {"type": "OR", "values": [group]}
    assert parsed({"events": [{"id": "x", "properties": group}]}) == parsed(
        {"events": [{"id": "x", "properties": [{"key": "a", "value": "1"}]}]}
    )


@pytest.mark.parametrize("key", [*LEGACY_KEYS, "insight", "shown_as", "filters", "query"])
def test_json_nested_as_deeply_as_it_can_be_read_does_no_harm(key: str) -> None:
    nested: Any = []
    for _ in range(1000):
        nested = [nested]
    for value in (nested, [{"id": nested, "math": nested, "properties": nested, "property": nested}]):
        try:
            parsed({key: value, "breakdown_type": "event"} if key == "breakdown" else {key: value})
        except InvalidInput:
            continue


def test_paging() -> None:
    assert read_paging({}) == (None, 0)
    assert read_paging({"limit": "10", "offset": "20"}) == (10, 20)


@pytest.mark.parametrize(
    ("request_", "attr"),
    [({"limit": "0"}, "limit"), ({"limit": "x"}, "limit"), ({"offset": "-1"}, "offset"), ({"offset": "1.5"}, "offset")],
)
def test_bad_paging_is_refused_by_name(request_: dict[str, str], attr: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_paging(request_)
    assert caught.value.attr == attr


def test_a_query_of_another_kind_is_a_parse_error() -> None:
    with pytest.raises(InvalidInput) as caught:
        unwrap({"kind": "InsightVizNode", "source": {"kind": "FunnelsQuery"}})
    assert caught.value.code == "parse_error"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=8), child, max_size=3),
    max_leaves=6,
)
_ENTITIES = st.lists(
    st.dictionaries(st.sampled_from(["id", "order", "math", "properties"]), _JSON, max_size=4), max_size=3
)
_KEYS = st.sampled_from(
    "interval date_from properties breakdown breakdown_type breakdowns breakdown_limit compare formula display "
    "smoothing_intervals sampling_factor insight events actions filters query explicit_date".split()
)


@given(st.dictionaries(_KEYS, _JSON | _ENTITIES, max_size=5))
def test_any_json_is_a_trend_or_refused(request: dict[str, Any]) -> None:
    try:
        parsed(request)
    except InvalidInput:
        return
