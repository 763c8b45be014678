"""Checks of the settings, the stores and the machine: what is found, whether that is well, and what to do.

They change nothing: what is not there yet is not made.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import socket
import sqlite3
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb
import redis
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from .. import __version__
from ..adapters import migrations
from ..adapters.events.store import SqlEventStore
from ..domain.backups import EVENTS_FILE
from ..domain.errors import HedgerowError
from .bootstrap import Relational, now, open_relational
from .settings import Settings, read_settings

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"

_PREFIX = "HEDGEROW_"
_GIGABYTE = 1024**3
_FILES = 4_096
_OVERDUE = timedelta(days=8)
"""Deletions are due once a week by default."""

_CLOCK = timedelta(seconds=5)
_POSTGRESQL = 170_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `status` is ok, warn or fail; `do` is empty when all is well."""

    name: str
    status: str
    found: str
    do: str = ""


def settings_in_force() -> dict[str, str]:
    """Every setting by its variable, secrets masked; empty when they cannot be read."""
    try:
        settings = read_settings()
    except HedgerowError:
        return {}
    shown = settings.model_dump() | {
        "database_url": _masked(settings.database),
        "events_url": _masked(settings.events),
        "redis_url": _masked(settings.redis_url),
    }
    return {_PREFIX + name.upper(): str(value) for name, value in shown.items()}


def examine(host: str, port: int) -> list[Check]:
    """All checks, for a server on that address."""
    found = list(_versions())
    try:
        settings = read_settings()
    except HedgerowError as error:
        return [*found, Check("settings", FAIL, error.detail, "Correct this variable.")]
    found.append(_variables())
    if not (settings.database_url and settings.events_url):
        found += _folder(settings.data_dir)
    found += _relational(settings)
    found.append(_events(settings))
    found.append(_redis(settings))
    found.append(_open_files())
    found.append(_port(host, port))
    return found


def _versions() -> Iterator[Check]:
    yield Check("hedgerow", OK, __version__)
    yield Check("python", OK, platform.python_version())
    yield Check("sqlite", OK, sqlite3.sqlite_version)
    yield Check("duckdb", OK, duckdb.__version__)


def _variables() -> Check:
    known = {_PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known)
    if unknown:
        return Check("settings", WARN, f"not known: {', '.join(unknown)}", "Correct or remove these variables.")
    return Check("settings", OK, f"{sum(name in os.environ for name in known)} set, the others by default")


def _folder(folder: Path) -> Iterator[Check]:
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        yield Check("data folder", FAIL, f"{folder}: {error.strerror}", "Let the server write there.")
        return
    yield Check("data folder", OK, f"{folder.absolute()}" + ("" if folder.exists() else ", made at the first start"))
    usage = shutil.disk_usage(existing)
    found = f"{usage.free / _GIGABYTE:.1f} GB free of {usage.total / _GIGABYTE:.0f}"
    if usage.free < _GIGABYTE // 4:
        yield Check("disk", FAIL, found, "Make room: nothing can be stored on a full disk.")
    elif usage.free < 2 * _GIGABYTE:
        yield Check("disk", WARN, found, "Make room soon.")
    else:
        yield Check("disk", OK, found)


def _relational(settings: Settings) -> Iterator[Check]:
    name = "relational store"
    if not settings.database_url and not (settings.data_dir / "hedgerow.db").exists():
        yield Check(name, OK, "made at the first start")
        return
    try:
        store = open_relational(settings, upgrade=False)
    except (ArgumentError, ModuleNotFoundError) as error:
        yield Check(name, FAIL, str(error), "Correct HEDGEROW_DATABASE_URL.")
        return
    try:
        yield from _relational_checks(store, settings, name)
    except (SQLAlchemyError, HedgerowError) as error:
        yield Check(name, FAIL, _reason(error), "See that the database runs and that its address is right.")
    finally:
        store.close()


def _relational_checks(store: Relational, settings: Settings, name: str) -> Iterator[Check]:
    with store.engine.connect() as connection:
        yield Check(name, OK, _masked(settings.database))
        if store.engine.dialect.name == "postgresql":
            yield from _postgresql(connection)
    if not migrations.is_current(store.engine):
        found = f"revision {migrations.current(store.engine) or 'none'}"
        if settings.database_url:
            yield Check("migrations", FAIL, found, "Run `hedgerow db upgrade`.")
        else:
            yield Check("migrations", WARN, found, "The next start of the server upgrades it; take a backup before.")
        return
    yield Check("migrations", OK, f"revision {migrations.current(store.engine)}")
    with store.begin(write=False) as work:
        projects = work.accounts.projects()
        backlog = work.deletions.backlog()
    if projects:
        yield Check("projects", OK, str(len(projects)))
    else:
        yield Check("projects", WARN, "none", "Run `hedgerow projects create NAME`.")
    if backlog.oldest and now() - backlog.oldest > _OVERDUE:
        found = f"{backlog.count} pending, the oldest since {backlog.oldest:%Y-%m-%d}"
        yield Check("deletions", FAIL, found, "Run `hedgerow deletions drain`, and see why the schedule did not.")
    else:
        yield Check("deletions", OK, f"{backlog.count} pending, none overdue")


def _postgresql(connection: Connection) -> Iterator[Check]:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    found = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
    if version < _POSTGRESQL:
        yield Check("postgresql", FAIL, found, f"Use PostgreSQL {_POSTGRESQL // 10_000} or newer.")
    else:
        yield Check("postgresql", OK, found)
    extension = text("SELECT installed_version FROM pg_available_extensions WHERE name = 'pg_trgm'")
    row = connection.execute(extension).one_or_none()
    if row is None:
        yield Check("pg_trgm", WARN, "not there", "Install PostgreSQL's contrib package: it makes searches quick.")
    else:
        yield Check("pg_trgm", OK, row[0] or "can be created")
    there = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    yield _clock("clock", abs(there - now()), "database")


def _clock(name: str, apart: timedelta, whose: str) -> Check:
    found = f"{apart.total_seconds():.1f} s from the {whose}'s"
    if apart > _CLOCK:
        return Check(name, WARN, found, "Let both machines take the time from NTP.")
    return Check(name, OK, found)


def _events(settings: Settings) -> Check:
    name = "event store"
    if settings.events_url and not settings.events.startswith("duckdb:"):
        return _reached(name, settings.events, "HEDGEROW_EVENTS_URL")
    if not settings.events_url and not (settings.data_dir / EVENTS_FILE).exists():
        return Check(name, OK, "made at the first start")
    relational = open_relational(settings, upgrade=False)
    try:
        store = SqlEventStore(settings.events, relational.begin)
        try:
            with store.engine.connect() as connection:
                events = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
        finally:
            store.close()
    except HedgerowError as error:
        if " is held by " in error.detail:
            return Check(name, OK, error.detail)
        return Check(name, FAIL, error.detail, "Restore a backup if the file is damaged.")
    except SQLAlchemyError as error:
        return Check(name, FAIL, _reason(error), "Restore a backup if the file is damaged.")
    finally:
        relational.close()
    return Check(name, OK, f"{_masked(settings.events)}, {events} events")


def _reached(name: str, url: str, variable: str) -> Check:
    engine: Engine | None = None
    try:
        engine = create_engine(url)
        with engine.connect():
            return Check(name, OK, _masked(url))
    except (ArgumentError, ModuleNotFoundError) as error:
        return Check(name, FAIL, str(error), f"Correct {variable}.")
    except SQLAlchemyError as error:
        return Check(name, FAIL, _reason(error), "See that the database runs and that its address is right.")
    finally:
        if engine is not None:
            engine.dispose()


def _redis(settings: Settings) -> Check:
    if not settings.redis_url:
        return Check("redis", OK, "not used")
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return Check("redis", FAIL, str(error), "See that Redis runs and that HEDGEROW_REDIS_URL is right.")
    return Check("redis", OK, _masked(settings.redis_url))


def _open_files() -> Check:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return Check("open files", OK, "without limit")
    if most < _FILES:
        return Check("open files", WARN, f"at most {most}", f"Allow {_FILES} or more: each connection is one.")
    return Check("open files", OK, f"at most {most}")


def _port(host: str, port: int) -> Check:
    name, address = "port", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            bound = error.strerror or str(error)
        else:
            return Check(name, OK, f"{address} is free")
    try:
        with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
            ready = answer.status == 200
    except urllib.error.HTTPError as error:
        return Check(name, FAIL, f"the server on {address} is not ready: {error.code}", "See its /readyz and its log.")
    except OSError:
        ready = False
    if ready:
        return Check(name, OK, f"a server is ready on {address}")
    return Check(name, FAIL, f"{address}: {bound}", "Serve on another port, or end what listens there.")


def _masked(url: str) -> str:
    if not url:
        return ""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "***"


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
