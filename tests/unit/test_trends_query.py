"""Reading a TrendsQuery: everything it may say, and the refusal of everything else."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.properties import CohortFilter, Operand, Source, leaves
from hedgerow.domain.trends import Display, Math, NamedFormula, TrendQuery
from hedgerow.domain.trends_query import MAX_ECHO, MAX_SERIES, parse_trends_query
from hedgerow.domain.wire import MAX_TEXT

from ..trend_fixtures import a_project

FULL: dict[str, Any] = {
    "kind": "TrendsQuery",
    "series": [
        {
            "kind": "EventsNode",
            "event": "$pageview",
            "name": None,
            "custom_name": None,
            "math": "dau",
            "math_property": None,
            "math_property_type": None,
            "math_hogql": None,
            "math_group_type_index": None,
            "properties": [],
        },
        {"kind": "ActionsNode", "id": 12, "math": "total"},
    ],
    "interval": "day",
    "dateRange": {"date_from": "-7d", "date_to": None, "explicitDate": False},
    "properties": [{"type": "event", "key": "$browser", "operator": "exact", "value": ["Chrome"]}],
    "filterTestAccounts": False,
    "samplingFactor": None,
    "breakdownFilter": {
        "breakdown": "$browser",
        "breakdown_type": "event",
        "breakdowns": None,
        "breakdown_limit": None,
        "breakdown_normalize_url": None,
        "breakdown_histogram_bin_count": None,
        "breakdown_group_type_index": None,
        "breakdown_hide_other_aggregation": None,
    },
    "compareFilter": {"compare": False, "compare_to": None},
    "trendsFilter": {
        "display": "ActionsLineGraph",
        "smoothingIntervals": 1,
        "formula": None,
        "formulas": None,
        "formulaNodes": [{"formula": "A+B", "custom_name": "x"}],
        "showLegend": True,
        "goalLines": [],
    },
    "aggregation_group_type_index": None,
    "conversionGoal": None,
}


def deep(levels: int) -> list[Any]:
    """A list in a list in a list."""
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


def parsed(**keys: Any) -> TrendQuery:
    return parse_trends_query({"kind": "TrendsQuery", "series": [{"kind": "EventsNode"}], **keys}, a_project())


def refusal(**keys: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        parsed(**keys)
    return caught.value


def test_it_reads_every_key() -> None:
    query = parse_trends_query(FULL, a_project())
    assert [(one.event, one.action_id, one.math) for one in query.series] == [
        ("$pageview", None, Math.DAU),
        (None, 12, Math.TOTAL),
    ]
    assert query.date_from == "-7d"
    assert query.breakdown is not None
    assert query.breakdown.dimensions[0].operand == Operand(Source.EVENT, "$browser")
    assert query.breakdown.limit == 25
    assert query.formulas == (NamedFormula("A+B", "x"),)


def test_the_echo_merges_the_parts_and_leaves_nulls_out() -> None:
    echo = parse_trends_query(FULL, a_project()).echo
    assert echo == {
        "insight": "TRENDS",
        "filter_test_accounts": False,
        "entity_type": "events",
        "interval": "day",
        "breakdown": "$browser",
        "breakdown_type": "event",
        "display": "ActionsLineGraph",
        "smoothingIntervals": 1,
        "formulaNodes": [{"formula": "A+B", "custom_name": "x"}],
        "showLegend": True,
        "goalLines": [],
    }


@pytest.mark.parametrize(
    ("keys", "attr"),
    [
        ({"seris": []}, "seris"),
        ({"series": [{"kind": "EventsNode", "evnt": "x"}]}, "series__0__evnt"),
        ({"series": [{"kind": "DataWarehouseNode"}]}, "series__0__kind"),
        ({"series": ["x"]}, "series__0__kind"),
        ({"series": {}}, "series"),
        ({"series": [{"kind": "EventsNode", "event": 5}]}, "series__0__event"),
        ({"series": [{"kind": "EventsNode", "math": "mode"}]}, "series__0__math"),
        ({"series": [{"kind": "ActionsNode"}]}, "series__0__id"),
        ({"dateRange": {"from": "x"}}, "from"),
        ({"dateRange": 5}, "dateRange"),
        ({"filterTestAccounts": "yes"}, "filterTestAccounts"),
        ({"breakdownFilter": {"breakdown_type": "moon", "breakdown": "x"}}, "breakdown_type"),
        ({"breakdownFilter": {"breakdown": {"a": 1}}}, "breakdown"),
        ({"breakdownFilter": {"breakdown": ["x", "y"]}}, "breakdown"),
        ({"breakdownFilter": {"breakdowns": [{"type": "event"}]}}, "breakdowns__0__property"),
        ({"trendsFilter": {"display": "Hologram"}}, "display"),
        ({"trendsFilter": {"smoothingIntervals": "x"}}, "smoothingIntervals"),
        ({"trendsFilter": {"formulas": [5]}}, "formulas"),
    ],
)
def test_what_is_no_trends_query_is_a_parse_error_that_names_the_place(keys: dict[str, Any], attr: str) -> None:
    error = refusal(**keys)
    assert (error.code, error.attr) == ("parse_error", attr)


@pytest.mark.parametrize(
    ("keys", "attr"),
    [
        ({"samplingFactor": 0}, "samplingFactor"),
        ({"samplingFactor": 2}, "samplingFactor"),
        ({"breakdownFilter": {"breakdown": "x", "breakdown_limit": 1001}}, "breakdown_limit"),
        ({"trendsFilter": {"smoothingIntervals": 0}}, "smoothingIntervals"),
        ({"conversionGoal": {"actionId": 1}}, "conversionGoal"),
        ({"trendsFilter": {"formula": "B"}}, "formula"),
        ({"properties": [{"key": "a", "operator": "like", "value": "b"}]}, "properties__0__operator"),
        (
            {"series": [{"kind": "EventsNode", "properties": [{"key": "a", "operator": "regex", "value": "("}]}]},
            "series__0__properties__0",
        ),
        ({"series": [{"kind": "EventsNode", "math": "unique_group"}]}, "series__0__math_group_type_index"),
        ({"series": [{"kind": "EventsNode", "math": "hogql"}]}, "series__0__math_hogql"),
        ({"series": [{"kind": "EventsNode"}] * (MAX_SERIES + 1)}, "series"),
        ({"breakdownFilter": {"breakdown": list(range(51)), "breakdown_type": "cohort"}}, "breakdown"),
        ({"trendsFilter": {"resultCustomizations": "x" * MAX_ECHO}}, "trendsFilter"),
        ({"trendsFilter": {"goalLines": deep(500)}}, "trendsFilter"),
        ({"series": [{"kind": "EventsNode", "event": "x" * (MAX_TEXT + 1)}]}, "series__0__event"),
    ],
)
def test_what_cannot_be_is_refused_by_name(keys: dict[str, Any], attr: str) -> None:
    error = refusal(**keys)
    assert error.code != "parse_error"
    assert error.attr == attr


def test_more_than_three_breakdowns_are_refused_with_the_limit() -> None:
    error = refusal(breakdownFilter={"breakdowns": [{"property": name} for name in "abcd"]})
    assert "at most 3" in error.detail


def test_an_unknown_interval_is_refused_in_posthogs_words() -> None:
    error = refusal(interval="second")
    assert (error.detail, error.attr) == ("Period second is unsupported.", "interval")


@pytest.mark.parametrize("key", sorted(set(FULL) - {"kind"}))
def test_json_nested_as_deeply_as_it_can_be_read_is_refused(key: str) -> None:
    """Deeper than Python may recurse."""
    error = refusal(**{key: deep(1000)})
    assert error.detail


def test_limits_are_named() -> None:
    assert str(MAX_SERIES) in refusal(series=[{"kind": "EventsNode"}] * (MAX_SERIES + 1)).detail


def test_formula_nodes_win_over_formulas_and_these_over_a_formula() -> None:
    keys: dict[str, Any] = {"formula": "A", "formulas": ["A+1", "A+2"], "formulaNodes": [{"formula": "A+3"}]}
    assert [one.text for one in parsed(trendsFilter=keys).formulas] == ["A+3"]
    del keys["formulaNodes"]
    assert [one.text for one in parsed(trendsFilter=keys).formulas] == ["A+1", "A+2"]
    del keys["formulas"]
    assert [one.text for one in parsed(trendsFilter=keys).formulas] == ["A"]


def test_a_display_of_totals_is_by_day() -> None:
    query = parsed(interval="month", trendsFilter={"display": "BoldNumber"})
    assert (query.display, query.interval) == (Display.BOLD_NUMBER, "day")


def test_a_world_map_has_250_values_whatever_is_asked() -> None:
    query = parsed(
        trendsFilter={"display": "WorldMap"},
        breakdownFilter={"breakdown": "$geoip_country_code", "breakdown_limit": 5},
    )
    assert query.breakdown is not None
    assert query.breakdown.limit == 250


def test_a_whole_sample_is_no_sample() -> None:
    assert parsed(samplingFactor=1).sampling is None


def test_test_account_filters_are_read_when_asked_for() -> None:
    project = a_project(test_account_filters=({"type": "cohort", "key": "id", "value": 5},))
    source = {"kind": "TrendsQuery", "series": []}
    assert list(leaves(parse_trends_query(source, project).where)) == []
    asked = parse_trends_query({**source, "filterTestAccounts": True}, project)
    assert list(leaves(asked.where)) == [CohortFilter(5)]


def test_a_breakdown_by_expression_keeps_its_text() -> None:
    found = parsed(breakdownFilter={"breakdown": "properties.$browser", "breakdown_type": "hogql"}).breakdown
    assert found is not None
    assert (found.dimensions[0].operand, found.dimensions[0].expression) == (None, "properties.$browser")


def test_a_group_breakdown_keeps_its_index() -> None:
    found = parsed(
        breakdownFilter={"breakdowns": [{"type": "group", "property": "industry", "group_type_index": 2}]}
    ).breakdown
    assert found is not None
    assert found.dimensions[0].operand == Operand(Source.GROUP, "industry", 2)
