"""Trends: a query planned, asked of the event store, and assembled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..domain.accounts import Project
from ..domain.actions import Action
from ..domain.aggregation import Aggregation, Cell
from ..domain.errors import InvalidInput
from ..domain.ports import Clock, EventStore
from ..domain.properties import CohortFilter, Or, leaves
from ..domain.series import SeriesRow, assemble
from ..domain.trend_plan import NamedSeries, Plan, name_series, plan
from ..domain.trends import TrendQuery


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


def no_action(action_id: int) -> Action | None:
    """There are no actions."""
    return None


class TrendService:
    """Answers trends of one project at a time."""

    def __init__(self, events: EventStore, now: Clock, action: Callable[[int], Action | None] = no_action) -> None:
        self._events = events
        self._now = now
        self._action = action

    def run(self, project: Project, query: TrendQuery) -> TrendResult:
        """Compute a trend. Raises InvalidInput for unreadable dates and for answers that are too large."""
        now = self._now()
        series = name_series(query, self._action)
        earliest = self._earliest(project, series) if query.date_from == "all" else None
        planned = plan(query, series, project=project, now=now, earliest=earliest)
        found = assemble(planned, (self._ask(question.aggregation) for question in planned.questions))
        return TrendResult(planned, found.rows, found.warnings, found.has_more, now)

    def _earliest(self, project: Project, series: tuple[NamedSeries, ...]) -> datetime | None:
        if not series:
            return None
        return self._events.earliest(project.id, Or(tuple(named.events for named in series)))

    def _ask(self, aggregation: Aggregation | None) -> Sequence[Cell]:
        if aggregation is None:
            return ()
        for leaf in leaves(aggregation.where):
            if isinstance(leaf, CohortFilter):
                raise InvalidInput(f"Cohort {leaf.cohort_id} does not exist.", "properties")
        return self._events.aggregate(aggregation)
