"""Leaving nothing in the file of what has been erased: DuckDB marks rows as deleted, and writes over them or not.

What there is is copied into a new file, which takes the place of the old one. Nearly all is copied while everything
else goes on; what came in meanwhile, while nobody writes. Rows are told apart by number: new ones get higher numbers,
and numbers stay as long as there is no checkpoint, so there is none meanwhile. Until the new file is in place the old
one is whole and in use, so this may end anywhere; a leftover is removed when the store is opened.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.schema import CreateTable

from .tables import applied, events, groups, holders, ids, metadata, persons

CHECKPOINT_THRESHOLD = "256MB"
"""When so much has been written, it moves from the log into the file: the default of 16 MB halves the throughput."""

# What a row is known by, in the tables whose rows are replaced by newer ones; to the others rows are only added.
_KEYS = {
    events.name: (),
    ids.name: (),
    persons.name: ("project_id", "uuid"),
    holders.name: ("project_id", "distinct_id"),
    groups.name: ("project_id", "index", "key"),
    applied.name: ("mark",),
}

_ROWS = 500_000
"""How many rows one statement copies: as many as memory holds at their widest."""


class Readers:
    """Counts who is using a file, and keeps others from it for a moment."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Use the file; wait while it is kept from all."""
        with self._changed:
            while self._closed:
                self._changed.wait()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def outside(self, seconds: float) -> Iterator[bool]:
        """Keep everybody from the file; whether all who were using it have ended within that time."""
        until = time.monotonic() + seconds
        with self._changed:
            self._closed = True
            while self._inside and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            nobody = not self._inside
        try:
            yield nobody
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()


class Copy:
    """A new file beside the old one, with what is there now; kept up until it takes the old one's place.

    Nothing but adding events, persons and ids may go on meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._path = _path(engine)
        self._new = _new(self._path)
        self._copied = dict.fromkeys(metadata.tables, -1)

    def start(self) -> None:
        """Called while nobody writes."""
        self._remove()
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            # All connections are to one database, whose setting this is.
            self._run("CHECKPOINT")
            self._run("SET GLOBAL checkpoint_threshold = '1TB'")
            quoted = str(self._new).replace("'", "''")
            self._run(f"ATTACH '{quoted}' AS fresh (STORAGE_VERSION 'latest')")
            for table in metadata.sorted_tables:
                self._connection.execute(
                    CreateTable(table), execution_options={"schema_translate_map": {None: "fresh"}}
                )
        except BaseException:
            self.abandon()
            raise

    def catch_up(self) -> int:
        """Copy what is not copied yet; how many rows."""
        self._run("BEGIN")
        try:
            copied = sum([self._catch_up(table) for table in metadata.tables])
            self._run("COMMIT")
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("CHECKPOINT fresh")
        return copied

    def take_place(self) -> None:
        """Put the new file in the place of the old one. Called while nobody uses the store; it is open no more."""
        self._run("DETACH fresh")
        self._connection.close()
        self._engine.dispose()
        for log in (_log(self._path), _log(self._new)):
            if log.exists():  # it would be read into the other file
                raise RuntimeError(f"{log} should have been emptied.")
        _sync(self._new)
        self._new.replace(self._path)
        _sync(self._path.parent)

    def abandon(self) -> None:
        """Let go of the new file, unless it has taken the old one's place."""
        if not self._connection.closed:
            try:
                self._run("DETACH DATABASE IF EXISTS fresh")
                self._run(f"SET GLOBAL checkpoint_threshold = '{CHECKPOINT_THRESHOLD}'")
            finally:
                self._connection.close()
        self._remove()

    def _catch_up(self, table: str) -> int:
        # Only names of tables and columns are written into the SQL.
        copied, keys = self._copied[table], _KEYS[table]
        last = self._connection.scalar(text(f"SELECT coalesce(max(rowid), -1) FROM {table}"))  # noqa: S608
        if keys and copied >= 0:
            same = " AND ".join(f"old.{key} = new.{key}" for key in keys)
            replaced = (
                f"DELETE FROM fresh.{table} AS new"  # noqa: S608
                f" WHERE NOT EXISTS (SELECT 1 FROM {table} AS old WHERE old.rowid <= :copied AND {same})"
            )
            self._connection.execute(text(replaced), {"copied": copied})
        rows = f"SELECT * FROM {table} WHERE rowid > :copied AND rowid <= :last"  # noqa: S608
        insert = text(f"INSERT INTO fresh.{table} BY NAME {rows}")
        count = 0
        for start in range(copied, last, _ROWS):
            part = {"copied": start, "last": min(start + _ROWS, last)}
            count += int(self._connection.execute(insert, part).scalar_one())
        self._copied[table] = max(copied, last)
        return count

    def _remove(self) -> None:
        for leftover in (self._new, _log(self._new)):
            leftover.unlink(missing_ok=True)

    def _run(self, statement: str) -> None:
        self._connection.execute(text(statement.replace(":", "\\:")))


def remove_leftovers(engine: Engine) -> None:
    """Remove what a copy that was not finished, and a process that was killed, have left. Called while this process
    holds the file and nothing uses it."""
    path = _path(engine)
    for leftover in (_new(path), _log(_new(path)), *Path(f"{path}.tmp").glob("*")):
        leftover.unlink(missing_ok=True)


def _path(engine: Engine) -> Path:
    return Path(engine.url.database or "")


def _new(path: Path) -> Path:
    return Path(f"{path}.compacting")


def _log(path: Path) -> Path:
    return Path(f"{path}.wal")


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
