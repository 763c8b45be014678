"""The event store in SQL: one file of one process, for any number of threads."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import accumulate
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from ...domain.actors import ActorPage, ActorRow, ActorsQuestion
from ...domain.aggregation import Aggregation, Cell, CellKind
from ...domain.backups import Snapshot
from ...domain.erasure import Contents, Covered
from ...domain.errors import StoreUnavailable
from ...domain.events import Event, StoredEvent
from ...domain.ports import Projection, UnitOfWorkFactory
from ...domain.properties import FilterTree
from ...domain.timeline import Run, Span
from . import erasure, retention, snapshots, squash, writes
from .compaction import Copy, Readers, remove_leftovers
from .dialects import duckdb
from .histogram import Histogram, histogram
from .matching import Matching, ProjectEvents
from .people import SqlPeopleIndex
from .rows import event_rows, group_rows, id_rows, person_rows
from .runs import read_runs
from .selects import actors, cells, extremes, is_rolling
from .slots import PropertySlots
from .tables import events, holders, metadata

_ATTEMPTS = 100
_FEW = 20_000  # rows that may come in while the file is copied, and are copied while writers wait
_MOMENT = 1.0  # seconds: one round of whatever changes rows takes less, only compaction takes longer
_PATIENCE = 0.3  # seconds for which writers wait until long questions to the store have been answered


class SqlEventStore:
    """Events, persons and holders in DuckDB.

    `url`: `duckdb:///path/of/the/file`. `begin` gives the property slots and the projects' time zones. Every
    method may raise `StoreUnavailable`, the constructor does so while another process holds the file.
    `people` finds persons.
    """

    def __init__(self, url: str, begin: UnitOfWorkFactory) -> None:
        self._engine = duckdb.open_engine(url)
        self._begin = begin
        self._slots = PropertySlots(begin)
        self.people = SqlPeopleIndex(self._transaction, self._slots, self._zone)
        self._writing = threading.Lock()
        self._maintaining = threading.Lock()  # whatever changes rows that are there; taken before the other
        self._readers = Readers()
        self._with_holders: dict[int, bool] = {}
        # Nobody else changes the file while it is open, so counting in memory is enough; the start makes the
        # numbers of two runs differ.
        self._first_revision = secrets.randbits(52)
        self._changes: Counter[int] = Counter()
        with self._transaction() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
        remove_leftovers(self._engine)

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        with self._transaction() as connection:
            return writes.stored_within_a_day(connection, events)

    def write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        added = event_rows(events, self._slots)
        people = person_rows(projection.people, self._slots)
        with self._writing:
            with self._transaction() as connection:
                writes.add_events(connection, added)
                writes.put_persons(connection, people)
                writes.remove_persons(connection, projection.gone)
                writes.add_ids(connection, id_rows(projection.ids))
                writes.put_holders(connection, projection.holders)
                writes.put_groups(connection, group_rows(projection.groups))
            # After the commit, or an answer without this could be kept under the new number.
            self._with_holders.update((project, True) for project, _, _ in projection.holders)
            self._changes.update(
                {row["project_id"] for row in (*added, *people)}
                | {project for project, _ in projection.gone}
                | {project for project, _, _ in (*projection.holders, *projection.ids)}
                | {group.project_id for group in projection.groups}
            )

    def aggregate(self, aggregation: Aggregation) -> Sequence[Cell]:
        project = self._project(aggregation.project_id)
        with self._transaction() as connection:
            histograms = _histograms(connection, aggregation, project)
            rows = connection.execute(cells(aggregation, project, histograms)).all()
        found = [_cell(row, aggregation) for row in rows]
        return _accumulated(found, len(aggregation.buckets or ())) if is_rolling(aggregation) else found

    def actors(self, question: ActorsQuestion, *, limit: int, offset: int) -> ActorPage:
        project = self._project(question.aggregation.project_id)
        with self._transaction() as connection:
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
        matching = Matching(self._project(project_id))
        statement = matching.select(func.min(events.c.timestamp), where=matching.holds(where))
        with self._transaction() as connection:
            first: datetime | None = connection.scalar(statement)
            return first

    def runs(self, span: Span, where: FilterTree, *, limit: int) -> Sequence[Run]:
        project = self._project(span.project_id)
        with self._transaction() as connection:
            return read_runs(connection, project, span, where, limit)

    def squash(self, limit: int) -> int:
        with self._maintaining, self._writing:
            with self._transaction() as connection:
                folded = squash.fold(connection, limit)
            if folded < limit:
                self._with_holders.clear()
        return folded

    def contents(self, covered: Covered) -> Sequence[Contents]:
        with self._transaction() as connection:
            return erasure.contents_of(connection, covered)

    def erase(self, covered: Covered, limit: int) -> int:
        with self._maintaining, self._writing:
            with self._transaction() as connection:
                erased = erasure.erase(connection, covered, limit)
            if erased:
                self._changes.update(covered.projects)
        return erased

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> Collection[str]:
        with self._maintaining, self._writing, self._transaction() as connection:
            return erasure.forget_ids(connection, project_id, distinct_ids)

    def forget_project(self, project_id: int) -> None:
        with self._maintaining, self._writing, self._transaction() as connection:
            erasure.forget_project(connection, project_id)

    def compact(self) -> None:
        with self._maintaining:
            copy = Copy(self._engine)
            with self._writing:
                copy.start()
            try:
                for _ in range(_ATTEMPTS):
                    while copy.catch_up() > _FEW:
                        pass
                    with self._writing, self._readers.outside(_PATIENCE) as nobody:
                        if nobody:
                            copy.catch_up()
                            copy.take_place()
                            return
                raise StoreUnavailable("The event store is too busy to be compacted.")
            finally:
                copy.abandon()

    def count_before(self, project_id: int, before: datetime) -> int:
        with self._transaction() as connection:
            return retention.count(connection, project_id, before)

    def remove_before(self, project_id: int, before: datetime, limit: int) -> int:
        with self._maintaining, self._writing:
            with self._transaction() as connection:
                removed = retention.remove(connection, project_id, before, limit)
            self._changes[project_id] += bool(removed)
        return removed

    def revision(self, project_id: int) -> int:
        return self._first_revision + self._changes[project_id]

    @property
    def engine(self) -> Engine:
        """The connections to the store, to be watched."""
        return self._engine

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The present state, to be copied to another file whatever is added meanwhile; what would change rows that
        are there waits."""
        if not self._maintaining.acquire(timeout=_MOMENT):  # who takes this holds up all who write
            raise StoreUnavailable("The event store is being compacted: take a backup when that is done.")
        try:
            with self._readers.inside(), self._engine.connect() as connection:
                snapshots.take_hold(connection)
                yield partial(snapshots.copy_to, connection)
        finally:
            self._maintaining.release()

    def ping(self) -> None:
        """Return if the store answers."""
        with self._transaction() as connection:
            connection.scalar(select(1))

    def close(self) -> None:
        try:
            autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with self._writing, autocommit.connect() as connection:
                connection.execute(text("CHECKPOINT"))
        finally:
            self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._readers.inside(), self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if failure := duckdb.unavailable(error, self._engine):
                raise failure from error
            raise

    def _project(self, project_id: int) -> ProjectEvents:
        return ProjectEvents(project_id, lambda: self._zone(project_id), self._has_holders(project_id), self._slots)

    def _zone(self, project_id: int) -> ZoneInfo:
        with self._begin(write=False) as work:
            project = work.accounts.project(project_id)
        return ZoneInfo(project.timezone if project else "UTC")

    def _has_holders(self, project_id: int) -> bool:
        known = self._with_holders.get(project_id)
        if known is None:
            with self._transaction() as connection:
                statement = select(select(holders.c.project_id).where(holders.c.project_id == project_id).exists())
                known = bool(connection.scalar(statement))
            known = self._with_holders.setdefault(project_id, known)
        return known


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


def _cell(row: Row[tuple[object, ...]], aggregation: Aggregation) -> Cell:
    number = float(row.number)
    if aggregation.breakdown is None:
        return Cell(row.bucket, number)
    if row.other:
        return Cell(row.bucket, number, kind=CellKind.OTHER)
    return Cell(row.bucket, number, row[2:-1])


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
