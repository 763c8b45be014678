"""DuckDB: one file of one process, for any number of threads."""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from uuid import UUID

import duckdb
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from ....domain.backups import Snapshot
from ....domain.errors import HedgerowError, QueryTooLarge, StoreUnavailable
from ....domain.events import Event
from .. import snapshots, writes
from ..changes import Changes
from ..compaction import CHECKPOINT_THRESHOLD, Copy, Readers, remove_leftovers
from ..pending import Pending
from ..recent import RecentUuids
from ..tables import holders, metadata
from . import Dialect
from . import duckdb as dialect

_CONFIG = {
    # Without it DuckDB writes files for its oldest readers and silently ignores zstd.
    "storage_compatibility_version": "latest",
    "checkpoint_threshold": CHECKPOINT_THRESHOLD,
    # What is sorted, grouped or joined beyond it goes through the disk. Twice as much is quicker only for what groups
    # millions, as sessions: 10 million events are read from the cache of the file as soon as from a copy of it.
    "memory_limit": "160MB",
}
_FATAL = (duckdb.FatalException, duckdb.InternalException)
_SET_UP = "SET TimeZone = 'UTC'; SET enable_progress_bar = false"  # which would be printed into the answers of commands
_HELD = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


_ATTEMPTS = 100
_FEW = 20_000  # rows that may come in while the file is copied, and are copied while writers wait
_MOMENT = 1.0  # seconds: one round of whatever changes rows takes less, only compaction takes longer
_PATIENCE = 0.3  # seconds for which writers wait until long questions to the store have been answered
_QUESTIONS = max(2, (os.cpu_count() or 1) // 2)  # at a time: each uses all cores, and more keep events waiting
_TURN = 1.0  # seconds that a question waits for others at most


class DuckdbFile:
    """The `Database` of a file; opening it fails with `StoreUnavailable` while another process holds it."""

    sql: Dialect = dialect
    shared = False

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self._writing = threading.Lock()
        self._maintaining = threading.Lock()  # whatever changes rows that are there; taken before the other
        self._readers = Readers()
        self._questions = threading.Semaphore(_QUESTIONS)
        self._after_commit: list[Callable[[], None]] = []
        self._with_holders: dict[int, bool] = {}
        # Nobody else changes the file while it is open, so counting in memory is enough; the start makes the
        # numbers of two runs differ.
        self._first_revision = secrets.randbits(52)
        self._changes: Counter[int] = Counter()
        self._given = 0  # the last mark under which something came; not from the file, whose marks may be another's

    def create(self) -> None:
        with self.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
            self._mark = writes.mark_of(connection)  # up to which all is in the file
        remove_leftovers(self.engine)
        self._pending = Pending(self._apply)
        self._recent = RecentUuids(self._count, self._uuids)

    def failure(self, error: Exception) -> HedgerowError | None:
        if not isinstance(error, DBAPIError):
            return None
        if isinstance(error.orig, duckdb.OutOfMemoryException):
            return QueryTooLarge("The question takes too much memory: ask for a shorter range.")
        return _unavailable(error, self.engine)

    @contextmanager
    def turn(self) -> Iterator[int]:
        self._pending.make_room()
        yield self._mark  # nobody else has the file

    def write(self, changes: Changes) -> None:
        """The changes are kept for good with the relational store's, so they may wait; who asks for them waits for
        them."""
        if changes.mark is not None:
            if changes.mark <= self._given:
                return
            self._given = changes.mark
        self._pending.add(changes)
        self._recent.add(changes.events())
        # Not before, or an answer without them could be kept under the new number.
        self._changes.update(changes.projects)
        self._with_holders.update(dict.fromkeys(changes.held, True))

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        events = self._recent.perhaps(events)
        if not events:
            return set()
        waiting = self._pending.duplicates(events)  # before the table, into which they move
        with self._using() as connection:
            return waiting | writes.stored_within_a_day(connection, events)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self._pending.flush()
        with self._using() as connection:
            yield connection

    @contextmanager
    def question(self) -> Iterator[Connection]:
        self._pending.flush()
        had_turn = self._questions.acquire(timeout=_TURN)
        try:
            with self._using() as connection:
                yield connection
        finally:
            if had_turn:
                self._questions.release()

    @contextmanager
    def _using(self) -> Iterator[Connection]:
        with self._readers.inside(), self.engine.begin() as connection:
            yield connection

    def _count(self, start: datetime, end: datetime) -> int:
        with self.transaction() as connection:
            return writes.count_between(connection, start, end)

    def _uuids(self, start: datetime, end: datetime) -> Iterator[list[int]]:
        with self.transaction() as connection:
            yield from writes.uuids_between(connection, start, end)

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        with self._maintaining:
            self._pending.flush()
            with self._writing_alone() as connection:
                yield connection

    def _apply(self, changes: Changes) -> None:
        try:
            with self._writing_alone() as connection:
                changes.write(connection, self.sql)
        except DBAPIError as error:
            if failure := self.failure(error):
                raise failure from error
            raise
        self._mark = changes.mark or self._mark

    @contextmanager
    def _writing_alone(self) -> Iterator[Connection]:
        with self._writing:
            self._after_commit.clear()
            with self._using() as connection:
                yield connection
            for change in self._after_commit:
                change()

    def compact(self) -> None:
        with self._maintaining:
            copy = Copy(self.engine)
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

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        if not self._maintaining.acquire(timeout=_MOMENT):  # who takes this holds up all who write
            raise StoreUnavailable("The event store is being compacted: take a backup when that is done.")
        try:
            self._pending.flush()
            with self._readers.inside(), self.engine.connect() as connection:
                snapshots.take_hold(connection)
                yield partial(snapshots.copy_to, connection)
        finally:
            self._maintaining.release()

    def note(self, connection: Connection, projects: Collection[int]) -> None:
        self._after_commit.append(lambda: self._changes.update(projects))

    def note_emptied(self) -> None:
        self._after_commit.append(self._with_holders.clear)

    def revision(self, project_id: int) -> int:
        return self._first_revision + self._changes[project_id]

    def has_holders(self, project_id: int) -> bool:
        known = self._with_holders.get(project_id)
        if known is None:
            with self.transaction() as connection:
                statement = select(select(holders.c.project_id).where(holders.c.project_id == project_id).exists())
                known = bool(connection.scalar(statement))
            known = self._with_holders.setdefault(project_id, known)
        return known

    def close(self) -> None:
        try:
            self._recent.close()
            self._pending.close()
            autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            with self._writing, autocommit.connect() as connection:
                connection.execute(text("CHECKPOINT"))
        finally:
            self.engine.dispose()


def open_engine(url: str) -> Engine:
    """An engine on a DuckDB file, `duckdb:///path`; the file is opened with the first connection."""
    if find_spec("pandas") is None:
        # For every bound value DuckDB looks whether it is a pandas one, and where there is no pandas Python
        # searches all its folders for it each time: 0.2 ms a value. This makes the search end at once.
        sys.modules["pandas"] = None  # type: ignore[assignment]
    # Nothing is undone when a connection goes back: its transaction has ended, and DuckDB charges for the attempt.
    engine = create_engine(
        url, connect_args={"config": dict(_CONFIG)}, pool_size=8, max_overflow=56, pool_reset_on_return=None
    )
    # Not a setting of the file: time zones come from an extension that is there once the file is open.
    event.listen(engine, "connect", lambda connection, _: connection.execute(_SET_UP))
    event.listen(engine, "handle_error", _let_go)
    return engine


def _unavailable(error: DBAPIError, engine: Engine) -> StoreUnavailable | None:
    """What is wrong with the store, if the error says that it cannot be used (now); None for other errors.

    After a fatal error DuckDB refuses everything until the file is closed and opened anew.
    """
    path = engine.url.database
    if held := _HELD.search(str(error.orig)):
        program, pid = held["program"], held["pid"]
        return StoreUnavailable(f"The event store {path} is held by another process: {program}, pid {pid}.")
    if isinstance(error.orig, _FATAL):
        engine.dispose()
        return StoreUnavailable(f"The event store {path} failed and is being opened anew.")
    if isinstance(error.orig, duckdb.IOException):
        return StoreUnavailable(f"The event store {path} cannot be used: {error.orig}")
    return None


def _let_go(context: ExceptionContext) -> None:
    """Close a connection that met a fatal error: the file is only opened anew when nobody has it open."""
    context.is_disconnect = context.is_disconnect or isinstance(context.original_exception, _FATAL)
