"""Engines and the transactions on them; the one place that knows how SQLite and PostgreSQL begin."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from ...domain.conditions import lower

_BUSY_SECONDS = 10


def create(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`. Nothing is connected yet."""
    engine = create_engine(url, json_serializer=orjson.dumps, json_deserializer=orjson.loads)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def connect(engine: Engine, *, write: bool) -> Connection:
    """A connection whose transaction is of that kind.

    On SQLite a writer takes the write lock when it begins: one that read first and then finds another's commit
    in between could not go on. A reader sees one state of the data throughout and waits for nobody.
    """
    connection = engine.connect()
    if engine.dialect.name == "sqlite":
        return connection.execution_options(hedgerow_write=write)
    if write:
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _set_up_sqlite(dbapi_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    sqlite: Any = dbapi_connection
    sqlite.isolation_level = None  # the driver would begin at odd moments; `_begin_sqlite` does it
    cursor = sqlite.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    sqlite.create_function("hedgerow_contains", 2, _contains, deterministic=True)


def _contains(text: str, needle: str) -> bool:
    """What SQLite's own functions do for ASCII letters alone."""
    return needle in lower(text)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("hedgerow_write", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
