"""DuckDB: how rows get into it quickly, and how it says what queries need. A `Dialect`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal

from ....domain.aggregation import Function
from ..tables import CompressedText, Instant, ScannedText, ids
from . import duckdb_dates, duckdb_let, duckdb_numbers

ROW = "rowid"
PART = "events.rowid // 2048"  # a vector
instant, let, number = duckdb_dates.instant, duckdb_let.let, duckdb_numbers.number


# Rows come in as one JSON text: parsed outside of Python's lock, as fast as Arrow needs, and fifty times faster
# than bound row by row. Unnesting the parameter hides that it is constant from the optimizer, which would
# otherwise parse it anew in each of its passes. Only the names and types of columns are written into the SQL.


def rows_of(table: Table, columns: tuple[str, ...]) -> str:
    """A row source for SQL text: the columns of a table, read from the JSON list of objects in `:rows`."""
    structure = json.dumps([{name: _type(table, name) for name in columns}])
    rows = f"from_json(rows, '{structure}')".replace(":", "\\:")
    return f"(SELECT unnest({rows}, max_depth \\:= 2) FROM (SELECT unnest([:rows]) AS rows))"  # noqa: S608 - see above


def insert_rows(table: Table, columns: tuple[str, ...], *, unless_there: bool = False) -> str:
    new = f" ANTI JOIN {table.name} USING (project_id, uuid)" if unless_there else ""
    return f"INSERT INTO {table.name} BY NAME FROM {rows_of(table, columns)}{new}"


def add_ids() -> str:
    return insert_rows(ids, tuple(ids.columns.keys()))


def in_parts(parts: Sequence[int]) -> tuple[str, dict[str, str]]:
    """A bit for each vector: DuckDB looks up those of a vector before it reads the columns that no filter needs, but a
    set of row numbers only afterwards, when it has unpacked all of them."""
    bits = bytearray(b"0" * (max(parts) + 2))  # the last stands for all beyond
    for part in parts:
        bits[part] = ord("1")
    place = f"CAST(least({PART}, length(:parts) - 1) AS INTEGER)"
    return f"get_bit(CAST(:parts AS BIT), {place}) = 1", {"parts": bits.decode()}


def counted(update: str) -> str:
    return update  # DuckDB returns the number of itself


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


def one_of(column: ColumnElement[Any], given: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether a column has one of these uuids, however many: one parameter."""
    text = json.dumps([str(uuid) for uuid in given])
    return column.in_(select(func.unnest(func.from_json(bindparam(None, text, Text), literal_column("'[\"UUID\"]'")))))


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


def finite(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((func.isfinite(number), number))


def arithmetic(op: str, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.fmod(left, right) if op == "%" else left.op(op, return_type=Double())(right)


def rounded(number: ColumnElement[Any], digits: int) -> ColumnElement[Any]:
    return func.round(number, literal_column(str(digits)))


def number_text(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(number, Text)


def lower(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.lower(text, type_=Text)


def upper(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.upper(text, type_=Text)


def total(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.fsum(number)


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
    return func.contains(func.lower(value), needle)  # which lowers each character by itself


def found_in(column: ColumnElement[Any], needle: str) -> ColumnElement[bool]:
    return func.contains(column, needle)


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


def same_value(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bool]:
    return left.is_not_distinct_from(right)


def meets_any(
    value: ColumnElement[Any], meets: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether a text meets a demand; if it is a JSON list, whether an element, as text, does."""
    return AnyElement(value, meets(literal_column("element", Text)))


class AnyElement(ColumnElement[bool]):
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


@compiles(AnyElement)
def _any_element(element: AnyElement, compiler: Any, **options: Any) -> str:
    value, met = compiler.process(element.value, **options), compiler.process(element.met, **options)
    elements = (
        f"CASE WHEN json_valid({value}) AND left(ltrim({value}), 1) = '['"
        f" THEN json_extract_string({value}, '$[*]') ELSE [{value}] END"
    )
    return f"len(list_filter({elements}, lambda element: element IS NOT NULL AND {met})) > 0"
