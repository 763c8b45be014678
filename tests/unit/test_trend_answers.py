"""The exact shape of a trend's rows, as JSON and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hedgerow.domain.actions import Action
from hedgerow.domain.aggregation import Cell, CellKind
from hedgerow.domain.series import assemble
from hedgerow.domain.trend_plan import name_series, plan
from hedgerow.domain.trend_requests import trends_query_of
from hedgerow.domain.trends_query import parse_trends_query
from hedgerow.entrypoints.trend_answers import csv_file_name, csv_rows, is_full_page, series_bodies
from hedgerow.services.trends import TrendResult

from ..trend_fixtures import a_project, instant

RANGE = {"date_from": "2012-01-13", "date_to": "2012-01-15"}
VIEWS: dict[str, Any] = {"events": [{"id": "$pageview"}], **RANGE}


def result(request: dict[str, Any], *answers: Sequence[Cell], zone: str = "UTC") -> TrendResult:
    project, now = a_project(timezone=zone), instant("2012-01-15 04:01:34")
    query = parse_trends_query(trends_query_of(request), project)
    planned = plan(query, name_series(query, lambda number: Action(number, "Signed up")), project=project, now=now)
    found = assemble(planned, answers)
    return TrendResult(planned, found.rows, found.warnings, found.has_more, now)


def test_a_row_over_time() -> None:
    assert series_bodies(result(VIEWS, [Cell(1, 2.0)])) == [
        {
            "data": [0, 2, 0],
            "labels": ["13-Jan-2012", "14-Jan-2012", "15-Jan-2012"],
            "days": ["2012-01-13", "2012-01-14", "2012-01-15"],
            "count": 2.0,
            "label": "$pageview",
            "order": 0,
            "filter": {
                "insight": "TRENDS",
                "filter_test_accounts": False,
                "date_to": "2012-01-15T23:59:59.999999Z",
                "date_from": "2012-01-13T00:00:00Z",
                "entity_type": "events",
                "interval": "day",
                "display": "ActionsLineGraph",
                "smoothingIntervals": 1,
                "showLegend": False,
            },
            "action": {
                "days": ["2012-01-13T00:00:00Z", "2012-01-14T00:00:00Z", "2012-01-15T00:00:00Z"],
                "id": "$pageview",
                "type": "events",
                "order": 0,
                "name": "$pageview",
                "custom_name": None,
                "math": None,
                "math_property": None,
                "math_hogql": None,
                "math_group_type_index": None,
                "properties": {},
            },
        }
    ]


def test_a_total_has_no_labels() -> None:
    (row,) = series_bodies(result({**VIEWS, "display": "BoldNumber"}, [Cell(0, 10.0)]))
    assert {key: row[key] for key in row if key not in ("filter", "action")} == {
        "data": [],
        "days": [],
        "count": 0,
        "aggregated_value": 10,
        "label": "$pageview",
        "order": 0,
    }


def test_an_action_is_named_and_posthog_calls_its_type_events() -> None:
    (row,) = series_bodies(result({"actions": [{"id": 4}], **RANGE}, []))
    assert row["label"] == "Signed up"
    assert isinstance(row["action"], dict)
    assert (row["action"]["id"], row["action"]["type"]) == ("Signed up", "events")


def test_all_events_have_a_name() -> None:
    (row,) = series_bodies(result({"events": [{"id": None, "custom_name": "Mine"}], **RANGE}, []))
    assert row["label"] == "All events"
    assert isinstance(row["action"], dict)
    assert row["action"]["custom_name"] == "Mine"


def test_times_are_the_projects() -> None:
    (row,) = series_bodies(result(VIEWS, [], zone="Europe/Berlin"))
    assert isinstance(row["filter"], dict)
    assert row["filter"]["date_from"] == "2012-01-13T00:00:00+01:00"


def test_a_running_sum_counts_its_last_value() -> None:
    (row,) = series_bodies(result({**VIEWS, "display": "ActionsLineGraphCumulative"}, [Cell(0, 2), Cell(1, 1)]))
    assert (row["data"], row["count"]) == ([2, 3, 3], 3.0)


def test_breakdown_values_have_sentinels_and_kinds() -> None:
    cells = [Cell(0, 3, ("Chrome",)), Cell(0, 2, (None,)), Cell(0, 1, (), CellKind.OTHER)]
    rows = series_bodies(result({**VIEWS, "breakdown": "$browser"}, cells))
    assert [(row["breakdown_value"], row["breakdown_kind"], row["label"]) for row in rows] == [
        ("Chrome", "value", "Chrome"),
        ("$$_posthog_breakdown_null_$$", "none", "$$_posthog_breakdown_null_$$"),
        ("$$_posthog_breakdown_other_$$", "other", "$$_posthog_breakdown_other_$$"),
    ]


def test_even_one_of_several_breakdowns_is_a_list() -> None:
    (row,) = series_bodies(result({**VIEWS, "breakdowns": [{"property": "$browser"}]}, [Cell(0, 3, ("Chrome",))]))
    assert row["breakdown_value"] == ["Chrome"]


def test_previous_rows_have_their_own_days_but_the_current_action_days() -> None:
    current, previous = series_bodies(result({**VIEWS, "compare": True}, [], []))
    assert (current["compare"], current["compare_label"], previous["compare_label"]) == (True, "current", "previous")
    assert previous["days"] == ["2012-01-10", "2012-01-11", "2012-01-12"]
    assert isinstance(previous["action"], dict)
    assert previous["action"]["days"] == ["2012-01-13T00:00:00Z", "2012-01-14T00:00:00Z", "2012-01-15T00:00:00Z"]


def test_a_formula_has_its_text_or_its_name() -> None:
    (row,) = series_bodies(result({**VIEWS, "formula": "A*2"}, [Cell(0, 1)]))
    assert (row["label"], row["action"], row["data"], row["count"]) == ("Formula (A*2)", None, [2, 0, 0], 2)
    query = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "x"}],
        "trendsFilter": {"formulaNodes": [{"formula": "A", "custom_name": "mine"}]},
    }
    (row,) = series_bodies(result({"query": query}, []))
    assert row["label"] == "mine"


def test_a_total_of_a_formula_has_no_data() -> None:
    (row,) = series_bodies(result({**VIEWS, "formula": "A*2", "display": "ActionsPie"}, [Cell(0, 3)]))
    assert (row["data"], row["count"], row["aggregated_value"]) == (None, 0, 6.0)


def test_there_is_a_next_page_only_after_a_full_one() -> None:
    request = {**VIEWS, "breakdown": "x", "breakdown_limit": 2}
    assert not is_full_page(result(VIEWS, []))
    assert not is_full_page(result(request, [Cell(0, 1, ("a",))]))
    assert is_full_page(result(request, [Cell(0, 1, ("a",)), Cell(0, 1, ("b",))]))


def test_csv_has_a_column_for_each_bucket() -> None:
    request = {"events": [{"id": "a"}, {"id": "b", "custom_name": "Bees", "order": 1}], **RANGE}
    assert list(csv_rows(result(request, [Cell(1, 2)], [Cell(0, 1)]))) == [
        ["series", "13-Jan-2012", "14-Jan-2012", "15-Jan-2012"],
        ["a", 0, 2, 0],
        ["Bees", 1, 0, 0],
    ]


def test_csv_of_nothing_has_its_header() -> None:
    assert list(csv_rows(result(RANGE))) == [["series", "13-Jan-2012", "14-Jan-2012", "15-Jan-2012"]]
    assert list(csv_rows(result({**RANGE, "display": "BoldNumber"}))) == [["series", "aggregated_value"]]


def test_csv_of_totals() -> None:
    rows = csv_rows(result({**VIEWS, "display": "ActionsTable"}, [Cell(0, 10)]))
    assert list(rows) == [["series", "aggregated_value"], ["$pageview", 10]]


def test_csv_names_columns_by_day_where_labels_are_not_unique() -> None:
    request = {"events": [{"id": "a"}], "interval": "hour", "date_from": "2011-01-01", "date_to": "2012-01-02"}
    header = next(csv_rows(result(request, [])))
    assert header[1] == "2011-01-01 00:00:00"
    assert len(set(header)) == len(header)


def test_csv_keeps_both_of_an_hour_that_comes_twice() -> None:
    request = {
        "events": [{"id": "a"}],
        "interval": "hour",
        "date_from": "2011-10-30 00:00",
        "date_to": "2011-10-30 05:00",
    }
    header, row = csv_rows(result(request, [Cell(2, 1), Cell(3, 2)], zone="Europe/Berlin"))
    assert header[3:5] == ["2011-10-30 02:00:00"] * 2
    assert row[1:] == [0, 0, 1, 2, 0, 0, 0]


def test_csv_of_a_comparison_puts_each_number_under_its_day() -> None:
    rows = list(
        csv_rows(result({**VIEWS, "compare": "true", "compare_to": "-1d"}, [Cell(0, 1)], [Cell(0, 2), Cell(1, 3)]))
    )
    assert rows == [
        ["series", "13-Jan-2012", "14-Jan-2012", "15-Jan-2012", "12-Jan-2012"],
        ["$pageview", 1, 0, 0, ""],
        ["$pageview", 3, 0, "", 2],
    ]


@pytest.mark.parametrize(
    ("name", "keys", "expected"),
    [
        ("Active Users!", {}, "active-users (2012-01-13 - 2012-01-15) from Hedgerow.csv"),
        (None, {}, "export (2012-01-13 - 2012-01-15) from Hedgerow.csv"),
        ('"\r\n/..', {}, "export (2012-01-13 - 2012-01-15) from Hedgerow.csv"),
        ("x", {"date_from": "all", "date_to": None}, "x (up until 2012-01-15) from Hedgerow.csv"),
    ],
)
def test_csv_files_are_named_by_export_and_range(name: str | None, keys: dict[str, Any], expected: str) -> None:
    assert csv_file_name(result({**VIEWS, **keys}, []), name) == expected
