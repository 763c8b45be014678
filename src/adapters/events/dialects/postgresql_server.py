"""PostgreSQL: a database for any number of processes."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

from psycopg import errors
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    exc,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import CreateTable

from ....domain.backups import Snapshot
from ....domain.errors import HedgerowError, InvalidInput, StoreUnavailable
from ....domain.events import Event
from .. import writes
from ..changes import Changes
from ..tables import holders, metadata
from . import Dialect
from . import postgresql as dialect
from .postgresql_functions import FUNCTIONS

_SCHEMA = "hedgerow_events"
"""Of its own, so that both stores may be one database."""

_LOCK = 7_461_003_518_221
"""The advisory lock of those who write."""

_SET_UP = (
    f"SET search_path = {_SCHEMA}, public; SET TimeZone = 'UTC'; SET lock_timeout = '10s'; SET jit = off;"
    " SET plan_cache_mode = force_custom_plan; SET work_mem = '64MB'"
)
_UNAVAILABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)

_own = MetaData()
# How often a project has changed. The first number is any, so that those of two databases differ.
_revisions = Table("revisions", _own, Column("project_id", Integer, primary_key=True), Column("number", BigInteger))

# No partitions: whoever may send events chooses their timestamps, and each month of those would be another table.
# Blocks are left out by the ranges of their timestamps, which is nearly as good where events come as they happen.
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS events_timestamp ON events USING brin (timestamp) WITH (autosummarize = on)",
    "CREATE INDEX IF NOT EXISTS events_uuid ON events (uuid)",
    "CREATE UNIQUE INDEX IF NOT EXISTS persons_uuid ON persons (project_id, uuid)",
    "CREATE INDEX IF NOT EXISTS persons_order ON persons (project_id, created_at, id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS ids_distinct_id ON ids (project_id, distinct_id)",
    "CREATE INDEX IF NOT EXISTS ids_person ON ids (person_id)",
    "CREATE UNIQUE INDEX IF NOT EXISTS holders_distinct_id ON holders (project_id, distinct_id)",
    "CREATE INDEX IF NOT EXISTS groups_key ON groups (project_id, index)",
)
_TRIGRAMS = (
    "CREATE INDEX IF NOT EXISTS persons_search ON persons USING gin (search gin_trgm_ops)",
    "CREATE INDEX IF NOT EXISTS ids_search ON ids USING gin (search gin_trgm_ops)",
)


class PostgresqlServer:
    """The `Database` on a PostgreSQL 17 or later whose encoding is UTF8."""

    sql: Dialect = dialect
    shared = True

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url, pool_size=8, max_overflow=24)
        event.listen(self.engine, "connect", _set_up)
        self._thread = threading.local()

    def create(self) -> None:
        with self.engine.begin() as connection:
            # One after another: CREATE … IF NOT EXISTS fails where two do it at the same time.
            connection.execute(_TRANSACTION_LOCK)
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}"))
            for table in (*metadata.sorted_tables, *_own.sorted_tables):
                statement = str(CreateTable(table, if_not_exists=True).compile(self.engine))
                connection.exec_driver_sql(re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', statement))
            for statement in (*_INDEXES, *FUNCTIONS):
                connection.exec_driver_sql(statement)
            if _has_trigrams(connection):
                for statement in _TRIGRAMS:
                    connection.exec_driver_sql(statement)

    def failure(self, error: Exception) -> HedgerowError | None:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        if isinstance(cause, errors.InvalidRegularExpression):
            return InvalidInput(f"PostgreSQL does not take this regular expression: {_first_line(cause)}", "value")
        if isinstance(error, _UNAVAILABLE):
            return StoreUnavailable(f"The event store cannot be reached: {_first_line(cause)}")
        return None

    @contextmanager
    def turn(self) -> Iterator[int]:
        """A lock of the session: what it is taken for is committed in another database meanwhile.

        The turn's writes go over the same connection, so that they fail when the lock is lost with it.
        """
        with self.engine.connect() as connection:
            connection.execute(_SESSION_LOCK)
            try:
                mark = writes.mark_of(connection)
                connection.commit()
                self._thread.connection = connection
                yield mark
            finally:
                self._thread.connection = None
                _unlock(connection)

    def write(self, changes: Changes) -> None:
        with self.maintaining() as connection:
            if changes.write(connection, self.sql):
                self.note(connection, changes.projects)

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        with self.transaction() as connection:
            return writes.stored_within_a_day(connection, events)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def question(self) -> AbstractContextManager[Connection]:
        return self.transaction()

    @contextmanager
    def maintaining(self) -> Iterator[Connection]:
        connection: Connection | None = getattr(self._thread, "connection", None)
        if connection is not None:
            with connection.begin():
                yield connection
            return
        with self.engine.begin() as own:
            own.execute(_TRANSACTION_LOCK)
            yield own

    def compact(self) -> None:
        """Frees the space of what has been erased, to be written over; locks nobody out."""
        autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with autocommit.connect() as connection:
            connection.exec_driver_sql("VACUUM " + ", ".join(table.name for table in metadata.sorted_tables))

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        raise InvalidInput("Events in PostgreSQL are backed up by its own tools, such as pg_dump.")

    def note(self, connection: Connection, projects: Collection[int]) -> None:
        if projects:
            rows = [{"project_id": project, "number": secrets.randbits(52)} for project in projects]
            more = _BUMP.on_conflict_do_update(index_elements=["project_id"], set_={"number": _revisions.c.number + 1})
            connection.execute(more, rows)

    def note_emptied(self) -> None:
        """Nothing: nothing is remembered."""

    def revision(self, project_id: int) -> int:
        with self.engine.begin() as connection:
            number: int | None = connection.scalar(
                select(_revisions.c.number).where(_revisions.c.project_id == project_id)
            )
        return number or 0

    def has_holders(self, project_id: int) -> bool:
        with self.engine.begin() as connection:
            statement = select(select(holders.c.project_id).where(holders.c.project_id == project_id).exists())
            return bool(connection.scalar(statement))

    def close(self) -> None:
        self.engine.dispose()


_SESSION_LOCK = text(f"SELECT pg_advisory_lock({_LOCK})")
_SESSION_UNLOCK = text(f"SELECT pg_advisory_unlock({_LOCK})")
_TRANSACTION_LOCK = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
_BUMP = insert(_revisions)


def _unlock(connection: Connection) -> None:
    """A lock that cannot be given back goes with its connection."""
    try:
        connection.rollback()
        connection.execute(_SESSION_UNLOCK)
        connection.commit()
    except exc.SQLAlchemyError:
        connection.invalidate()


def _has_trigrams(connection: Connection) -> bool:
    """Whether the extension is there or can be made."""
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public"))
    except exc.DBAPIError:
        return False
    return True


def _set_up(connection: Any, _: object) -> None:
    connection.autocommit = True
    connection.execute(_SET_UP)
    connection.autocommit = False


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]
