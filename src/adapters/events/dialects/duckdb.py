"""DuckDB: how its file is opened, how rows get into it quickly, and how it says what queries need."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from math import ceil
from typing import Any
from uuid import UUID

import duckdb
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Engine,
    ExceptionContext,
    Integer,
    Select,
    SmallInteger,
    Table,
    Text,
    TextClause,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    create_engine,
    event,
    func,
    literal_column,
    select,
    text,
    true,
    try_cast,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

from ....domain.aggregation import Function
from ....domain.errors import StoreUnavailable
from ..tables import CompressedText, Instant, ScannedText

CHECKPOINT_THRESHOLD = "256MB"
"""When so much has been written, it moves from the log into the file: the default of 16 MB halves the throughput."""

_CONFIG = {
    # Without it DuckDB writes files for its oldest readers and silently ignores zstd.
    "storage_compatibility_version": "latest",
    "checkpoint_threshold": CHECKPOINT_THRESHOLD,
    "memory_limit": "1GB",
}
_FATAL = (duckdb.FatalException, duckdb.InternalException)
_SET_UP = "SET TimeZone = 'UTC'; SET enable_progress_bar = false"  # which would be printed into the answers of commands
_HELD = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


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


def unavailable(error: DBAPIError, engine: Engine) -> StoreUnavailable | None:
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


# Rows come in as one JSON text: parsed outside of Python's lock, as fast as Arrow needs, and fifty times faster
# than bound row by row. Unnesting the parameter hides that it is constant from the optimizer, which would
# otherwise parse it anew in each of its passes. Only the names and types of columns are written into the SQL.


def rows_of(table: Table, *columns: str) -> str:
    """A row source for SQL text: the columns of a table, read from the JSON list of objects in `:rows`."""
    structure = json.dumps([{name: _type(table, name) for name in columns}])
    rows = f"from_json(rows, '{structure}')".replace(":", "\\:")
    return f"(SELECT unnest({rows}, max_depth \\:= 2) FROM (SELECT unnest([:rows]) AS rows))"  # noqa: S608 - see above


def insert_rows(table: Table, *columns: str) -> TextClause:
    """Appends the JSON list of objects in `:rows`; a member that an object lacks is NULL."""
    return text(f"INSERT INTO {table.name} BY NAME FROM {rows_of(table, *columns)}")


def _type(table: Table, name: str) -> str:
    kinds: dict[type[Any], str] = {
        BigInteger: "BIGINT",
        Boolean: "BOOLEAN",
        CompressedText: "VARCHAR",
        Instant: "TIMESTAMP",
        Integer: "INTEGER",
        ScannedText: "VARCHAR",
        SmallInteger: "SMALLINT",
        Text: "VARCHAR",
        Uuid: "UUID",
    }
    return kinds[type(table.c[name].type)]


@compiles(CompressedText, "duckdb")
def _zstd(kind: CompressedText, compiler: Any, **options: Any) -> str:
    return "VARCHAR USING COMPRESSION zstd"


@compiles(ScannedText, "duckdb")
def _uncompressed(kind: ScannedText, compiler: Any, **options: Any) -> str:
    return "VARCHAR USING COMPRESSION uncompressed"


def uuids(given: Iterable[UUID]) -> Select[Any]:
    """SELECT these uuids, however many: one parameter."""
    text = json.dumps([str(uuid) for uuid in given])
    return select(func.unnest(func.from_json(bindparam(None, text, Text), literal_column("'[\"UUID\"]'"))))


def first_of(value: ColumnElement[Any], count: int) -> ColumnElement[Any]:
    """Of all different texts the first ones, as a list."""
    return func.list_slice(func.list_sort(func.list(value.distinct())), 1, count)


def member(json: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    """The text of an object's member, NULL without it. A JSON pointer takes any key, a path does not."""
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return json.op("->>", return_type=Text())(bindparam(None, pointer, Text))


def micros(at: ColumnElement[Any]) -> ColumnElement[int]:
    """A timestamp as microseconds since 1970."""
    return func.epoch_us(at, type_=BigInteger)


def floor_divide(number: ColumnElement[int], by: int) -> ColumnElement[int]:
    """Integer division of a number that is not negative."""
    return func.divide(number, bindparam(None, by, BigInteger), type_=BigInteger)


def number(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text as a double by the syntax of `number_of`; NULL for what is no number."""
    # The cast also takes `inf`, `nan`, `1_000` and two rare kinds of space, but nothing else beyond the syntax.
    double = try_cast(value, Double)
    extra = (~func.contains(value, literal_column(char)) for char in ("'_'", "chr(11)", "chr(12)"))
    return case((and_(func.isfinite(double), *extra), double))


def aggregate(function: Function, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The function over all numbers that are not NULL; 0 without any."""
    if function.quantile is not None:
        return quantile(value, function.quantile)
    # The sums that compensate for rounding.
    found = getattr(func, {"sum": "fsum", "avg": "favg"}.get(function, function.value))(value)
    return func.coalesce(found, literal_column("0"))


def quantile(value: ColumnElement[Any], q: float) -> ColumnElement[Any]:
    """The quantile of all numbers that are not NULL; 0 without any."""
    return func.coalesce(func.quantile_cont(value, literal_column(str(q))), literal_column("0"))


def sampled(distinct_id: ColumnElement[str], share: float) -> ColumnElement[bool]:
    """Whether the first 32 bits of an id's MD5, as a share of all there are, are below `share`."""
    limit = ceil(share * 2**32)
    if limit >= 2**32:
        return true()
    return func.left(func.md5(distinct_id), 8) < bindparam(None, f"{limit:08x}", Text)


def iso_text(at: ColumnElement[Any]) -> ColumnElement[Any]:
    """A timestamp as `2020-01-01T00:00:00.000000Z`."""
    return func.strftime(at, literal_column("'%Y-%m-%dT%H:%M:%S.%fZ'"), type_=Text)


def contains(value: ColumnElement[Any], needle: str) -> ColumnElement[bool]:
    """Whether the lower-cased text contains the needle. DuckDB lowers each character by itself."""
    return func.contains(func.lower(value), needle)


def matches(value: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Whether RE2 finds the pattern somewhere in the text."""
    return func.regexp_matches(value, pattern, type_=Boolean)


def first_match(value: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    """The first group of the pattern's first match, NULL without any."""
    return func.list_extract(func.regexp_extract_all(value, pattern, literal_column("1")), literal_column("1"))


def json_of_matches(value: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    """The first group of each match of the pattern as a JSON list, NULL without any."""
    found = func.regexp_extract_all(value, pattern, literal_column("1"))
    return case((func.len(found) > literal_column("0"), cast(func.to_json(found), Text)))


def replaced(value: ColumnElement[Any], pattern: str, alias: str) -> ColumnElement[Any]:
    """The text after RE2 replaced every match."""
    return func.regexp_replace(value, pattern, alias, literal_column("'g'"), type_=Text)


def meets_any(
    value: ColumnElement[Any], meets: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether a text meets a demand; if it is a JSON list, whether an element, as text, does."""
    return _AnyElement(value, meets(literal_column("element", Text)))


class _AnyElement(ColumnElement[bool]):
    """`EXISTS` over the elements of a JSON list; other texts are their only element."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals: Any = [  # noqa: RUF012
        ("value", InternalTraversal.dp_clauseelement),
        ("met", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, value: ColumnElement[Any], met: ColumnElement[bool]) -> None:
        self.value = value
        self.met = met


@compiles(_AnyElement)
def _any_element(element: _AnyElement, compiler: Any, **options: Any) -> str:
    value, met = compiler.process(element.value, **options), compiler.process(element.met, **options)
    elements = (
        f"CASE WHEN json_valid({value}) AND left(ltrim({value}), 1) = '['"
        f" THEN json_extract_string({value}, '$[*]') ELSE [{value}] END"
    )
    return f"len(list_filter({elements}, lambda element: element IS NOT NULL AND {met})) > 0"
