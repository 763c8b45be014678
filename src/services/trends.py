"""Trends: a query planned, asked of the event store, and assembled; and given again while it is still true."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ..domain.accounts import Project
from ..domain.actions import Action
from ..domain.aggregation import Cell
from ..domain.answers import AnswerCache, Answers, Packed, packed
from ..domain.cohorts import Meaning
from ..domain.errors import InvalidInput
from ..domain.periods import Period
from ..domain.ports import Clock, EventStore, UnitOfWork, UnitOfWorkFactory
from ..domain.properties import Or
from ..domain.refresh import Refresh
from ..domain.saved_actions import action_of
from ..domain.series import SeriesRow, assemble
from ..domain.trend_plan import ALL_USERS, NamedCohort, NamedSeries, Plan, current_period, moments, name_series, plan
from ..domain.trends import TrendQuery
from .cohorts import meaning_of


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
    """Answers trends of one project at a time. What the event store answered is kept in `cache`."""

    def __init__(self, begin: UnitOfWorkFactory, events: EventStore, cache: AnswerCache, now: Clock) -> None:
        self._begin = begin
        self._events = events
        self._cache = cache
        self._now = now

    def run(self, project: Project, query: TrendQuery) -> TrendResult:
        """Answer a trend, from what was computed before if it is still true.

        Raises InvalidInput for unreadable dates, unknown cohorts and answers that are too large.
        """
        result = self.answer(project, query, Refresh.IF_STALE)
        assert result is not None  # noqa: S101 - only `NEVER` may find nothing
        return result

    def answer(self, project: Project, query: TrendQuery, refresh: Refresh, salt: str = "") -> TrendResult | None:
        """As `run`; what may be taken from before is told by `refresh`. None if that leaves nothing.

        Answers are told apart by `salt` too. One is given again only while no event, person, action or cohort
        of the project has changed and no new interval has begun. Empty ones never are.
        """
        now, key = self._now(), cache_key(project, query, salt)
        kept = None if refresh is Refresh.ALWAYS else self._cache.get(key)
        # Before anything is looked at, so that an answer never seems newer than it is.
        revision, period = self._events.revision(project.id), current_period(query, project, now)
        with self._begin(write=False) as work:
            saved = work.actions.revision(project.id), work.cohorts.revision(project.id)
            state = repr((revision, moments(period, now), saved))
            old = Answers.from_kept(kept, state) if kept else None
            if old is None and refresh is Refresh.NEVER:
                return None
            prepared = _prepare(work, project, query, to_ask=old is None)
        if old is not None:
            planned = _plan(project, prepared, old.computed_at, old.earliest)
            return replace(_result(planned, old.cells(), old.computed_at), is_cached=True)
        earliest = self._earliest(project, prepared)
        planned = _plan(project, prepared, now, earliest, period)
        columns: list[Packed] = []
        result = _result(planned, self._asked(planned, columns), now)
        if result.rows and (to_keep := Answers(now, earliest, columns).kept(state)):
            self._cache.put(key, to_keep)
        return result

    def plan(self, project: Project, query: TrendQuery) -> Plan:
        """The questions that a trend comes to now. Raises as `run` does."""
        with self._begin(write=False) as work:
            prepared = _prepare(work, project, query)
        return _plan(project, prepared, self._now(), self._earliest(project, prepared))

    def _earliest(self, project: Project, prepared: _Prepared) -> datetime | None:
        """Since when there are events, for `all`."""
        if prepared.query.date_from != "all" or not prepared.series:
            return None
        return self._events.earliest(project.id, Or(tuple(named.events for named in prepared.series)))

    def _asked(self, planned: Plan, columns: list[Packed]) -> Iterator[Sequence[Cell]]:
        """The cells, question by question; as columns too."""
        for question in planned.questions:
            cells = () if question.aggregation is None else self._events.aggregate(question.aggregation)
            columns.append(packed(cells))
            yield cells


def _plan(
    project: Project, asked: _Prepared, now: datetime, earliest: datetime | None, period: Period | None = None
) -> Plan:
    """`period`: that of the query without regard to when events began."""
    if asked.query.date_from == "all":
        period = None
    return plan(
        asked.query, asked.series, project=project, now=now, earliest=earliest, period=period, cohorts=asked.cohorts
    )


def _result(planned: Plan, cells: Iterable[Sequence[Cell]], now: datetime) -> TrendResult:
    found = assemble(planned, cells)
    return TrendResult(planned, found.rows, found.warnings, found.has_more, now)


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


def _prepare(work: UnitOfWork, project: Project, query: TrendQuery, *, to_ask: bool = True) -> _Prepared:
    """Unless it is `to_ask` the event store, nobody needs to know who is in a cohort."""
    meaning = meaning_of(work, project, of_events=to_ask)
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
