"""Timelines: how a person's properties changed with its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from ..domain.accounts import Project
from ..domain.errors import NotFound, QueryTooLarge
from ..domain.events import Properties
from ..domain.localtime import Calendar
from ..domain.ports import Clock, EventStore, UnitOfWork, UnitOfWorkFactory
from ..domain.properties import Or
from ..domain.timeline import Point, Run, Span, points, properties_at, read_range
from ..domain.timeline_requests import TimelineQuery
from ..domain.trends import EVERYTHING
from .trends import named_series

MAX_RUNS = 10_000
_EVER = datetime(2, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The points, ascending, and the range they are from, both ends included."""

    points: Sequence[Point]
    date_from: datetime
    date_to: datetime


class TimelineService:
    """Answers timelines of one person at a time."""

    def __init__(self, begin: UnitOfWorkFactory, events: EventStore, now: Clock) -> None:
        self._begin = begin
        self._events = events
        self._now = now

    def run(self, project: Project, reference: int | UUID, query: TimelineQuery) -> Timeline:
        """The timeline of a person by integer id or uuid.

        Raises `NotFound`, `InvalidInput` for unreadable dates, and `QueryTooLarge` where properties changed more than
        10,000 times.
        """
        with self._begin(write=False) as work:
            person = work.persons.get(project.id, reference)
            if person is None:
                raise NotFound
            named = named_series(work, project, query.events)
        since_ever = query.date_from == "all"
        start, end = read_range(
            None if since_ever else query.date_from,
            query.date_to,
            interval=query.interval,
            now=self._now(),
            calendar=Calendar(ZoneInfo(project.timezone), project.week_start_day),
        )
        where = Or(tuple(series.events for series in named)) if query.events.series else EVERYTHING
        span = Span(project.id, person.uuid, _EVER if since_ever else start, end)
        runs = self._events.runs(span, where, limit=MAX_RUNS + 1)
        if len(runs) > MAX_RUNS:
            raise QueryTooLarge("The person's properties changed too often: ask for a shorter range.")
        with self._begin(write=False) as work:
            known = _known(work, project.id, runs)
        if since_ever and runs:
            start = runs[0].at
        return Timeline(points(runs, query.keys, lambda run: known[run.person][run.version]), start, end)


def _known(work: UnitOfWork, project_id: int, runs: Sequence[Run]) -> dict[UUID, dict[int, Properties]]:
    """What is in the history of those persons, living or merged, with whom the events were stored."""
    versions: dict[UUID, set[int]] = {}
    for run in runs:
        versions.setdefault(run.person, set()).add(run.version)
    return {
        uuid: properties_at(work.persons.history(project_id, uuid, max(wanted)), wanted)
        for uuid, wanted in versions.items()
    }
