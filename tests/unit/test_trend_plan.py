"""Which question a series becomes."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hedgerow.domain.aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    Count,
    Dimension,
    DistinctValues,
    FirstTime,
    Function,
    Measure,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
    Window,
)
from hedgerow.domain.dates import Interval
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.properties import Operand, Source
from hedgerow.domain.trend_plan import MAX_POINTS, name_series, plan
from hedgerow.domain.trends import Display, Math, Series, TrendBreakdown, TrendQuery

from ..trend_fixtures import a_project, instant

NOW = instant("2020-01-15 12:00")
DAY_END = timedelta(days=1) - timedelta(microseconds=1)


def question(series: Series, project: dict[str, Any] | None = None, **keys: Any) -> Aggregation:
    query = TrendQuery((series,), **keys)
    named = name_series(query, lambda action_id: None)
    aggregation = plan(query, named, project=a_project(**(project or {})), now=NOW).questions[0].aggregation
    assert aggregation is not None
    return aggregation


@pytest.mark.parametrize(
    ("series", "measure"),
    [
        (Series("a"), Count()),
        (Series("a", math=Math.DAU), Actors()),
        (Series("a", math=Math.WEEKLY_ACTIVE), RollingActors(7)),
        (Series("a", math=Math.MONTHLY_ACTIVE), RollingActors(30)),
        (Series("a", math=Math.UNIQUE_SESSION), DistinctValues(Operand(Source.EVENT, "$session_id"), True)),
        (
            Series("a", math=Math.UNIQUE_GROUP, math_group_type_index=2),
            DistinctValues(Operand(Source.METADATA, "$group_2")),
        ),
        (Series("a", math=Math.SUM, math_property="x"), NumberOf(Function.SUM, Operand(Source.EVENT, "x"))),
        (
            Series("a", math=Math.P90, math_property="x", of_person=True),
            NumberOf(Function.P90, Operand(Source.PERSON, "x")),
        ),
        (Series("a", math=Math.MEDIAN, math_property="$session_duration"), SessionDuration(Function.MEDIAN)),
        (Series("a", math=Math.SUM), Count()),
        (Series("a", math=Math.P99_COUNT_PER_ACTOR), PerActor(Function.P99)),
    ],
)
def test_maths_are_measures(series: Series, measure: object) -> None:
    assert question(series).measure == measure


@pytest.mark.parametrize("math", list(Math))
def test_every_math_has_a_measure(math: Math) -> None:
    series = Series("a", math=math, math_property="x", math_group_type_index=0, math_hogql="count()")
    assert isinstance(question(series).measure, Measure)


@pytest.mark.parametrize(
    ("math", "interval"),
    [
        (Math.WEEKLY_ACTIVE, Interval.WEEK),
        (Math.WEEKLY_ACTIVE, Interval.MONTH),
        (Math.MONTHLY_ACTIVE, Interval.MONTH),
    ],
)
def test_rolling_actives_of_buckets_no_shorter_are_the_buckets_own(math: Math, interval: Interval) -> None:
    assert question(Series("a", math=math), interval=interval).measure == Actors()


def test_only_over_time_does_no_value_rank_last() -> None:
    breakdown = TrendBreakdown((Dimension(Operand(Source.EVENT, "x")),), limit=5)
    for display, nulls_last in ((Display.LINE, True), (Display.TABLE, False)):
        asked = question(Series("a"), breakdown=breakdown, display=display, offset=10).breakdown
        assert asked == Breakdown(breakdown.dimensions, limit=5, offset=10, nulls_last=nulls_last)


def test_the_project_says_how_long_a_month_is_in_a_comparison() -> None:
    query = TrendQuery((Series("a"),), date_from="-7d", compare=True, compare_to="-1m")
    starts = [
        plan(query, (), project=a_project(human_friendly_comparison_periods=weeks), now=NOW).periods[1].days[0]
        for weeks in (False, True)
    ]
    assert starts == ["2019-12-08", "2019-12-11"]


def test_cumulative_actors_count_once() -> None:
    assert question(Series("a", math=Math.DAU), display=Display.CUMULATIVE).measure == Actors(once=True)


def test_the_first_time_ever_ignores_filters_and_the_first_match_does_not() -> None:
    wanted = Series("a", math=Math.FIRST_TIME_FOR_USER)
    aggregation = question(wanted)
    assert isinstance(aggregation.measure, FirstTime)
    assert aggregation.measure.first != aggregation.where
    aggregation = question(Series("a", math=Math.FIRST_MATCHING_EVENT_FOR_USER))
    assert isinstance(aggregation.measure, FirstTime)
    assert aggregation.measure.first == aggregation.where


def test_a_count_sees_whole_days() -> None:
    window = question(Series("a")).window
    assert window == Window(instant("2020-01-08"), instant("2020-01-15") + DAY_END)


def test_a_month_counts_from_its_first_day_but_actors_from_the_date() -> None:
    keys: dict[str, Any] = {"date_from": "2020-01-10", "interval": Interval.MONTH}
    assert question(Series("a"), **keys).window.start == instant("2020-01-01")
    assert question(Series("a", math=Math.AVG_COUNT_PER_ACTOR), **keys).window.start == instant("2020-01-10")


def test_rolling_actives_read_what_lies_before_the_range_across_a_change_of_clocks() -> None:
    aggregation = question(
        Series("a", math=Math.MONTHLY_ACTIVE),
        {"timezone": "Europe/Berlin"},
        date_from="2020-04-05",
        date_to="2020-04-06",
    )
    assert aggregation.window.start == instant("2020-03-06", "Europe/Berlin")
    assert aggregation.unit_starts is not None
    assert aggregation.unit_starts[0] <= aggregation.window.start
    assert set(aggregation.buckets or ()) <= set(aggregation.unit_starts)
    widths = {later - earlier for earlier, later in pairwise(aggregation.unit_starts)}
    assert widths == {timedelta(hours=23), timedelta(hours=24)}


def test_a_total_of_rolling_actives_ignores_the_start() -> None:
    aggregation = question(Series("a", math=Math.WEEKLY_ACTIVE), display=Display.TABLE, date_from="-90d")
    assert aggregation.measure == Actors()
    assert aggregation.buckets is None
    assert aggregation.window == Window(instant("2020-01-09"), instant("2020-01-15") + DAY_END)


def test_a_bold_number_is_exact() -> None:
    aggregation = question(Series("a"), display=Display.BOLD_NUMBER)
    assert aggregation.window == Window(instant("2020-01-08 12:00"), NOW)


def test_an_answer_that_is_too_large_is_refused_with_the_limit() -> None:
    breakdown = TrendBreakdown((Dimension(Operand(Source.EVENT, "x")),), limit=1000)
    with pytest.raises(InvalidInput, match=str(MAX_POINTS)):
        question(Series("a"), interval=Interval.MINUTE, date_from="-1d", breakdown=breakdown)


def test_an_unreadable_date_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        question(Series("a"), date_from="yesterday")
    assert refusal.value.attr == "date_from"
