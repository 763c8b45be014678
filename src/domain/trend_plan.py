"""From a trend to the questions that an event store can answer: one a series and period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .accounts import Project
from .actions import Action, matching
from .aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    Count,
    DistinctValues,
    ExpressionMeasure,
    FirstTime,
    Function,
    Measure,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
    Window,
)
from .conditions import OneOf
from .dates import Interval
from .errors import InvalidInput
from .localtime import Calendar, Unit
from .periods import Period, previous, read_period
from .properties import And, Filter, FilterTree, Operand, Source
from .trends import EVERYTHING, Display, Math, Series, TrendQuery

MAX_POINTS = 500_000

_MICROSECOND = timedelta(microseconds=1)
_PER_ACTOR = "_count_per_actor"
_ROLLING_DAYS = {Math.WEEKLY_ACTIVE: 7, Math.MONTHLY_ACTIVE: 30}
# Where a bucket is as long as the look-back or longer, PostHog counts the bucket's own actors.
_LIKE_DAU = {
    (Math.WEEKLY_ACTIVE, Interval.WEEK),
    (Math.WEEKLY_ACTIVE, Interval.MONTH),
    (Math.MONTHLY_ACTIVE, Interval.MONTH),
}


@dataclass(frozen=True, slots=True)
class NamedSeries:
    """A series that exists: its place in the query, its name for people, and which events are its own.

    `events` does not hold the series' or the query's filters.
    """

    index: int
    series: Series
    name: str
    events: FilterTree


@dataclass(frozen=True, slots=True)
class NamedCohort:
    """A cohort to break down by, and the filter that its persons meet. `id` None stands for all users."""

    id: int | None
    name: str
    persons: FilterTree


ALL_USERS = NamedCohort(None, "all users", EVERYTHING)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask for one series in one period, by the period's index. None: there is nothing to look at.

    `cohort`: of whom, in a breakdown by cohorts.
    """

    series: NamedSeries
    period: int
    aggregation: Aggregation | None
    cohort: NamedCohort | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The periods (the current one, then the previous one if compared), and all questions, by period."""

    query: TrendQuery
    series: tuple[NamedSeries, ...]
    periods: tuple[Period, ...]
    questions: tuple[Question, ...]
    cohorts: tuple[NamedCohort, ...] = ()


def name_series(query: TrendQuery, action: Callable[[int], Action | None]) -> tuple[NamedSeries, ...]:
    """The series with their names; a series of an action that does not exist (any more) is left out."""
    named = []
    for index, series in enumerate(query.series):
        if series.action_id is None:
            named.append(_of_event(index, series))
        elif found := action(series.action_id):
            named.append(NamedSeries(index, series, found.name, matching(found)))
    return tuple(named)


def plan(
    query: TrendQuery,
    series: tuple[NamedSeries, ...],
    *,
    project: Project,
    now: datetime,
    earliest: datetime | None = None,
    period: Period | None = None,
    cohorts: tuple[NamedCohort, ...] = (),
) -> Plan:
    """The questions of a query whose series are named. `earliest`: the first event of the series, for `all`.
    `period`: what `current_period` says, if it has been asked. `cohorts`: those of the breakdown, in its order.

    Raises UnreadableDate, and InvalidInput for a range or an answer that is too large.
    """
    current = period or current_period(query, project, now, earliest)
    periods = [current]
    if query.compare:
        human_friendly = project.human_friendly_comparison_periods
        periods.append(previous(current, query.compare_to, human_friendly=human_friendly))
    _bound(query, len(series), periods)
    places: list[tuple[NamedSeries, NamedCohort | None]] = [(named, None) for named in series]
    if cohorts and query.breakdown and query.breakdown.joined:
        places = [(named, cohort) for named in series for cohort in cohorts]
    elif cohorts:
        places = [(named, cohort) for cohort in cohorts for named in series]
    questions = (
        Question(named, index, _aggregation(query, named, period, project, cohort), cohort)
        for index, period in enumerate(periods)
        for named, cohort in places
    )
    return Plan(query, series, tuple(periods), tuple(questions), cohorts)


def current_period(query: TrendQuery, project: Project, now: datetime, earliest: datetime | None = None) -> Period:
    """The period that a query asks about, read at a time. Raises as `plan` does."""
    return read_period(
        query.date_from,
        query.date_to,
        interval=query.interval,
        now=now,
        calendar=Calendar(ZoneInfo(project.timezone), project.week_start_day),
        explicit=query.explicit,
        exact=query.display is Display.BOLD_NUMBER,
        earliest=earliest,
    )


def moments(period: Period, now: datetime) -> tuple[datetime, datetime]:
    """What a result is good for, as far as time goes: the hour in which its range starts, and the interval in
    which its range, or by now the clock, ends."""
    end = period.calendar.start(period.interval.unit, min(period.date_to, now))
    return period.calendar.start(Unit.HOUR, period.date_from), end


def _of_event(index: int, series: Series) -> NamedSeries:
    if series.event is None:
        return NamedSeries(index, series, "All events", EVERYTHING)
    named = Filter(Operand(Source.METADATA, "event"), OneOf((series.event,)))
    return NamedSeries(index, series, series.event, named)


def _bound(query: TrendQuery, series: int, periods: list[Period]) -> None:
    buckets = 1 if query.display.total else sum(len(period.starts) for period in periods)
    rows = 1
    if query.breakdown:
        rows = len(query.breakdown.cohorts) or query.breakdown.limit + 1
    if buckets * rows * max(series, len(query.formulas)) > MAX_POINTS:
        raise InvalidInput(
            f"The answer would have more than {MAX_POINTS} numbers (series × buckets × breakdown values). "
            "Choose a longer interval, a later start or a smaller breakdown_limit.",
            "date_from",
        )


def _aggregation(
    query: TrendQuery, named: NamedSeries, period: Period, project: Project, cohort: NamedCohort | None
) -> Aggregation | None:
    if not period.starts or period.date_from > period.date_to:
        return None
    total = query.display.total
    measure = _measure(query, named, by_distinct_id=project.aggregate_by_distinct_id)
    return Aggregation(
        project_id=project.id,
        window=_window(measure, named.series.math, period, total=total),
        where=And((named.events, named.series.where, query.where, *([cohort.persons] if cohort else []))),
        measure=measure,
        buckets=None if total else period.starts,
        breakdown=_breakdown(query),
        sample=query.sampling,
        unit_starts=_unit_starts(measure, period) if isinstance(measure, RollingActors) else None,
    )


def _window(measure: Measure, math: Math | None, period: Period, *, total: bool) -> Window:
    if total and math in _ROLLING_DAYS:
        before = period.calendar.ago(period.date_to, Unit.DAY, _ROLLING_DAYS[math])
        return Window(before + _MICROSECOND, period.date_to)
    if isinstance(measure, RollingActors):
        return Window(period.calendar.ago(period.date_from, Unit.DAY, measure.days), period.date_to)
    if isinstance(measure, PerActor):
        return Window(period.date_from, period.date_to)
    return Window(period.lower, period.date_to)


def _unit_starts(measure: RollingActors, period: Period) -> tuple[datetime, ...]:
    unit = period.interval.unit if period.interval.by_the_clock else Unit.DAY
    start = period.calendar.ago(period.date_from, Unit.DAY, measure.days)
    return tuple(period.calendar.starts(unit, start, period.date_to))


def _breakdown(query: TrendQuery) -> Breakdown | None:
    if query.breakdown is None or query.breakdown.cohorts:
        return None
    return Breakdown(
        query.breakdown.dimensions,
        limit=query.breakdown.limit,
        offset=query.offset,
        nulls_last=not query.display.total,
    )


def _measure(query: TrendQuery, named: NamedSeries, *, by_distinct_id: bool) -> Measure:
    series, once = named.series, query.display is Display.CUMULATIVE
    match series.math:
        case None | Math.TOTAL:
            return Count()
        case Math.DAU:
            return Actors(by_distinct_id, once)
        case Math.WEEKLY_ACTIVE | Math.MONTHLY_ACTIVE:
            if query.display.total or (series.math, query.interval) in _LIKE_DAU:
                return Actors(by_distinct_id)
            return RollingActors(_ROLLING_DAYS[series.math], by_distinct_id)
        case Math.UNIQUE_SESSION:
            return DistinctValues(Operand(Source.EVENT, "$session_id"), count_missing=True)
        case Math.UNIQUE_GROUP:
            group = Operand(Source.METADATA, f"$group_{series.math_group_type_index}")
            return DistinctValues(group, once=once)
        case Math.FIRST_TIME_FOR_USER:
            return FirstTime(named.events, by_distinct_id)
        case Math.FIRST_MATCHING_EVENT_FOR_USER:
            return FirstTime(And((named.events, series.where, query.where)), by_distinct_id)
        case Math.HOGQL:
            return ExpressionMeasure(series.math_hogql or "")
        case math if math.endswith(_PER_ACTOR):
            return PerActor(Function(math.removesuffix(_PER_ACTOR)), by_distinct_id)
        case math:
            return _number_of(Function(math), series)


def _number_of(function: Function, series: Series) -> Measure:
    if not series.math_property:
        return Count()
    if series.math_property == "$session_duration":
        return SessionDuration(function)
    source = Source.PERSON if series.of_person else Source.EVENT
    return NumberOf(function, Operand(source, series.math_property))
