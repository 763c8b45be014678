"""The event store in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from itertools import accumulate
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from ...domain.actors import ActorPage, ActorRow, ActorsQuestion
from ...domain.aggregation import Aggregation, Cell, CellKind
from ...domain.backups import Snapshot
from ...domain.erasure import Contents, Covered
from ...domain.events import Event, StoredEvent
from ...domain.ports import Projection, UnitOfWorkFactory
from ...domain.properties import FilterTree
from ...domain.timeline import Run, Span
from . import erasure, retention, squash
from .changes import Changes
from .database import open_database
from .histogram import Histogram, histogram
from .matching import Matching, ProjectEvents
from .people import SqlPeopleIndex
from .runs import read_runs
from .selects import actors, cells, extremes, is_rolling
from .slots import PropertySlots
from .tables import events


class SqlEventStore:
    """Events, persons and holders in a database, for any number of threads.

    `url`: `duckdb:///path/of/the/file`, which one process holds, or `postgresql+psycopg://…`, for any number of
    processes. `begin` gives the property slots and the projects' time zones. Every method, and the constructor,
    may raise `StoreUnavailable`. `people` finds persons, `engine` has the
    connections, to be watched.
    """

    def __init__(self, url: str, begin: UnitOfWorkFactory) -> None:
        self._database = open_database(url)
        self._sql = self._database.sql
        self.engine = self._database.engine
        self.shared = self._database.shared
        self._begin = begin
        self._slots = PropertySlots(begin, self._sql)
        self.people = SqlPeopleIndex(self._transaction, self._slots, self._zone, self._has_holders, self._sql)
        with self._failures():
            self._database.create()

    @contextmanager
    def turn(self) -> Iterator[int]:
        with ExitStack() as stack:
            with self._failures():
                mark = stack.enter_context(self._database.turn())
            yield mark

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        with self._failures():
            return self._database.duplicates(events)

    def write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        with self._failures():
            self._database.write(Changes.of(events, projection, self._slots))

    def aggregate(self, aggregation: Aggregation) -> Sequence[Cell]:
        with self._question() as connection:
            project = self._project(aggregation.project_id)
            histograms = _histograms(connection, aggregation, project)
            rows = connection.execute(cells(aggregation, project, histograms)).all()
        found = _cells(rows, aggregation)
        return _accumulated(found, len(aggregation.buckets or ())) if is_rolling(aggregation) else found

    def actors(self, question: ActorsQuestion, *, limit: int, offset: int) -> ActorPage:
        with self._question() as connection:
            project = self._project(question.aggregation.project_id)
            histograms = _histograms(connection, question.aggregation, project)
            found = actors(question, project, histograms).subquery()
            page = select(*found.c, func.count().over().label("total"))
            page = page.order_by(found.c.events.desc(), found.c.person, found.c.actor)
            rows = connection.execute(page.limit(limit).offset(offset)).all()
            if rows or not offset:
                total = rows[0].total if rows else 0
            else:
                total = connection.execute(select(func.count()).select_from(found)).scalar_one()
        return ActorPage([ActorRow(row.person, tuple(row.distinct_ids), row.events) for row in rows], total)

    def earliest(self, project_id: int, where: FilterTree) -> datetime | None:
        with self._question() as connection:
            matching = Matching(self._project(project_id))
            statement = matching.select(func.min(events.c.timestamp), where=matching.holds(where))
            first: datetime | None = connection.scalar(statement)
            return first

    def runs(self, span: Span, where: FilterTree, *, limit: int) -> Sequence[Run]:
        with self._question() as connection:
            return read_runs(connection, self._project(span.project_id), span, where, limit)

    def squash(self, limit: int) -> int:
        with self._maintaining() as connection:
            folded = squash.fold(connection, limit, self._sql)
            if folded < limit:
                self._database.note_emptied()
        return folded

    def contents(self, covered: Covered) -> Sequence[Contents]:
        with self._transaction() as connection:
            return erasure.contents_of(connection, covered, self._sql)

    def erase(self, covered: Covered, limit: int) -> int:
        with self._maintaining() as connection:
            erased = erasure.erase(connection, covered, limit, self._sql)
            if erased:
                self._database.note(connection, covered.projects)
        return erased

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> Collection[str]:
        with self._maintaining() as connection:
            return erasure.forget_ids(connection, project_id, distinct_ids, self._sql)

    def forget_project(self, project_id: int) -> None:
        with self._maintaining() as connection:
            erasure.forget_project(connection, project_id)

    def compact(self) -> None:
        with self._failures():
            self._database.compact()

    def count_before(self, project_id: int, before: datetime) -> int:
        with self._transaction() as connection:
            return retention.count(connection, project_id, before)

    def remove_before(self, project_id: int, before: datetime, limit: int) -> int:
        with self._maintaining() as connection:
            removed = retention.remove(connection, project_id, before, limit)
            if removed:
                self._database.note(connection, [project_id])
        return removed

    def revision(self, project_id: int) -> int:
        with self._failures():
            return self._database.revision(project_id)

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The present state, to be copied to another file whatever is added meanwhile; what would change rows that are
        there waits."""
        return self._database.snapshot()

    def ping(self) -> None:
        """Return if the store answers."""
        with self._transaction() as connection:
            connection.scalar(select(1))

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._failures(), self._database.transaction() as connection:
            yield connection

    @contextmanager
    def _question(self) -> Iterator[Connection]:
        with self._failures(), self._database.question() as connection:
            yield connection

    @contextmanager
    def _maintaining(self) -> Iterator[Connection]:
        with self._failures(), self._database.maintaining() as connection:
            yield connection

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            if failure := self._database.failure(error):
                raise failure from error
            raise

    def _project(self, project_id: int) -> ProjectEvents:
        has_holders = self._has_holders(project_id)
        return ProjectEvents(project_id, lambda: self._zone(project_id), has_holders, self._slots, self._sql)

    def _has_holders(self, project_id: int) -> bool:
        with self._failures():
            return self._database.has_holders(project_id)

    def _zone(self, project_id: int) -> ZoneInfo:
        with self._begin(write=False) as work:
            project = work.accounts.project(project_id)
        return ZoneInfo(project.timezone if project else "UTC")


def _histograms(connection: Connection, aggregation: Aggregation, project: ProjectEvents) -> list[Histogram | None]:
    dimensions = aggregation.breakdown.dimensions if aggregation.breakdown else ()
    statement = extremes(aggregation, project)
    bounds = iter(() if statement is None else connection.execute(statement).one())
    found: list[Histogram | None] = []
    for dimension in dimensions:
        low = next(bounds) if dimension.bins else None
        high = next(bounds) if dimension.bins else None
        found.append(None if low is None or high is None else histogram(low, high, dimension.bins or 1))
    return found


def _cells(rows: Sequence[Any], aggregation: Aggregation) -> list[Cell]:
    if aggregation.breakdown is None:
        return [Cell(bucket, float(number)) for bucket, number in rows]
    return [
        Cell(bucket, float(number), kind=CellKind.OTHER) if other else Cell(bucket, float(number), tuple(values))
        for bucket, other, *values, number in rows
    ]


def _accumulated(changes: Sequence[Cell], buckets: int) -> list[Cell]:
    """The numbers that changes from bucket to bucket lead to."""
    of_series: dict[tuple[CellKind, tuple[str | None, ...]], list[float]] = {}
    for change in changes:
        series = of_series.setdefault((change.kind, change.values), [0.0] * buckets)
        series[change.bucket] += change.number
    return [
        Cell(bucket, number, values, kind)
        for (kind, values), series in of_series.items()
        for bucket, number in enumerate(accumulate(series))
        if number
    ]
