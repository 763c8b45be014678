"""PostgreSQL: how rows get into it quickly, and how it says what queries need. A `Dialect`.

Every text column is of the collation "C", whose order is that of code points; what is case-insensitive asks for
"pg_c_utf8", which changes each character by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    extract,
    func,
    literal_column,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, aggregate_order_by
from sqlalchemy.ext.compiler import compiles

from ....domain.aggregation import Function
from ..tables import CompressedText, Instant, ScannedText, ids
from . import duckdb_let
from .duckdb import AnyElement
from .duckdb_let import Let
from .postgresql_patterns import replacement, translated

ROW = "ctid"
PART = "0"  # the whole table: rows are unpacked one by one
let = duckdb_let.let
_ZERO: ColumnElement[Any] = literal_column("0::double precision", Double)
_INFINITY: ColumnElement[Any] = literal_column("'Infinity'::double precision", Double)
_HUGE: ColumnElement[Any] = literal_column("1e292::double precision", Double)
_FIRST_GROUP: tuple[ColumnElement[Any], ...] = tuple(map(literal_column, ("1", "1", "''", "1")))
_LOW: ColumnElement[Any] = literal_column("1e-150::double precision", Double)
_HIGH: ColumnElement[Any] = literal_column("1e150::double precision", Double)


def rows_of(table: Table, columns: tuple[str, ...]) -> str:
    named = ", ".join(f"{name} {_type(table, name)}" for name in columns)
    return f"(SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS given({named}))"  # noqa: S608 - names and types


def insert_rows(table: Table, columns: tuple[str, ...], *, unless_there: bool = False) -> str:
    named = ", ".join(columns)
    there = " ON CONFLICT DO NOTHING" if unless_there else ""
    return f"INSERT INTO {table.name} ({named}) SELECT {named} FROM {rows_of(table, columns)} AS given{there}"  # noqa: S608


def add_ids() -> str:
    insert = insert_rows(ids, tuple(ids.columns.keys()))
    return f"{insert} ON CONFLICT (project_id, distinct_id) DO UPDATE SET person_id = excluded.person_id"


def in_parts(parts: Sequence[int]) -> tuple[str, dict[str, str]]:
    return "true", {}


def counted(update: str) -> str:
    return f"WITH changed AS ({update} RETURNING 1) SELECT count(*) FROM changed"  # noqa: S608 - the caller's words


def _type(table: Table, name: str) -> str:
    kinds: dict[type[Any], str] = {
        BigInteger: "bigint",
        Boolean: "boolean",
        CompressedText: "text",
        Instant: "timestamp",
        Integer: "integer",
        ScannedText: "text",
        SmallInteger: "smallint",
        Text: "text",
        Uuid: "uuid",
    }
    return kinds[type(table.c[name].type)]


def one_of(column: ColumnElement[Any], given: Iterable[UUID]) -> ColumnElement[bool]:
    # As an array, which an index serves even beside another condition that is as good.
    return column == any_(bindparam(None, list(given), ARRAY(Uuid())))


def first_of(value: ColumnElement[Any], count: int) -> ColumnElement[Any]:
    return func.array_agg(aggregate_order_by(value.distinct(), value))[1:count]


def member(json: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    # As json, not jsonb: that writes numbers, objects and lists its own way.
    return cast(json, JSON).op("->>", return_type=Text())(bindparam(None, key, Text))


def micros(at: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(extract("epoch", at) * literal_column("1000000"), BigInteger)


def floor_divide(number: ColumnElement[int], by: int) -> ColumnElement[int]:
    return number.op("/", precedence=15, return_type=BigInteger())(bindparam(None, by, BigInteger))


def number(value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.hedgerow_number(value, type_=Double)


def finite(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((func.abs(number) < _INFINITY, number))


def arithmetic(op: str, left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """PostgreSQL fails where the result is too large or too small, so such numbers are left to a function."""
    if op == "%":
        return func.hedgerow_remainder(left, right, type_=Double)
    low, high = (_LOW, _HIGH) if op in "*/" else (None, _HUGE)

    def safe(one: ColumnElement[Any]) -> ColumnElement[bool]:
        size = func.abs(one)
        return size < high if low is None else size.between(low, high)

    def with_left(one: ColumnElement[Any]) -> ColumnElement[Any]:
        def with_right(other: ColumnElement[Any]) -> ColumnElement[Any]:
            plain: ColumnElement[Any] = one.op(op, return_type=Double())(other)
            rare = func.hedgerow_arithmetic(literal_column(f"'{op}'"), one, other, type_=Double)
            return case((and_(safe(one), safe(other)), plain), else_=rare)

        return let("operand_2", right, with_right)

    return let("operand_1", left, with_left)


def rounded(number: ColumnElement[Any], digits: int) -> ColumnElement[Any]:
    return func.hedgerow_rounded(number, literal_column(str(digits)), type_=Double)


def number_text(number: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(number, Text)


def lower(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.lower(text.collate("pg_c_utf8"), type_=Text)


def upper(text: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.upper(text.collate("pg_c_utf8"), type_=Text)


def total(number: ColumnElement[Any]) -> ColumnElement[Any]:
    # Added exactly: sums of doubles lose small numbers beside large ones, and fail where they are too large.
    exact = cast(cast(cast(number, Double), Text), Numeric)  # the direct cast keeps 15 digits only
    return func.hedgerow_double(func.sum(exact), type_=Double)


def aggregate(function: Function, value: ColumnElement[Any]) -> ColumnElement[Any]:
    if function.quantile is not None:
        return quantile(value, function.quantile)
    match function:
        case Function.SUM:
            found = total(value)
        case Function.AVG:
            found = total(value).op("/", return_type=Double())(func.nullif(func.count(value), literal_column("0")))
        case _:
            found = getattr(func, function.value)(cast(value, Double))
    return func.coalesce(found, _ZERO, type_=Double)


def quantile(value: ColumnElement[Any], q: float) -> ColumnElement[Any]:
    share = literal_column(f"{q!r}::double precision", Double)
    return func.coalesce(func.percentile_cont(share).within_group(cast(value, Double)), _ZERO, type_=Double)


def sampled(distinct_id: ColumnElement[str], share: float) -> ColumnElement[bool]:
    limit = ceil(share * 2**32)
    if limit >= 2**32:
        return true()
    return func.left(func.md5(distinct_id), 8) < bindparam(None, f"{limit:08x}", Text)


def iso_text(at: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.to_char(at, literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""), type_=Text)


def instant(value: ColumnElement[Any], zone: ZoneInfo) -> ColumnElement[Any]:
    return func.hedgerow_instant(value, bindparam(None, zone.key, Text), type_=DateTime)


def contains(value: ColumnElement[Any], needle: str) -> ColumnElement[bool]:
    return func.strpos(lower(value), needle) > literal_column("0")


def found_in(column: ColumnElement[Any], needle: str) -> ColumnElement[bool]:
    return column.contains(needle, autoescape=True)  # the form that an index of trigrams serves


def matches(value: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    return value.collate("C").op("~", return_type=Boolean())(bindparam(None, translated(pattern), Text))


def first_match(value: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    return func.regexp_substr(value, bindparam(None, pattern, Text), *_FIRST_GROUP, type_=Text)


def json_of_matches(value: ColumnElement[Any], pattern: str) -> ColumnElement[Any]:
    return func.hedgerow_matches(value, bindparam(None, pattern, Text), type_=Text)


def replaced(value: ColumnElement[Any], pattern: str, alias: str) -> ColumnElement[Any]:
    found, by = (bindparam(None, text, Text) for text in replacement(pattern, alias))
    return func.regexp_replace(value.collate("C"), found, by, literal_column("'g'"), type_=Text)


def same_value(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[bool]:
    empty = literal_column("''", Text)  # PostgreSQL joins by a hash only where things are equal
    return func.coalesce(left, empty) == func.coalesce(right, empty)


def meets_any(
    value: ColumnElement[Any], meets: Callable[[ColumnElement[Any]], ColumnElement[bool]]
) -> ColumnElement[bool]:
    return AnyElement(value, meets(literal_column("element", Text)))


@compiles(AnyElement, "postgresql")
def _any_element(element: AnyElement, compiler: Any, **options: Any) -> str:
    value, met = compiler.process(element.value, **options), compiler.process(element.met, **options)
    return f"EXISTS (SELECT FROM hedgerow_elements({value}) AS element WHERE element IS NOT NULL AND {met})"


@compiles(Let, "postgresql")
def _let_text(let: Let, compiler: Any, **options: Any) -> str:
    value, within = compiler.process(let.value, **options), compiler.process(let.within, **options)
    # Without OFFSET it would put the value in the place of its name.
    return f"(SELECT {within} FROM (SELECT {value} AS {let.name} OFFSET 0) AS of_{let.name})"  # noqa: S608 - compiled parts
