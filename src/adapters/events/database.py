"""Where an event store keeps its tables: what a store must know of it besides its dialect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine

from ...domain.backups import Snapshot
from ...domain.errors import HedgerowError
from ...domain.events import Event
from .changes import Changes
from .dialects import Dialect
from .dialects.duckdb_file import DuckdbFile
from .dialects.postgresql_server import PostgresqlServer


class Database(Protocol):
    """A database that holds the tables of one event store."""

    @property
    def sql(self) -> Dialect:
        """How it says what queries need."""

    @property
    def engine(self) -> Engine:
        """Its connections."""

    def create(self) -> None:
        """Make the tables that are not there."""

    def failure(self, error: Exception) -> HedgerowError | None:
        """What an error means if it says that the store cannot be used (now), or not so; None for other errors."""

    @property
    def shared(self) -> bool:
        """As `EventStore.shared`."""

    def turn(self) -> AbstractContextManager[int]:
        """Nobody else writes; as `EventStore.turn`."""

    def write(self, changes: Changes) -> None:
        """As `EventStore.write`."""

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        """As `EventStore.duplicates`."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction that reads all that was written."""

    def question(self) -> AbstractContextManager[Connection]:
        """The same for what looks through a project's events; it may wait for others of its kind."""

    def maintaining(self) -> AbstractContextManager[Connection]:
        """A write that changes rows that are there."""

    def compact(self) -> None:
        """As `EventStore.compact`."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The present state, to be copied to another file whatever is added meanwhile; what would change rows that are
        there waits."""

    def note(self, connection: Connection, projects: Collection[int]) -> None:
        """While maintaining: these projects change by it."""

    def note_emptied(self) -> None:
        """While maintaining: `holders` is empty."""

    def revision(self, project_id: int) -> int:
        """As `EventStore.revision`."""

    def has_holders(self, project_id: int) -> bool:
        """Whether `holders` may have something about the project's ids."""

    def close(self) -> None:
        """Finish writing and let go of it."""


def open_database(url: str) -> Database:
    """The database of a URL, `duckdb:///path/of/the/file` or `postgresql+psycopg://…`."""
    return PostgresqlServer(url) if url.startswith("postgresql") else DuckdbFile(url)
