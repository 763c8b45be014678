"""Reading Parquet files of events, a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import orjson

from ..domain.errors import InvalidInput

_ROWS = 2_000
_REQUIRED = ("event", "distinct_id", "timestamp")
_TEXTS = ("uuid", "event", "distinct_id")
_OBJECTS = ("properties", "$set", "$set_once")


def read_events(path: Path) -> Iterator[tuple[float, dict[str, str | None]]]:
    """Each row's event: its fields as text, objects as JSON text, times as ISO 8601 in UTC; and before it the share
    of the file that is read then.

    Other columns are passed over. Raises `InvalidInput` for a file that is no Parquet or lacks a column.
    """
    try:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            yield from _read(connection, _literal(path))
    except duckdb.Error as error:
        raise InvalidInput(f"The Parquet file cannot be read: {str(error).splitlines()[0]}") from None


def _read(connection: duckdb.DuckDBPyConnection, path: str) -> Iterator[tuple[float, dict[str, str | None]]]:
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    types = {name: kind for name, kind, *_ in described}
    if missing := [name for name in _REQUIRED if name not in types]:
        raise InvalidInput(f"The Parquet file has no column {', '.join(missing)}.")
    columns = [name for name in (*_TEXTS, "timestamp", *_OBJECTS) if name in types]
    structs = [name for name in _OBJECTS if types.get(name, "").startswith("STRUCT")]
    (total,) = connection.execute("SELECT count(*) FROM read_parquet(?)", [path]).fetchall()[0]
    # The order of rows is kept, so that a second run makes the same uuids.
    chosen = ", ".join(_as_text(name, types[name]) for name in columns)
    connection.execute(f"SELECT {chosen} FROM read_parquet(?)", [path])  # noqa: S608 - names from the lists above
    done = 0
    while rows := connection.fetchmany(_ROWS):
        done += len(rows)
        for row in rows:
            fields = dict(zip(columns, row, strict=True))
            for name in structs:
                fields[name] = _without_nulls(fields[name])
            yield done / total, fields


def _as_text(name: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f'"{name}"'
    if name in _OBJECTS:
        return f'to_json("{name}")::VARCHAR'
    if name == "timestamp" and (kind.startswith("TIMESTAMP") or kind == "DATE"):
        instant = f'make_timestamp(epoch_us("{name}"::TIMESTAMPTZ))' if "ZONE" in kind else f'"{name}"::TIMESTAMP'
        return f"strftime({instant}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f'"{name}"::VARCHAR'


def _without_nulls(text: str | None) -> str | None:
    """A struct has all members of all rows: those that are null were most likely never there."""
    if text is None:
        return None
    return orjson.dumps({key: value for key, value in orjson.loads(text).items() if value is not None}).decode()


def _literal(path: Path) -> str:
    """The path with what would be a pattern in it taken literally."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))
