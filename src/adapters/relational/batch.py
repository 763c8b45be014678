"""Many rows in one statement, whatever their number: a parameter that the statement reads like a table.

The parameter is a JSON array of arrays. So there is no limit of parameters to heed, one compiled statement serves
every size, and a batch costs one round trip. (On SQLite, which has none, running an insert row by row inside the
driver is no faster.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Executable,
    Insert,
    Subquery,
    Text,
    bindparam,
    cast,
    insert,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_MAX_BYTES = 32 * 1024 * 1024  # far below what PostgreSQL takes as one jsonb (256 MB) and SQLite as one text (1 GB)


def batch_of(*columns: InstrumentedAttribute[Any]) -> Subquery:
    """The rows of the batch as a table: their items, in order, under the names and with the types of columns."""
    rows = _Rows(bindparam("batch", type_=Text)).table_valued("value")
    items = (
        cast(_Item(rows.c.value, literal_column(str(place))), column.type).label(column.key)
        for place, column in enumerate(columns)
    )
    return select(*items).subquery("batch")


def insert_batch(*columns: InstrumentedAttribute[Any]) -> Insert:
    """A statement that inserts the rows of the batch, whose items are these columns of one table."""
    batch = batch_of(*columns)
    return insert(columns[0].class_).from_select([column.key for column in columns], select(batch))


def fetch(connection: Connection, statement: Executable, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """All result rows of a statement on these rows; without rows nothing is executed.

    Items are texts, numbers, booleans and None; uuids go in as hexadecimal text, times as microseconds, JSON
    documents as their text.
    """
    return [found for text in _texts(list(rows)) for found in connection.execute(statement, {"batch": text}).all()]


def run(connection: Connection, statement: Executable, rows: Iterable[Sequence[Any]]) -> None:
    """As `fetch`, for a statement without a result."""
    for text in _texts(list(rows)):
        connection.execute(statement, {"batch": text})


def _texts(rows: list[Sequence[Any]]) -> Iterator[str]:
    """The rows as one parameter, or as several when they are huge."""
    if not rows:
        return
    text = orjson.dumps(rows)
    if len(text) <= _MAX_BYTES or len(rows) == 1:
        yield text.decode()
        return
    half = len(rows) // 2
    yield from _texts(rows[:half])
    yield from _texts(rows[half:])


class _Rows(FunctionElement[Any]):
    inherit_cache = True


class _Item(FunctionElement[str]):
    inherit_cache = True
    type = Text()


@compiles(_Rows, "sqlite")
def _sqlite_rows(element: _Rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Rows, "postgresql")
def _postgresql_rows(element: _Rows, compiler: SQLCompiler, **options: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSONB))"


@compiles(_Item, "sqlite")
def _sqlite_item(element: _Item, compiler: SQLCompiler, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"json_extract({row}, '$[{place}]')"


@compiles(_Item, "postgresql")
def _postgresql_item(element: _Item, compiler: SQLCompiler, **options: Any) -> str:
    row, place = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({row} ->> {place})"
