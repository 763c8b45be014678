"""Trends: a query planned, asked of the event store, and assembled; and given again while it is still true."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.accounts import Project
from ..domain.actions import Action
from ..domain.aggregation import Aggregation, Cell
from ..domain.cohorts import Meaning
from ..domain.errors import InvalidInput
from ..domain.periods import Period
from ..domain.ports import Clock, EventStore, UnitOfWork, UnitOfWorkFactory
from ..domain.properties import Or
from ..domain.refresh import Refresh
from ..domain.saved_actions import action_of
from ..domain.series import SeriesRow, assemble
from ..domain.trend_plan import ALL_USERS, NamedCohort, NamedSeries, Plan, current_period, moments, name_series, plan
from ..domain.trends import EVERYTHING, TrendQuery
from .cohorts import meaning_of
from .results import RecentResults

# About what a number and a row take in memory.
_NUMBER_BYTES = 32
_ROW_BYTES = 1024


@dataclass(frozen=True, slots=True)
class TrendResult:
    """The rows in the order of the answer, with the plan that tells their buckets.

    `has_more`: breakdown values were added up in a row for the rest, shown or not. `computed_at`: the time
    that counted as now, aware UTC.
    """

    plan: Plan
    rows: tuple[SeriesRow, ...]
    warnings: tuple[str, ...]
    has_more: bool
    computed_at: datetime
    is_cached: bool = False


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A query whose actions and cohorts have been looked up."""

    query: TrendQuery
    series: tuple[NamedSeries, ...]
    cohorts: tuple[NamedCohort, ...]


class TrendService:
    """Answers trends of one project at a time."""

    def __init__(self, begin: UnitOfWorkFactory, events: EventStore, now: Clock) -> None:
        self._begin = begin
        self._events = events
        self._now = now
        self.results: RecentResults[TrendResult] = RecentResults()

    def run(self, project: Project, query: TrendQuery) -> TrendResult:
        """Answer a trend, from what was computed before if it is still true.

        Raises InvalidInput for unreadable dates, unknown cohorts and answers that are too large.
        """
        result = self.answer(project, query, Refresh.IF_STALE)
        assert result is not None  # noqa: S101 - only `NEVER` may find nothing
        return result

    def answer(self, project: Project, query: TrendQuery, refresh: Refresh, salt: str = "") -> TrendResult | None:
        """As `run`; what may be taken from before is told by `refresh`. None if that leaves nothing.

        Results are told apart by `salt` too. One is given again only while no event, person, action or cohort
        of the project has changed and no new interval has begun. Empty ones never are.
        """
        now, key = self._now(), cache_key(project, query, salt)
        # Before anything is looked at, so that a result never seems newer than it is.
        revision, period = self._events.revision(project.id), current_period(query, project, now)
        state: object = (revision, moments(period, now))
        with self._begin(write=False) as work:
            state = (state, work.actions.revision(project.id), work.cohorts.revision(project.id))
            if refresh is not Refresh.ALWAYS and (kept := self.results.get(key, state)):
                return replace(kept, is_cached=True)
            if refresh is Refresh.NEVER:
                return None
            prepared = _prepare(work, project, query)
        result = self._compute(self._plan(project, prepared, now, period), now)
        if result.rows:
            lean = _lean(result)
            self.results.put(key, state, lean, _size(lean))
        return result

    def plan(self, project: Project, query: TrendQuery) -> Plan:
        """The questions that a trend comes to now. Raises as `run` does."""
        with self._begin(write=False) as work:
            prepared = _prepare(work, project, query)
        return self._plan(project, prepared, self._now())

    def _plan(self, project: Project, asked: _Prepared, now: datetime, period: Period | None = None) -> Plan:
        """`period`: that of the query without regard to when events began."""
        earliest = None
        if asked.query.date_from == "all":
            earliest, period = self._earliest(project, asked.series), None
        return plan(
            asked.query,
            asked.series,
            project=project,
            now=now,
            earliest=earliest,
            period=period,
            cohorts=asked.cohorts,
        )

    def _compute(self, planned: Plan, now: datetime) -> TrendResult:
        found = assemble(planned, (self._ask(question.aggregation) for question in planned.questions))
        return TrendResult(planned, found.rows, found.warnings, found.has_more, now)

    def _earliest(self, project: Project, series: tuple[NamedSeries, ...]) -> datetime | None:
        if not series:
            return None
        return self._events.earliest(project.id, Or(tuple(named.events for named in series)))

    def _ask(self, aggregation: Aggregation | None) -> Sequence[Cell]:
        return () if aggregation is None else self._events.aggregate(aggregation)


def cache_key(project: Project, query: TrendQuery, salt: str = "") -> str:
    """What a result is found by: the whole query as it was read, and the project with its settings."""
    return hashlib.sha256(repr((project, query, salt)).encode(errors="surrogatepass")).hexdigest()


def named_series(
    work: UnitOfWork, project: Project, query: TrendQuery, meaning: Meaning | None = None
) -> tuple[NamedSeries, ...]:
    """The query's series, with what their actions and cohorts mean in the place of them."""
    meaning = meaning or meaning_of(work, project, of_events=True)

    def action(action_id: int) -> Action | None:
        saved = work.actions.get(project.id, action_id)
        return None if saved is None or saved.deleted else action_of(saved, project)

    return tuple(
        replace(
            named,
            events=meaning.of(named.events),
            series=replace(named.series, where=meaning.of(named.series.where)),
        )
        for named in name_series(query, action)
    )


def _prepare(work: UnitOfWork, project: Project, query: TrendQuery) -> _Prepared:
    meaning = meaning_of(work, project, of_events=True)
    series = named_series(work, project, query, meaning)
    cohorts = query.breakdown.cohorts if query.breakdown else ()
    return _Prepared(
        replace(query, where=meaning.of(query.where)),
        series,
        tuple(_named_cohort(meaning, cohort_id) for cohort_id in cohorts),
    )


def _named_cohort(meaning: Meaning, cohort_id: int | None) -> NamedCohort:
    if cohort_id is None:
        return ALL_USERS
    cohort = meaning.find(cohort_id)
    if cohort is None or cohort.deleted:
        raise InvalidInput(f"Cohort {cohort_id} does not exist.", "breakdown")
    return NamedCohort(cohort_id, cohort.name, meaning.of_cohort(cohort_id))


def _lean(result: TrendResult) -> TrendResult:
    """The result without the filters that were asked with: they may be large, and an answer does not need them."""
    series = {
        named.index: replace(named, events=EVERYTHING, series=replace(named.series, where=EVERYTHING))
        for named in result.plan.series
    }
    cohorts = (replace(cohort, persons=EVERYTHING) for cohort in result.plan.cohorts)
    planned = replace(
        result.plan,
        query=replace(result.plan.query, where=EVERYTHING, series=()),
        series=tuple(series.values()),
        questions=(),
        cohorts=tuple(cohorts),
    )
    rows = (replace(row, series=series[row.series.index]) for row in result.rows)
    return replace(result, plan=planned, rows=tuple(rows))


def _size(result: TrendResult) -> int:
    buckets = sum(len(period.starts) for period in result.plan.periods)
    numbers = sum(len(row.data) for row in result.rows)
    # Of each bucket there are three texts and times, each several numbers long.
    return _ROW_BYTES * (len(result.rows) + 10) + _NUMBER_BYTES * (numbers + 10 * buckets)
