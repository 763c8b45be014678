"""DuckDB: texts read as instants by the rules of `instant_of`."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    try_cast,
)

from ....domain.readings import ISO_SYNTAX
from .duckdb_let import let
from .duckdb_numbers import number

_FIRST: ColumnElement[Any] = literal_column("TIMESTAMP '1000-01-01'")
_LAST: ColumnElement[Any] = literal_column("TIMESTAMP '9999-12-31 23:59:59.999999'")


def _all(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    first, *rest = conditions
    for condition in rest:
        first = first & condition
    return first


def instant(value: ColumnElement[Any], zone: ZoneInfo) -> ColumnElement[Any]:
    """The naive UTC timestamp that a text names by the rules of `instant_of`, or NULL."""

    def read(text: ColumnElement[Any]) -> ColumnElement[Any]:
        trimmed = func.trim(text, literal_column(r"' ' || chr(9) || chr(13) || chr(10)"))
        iso = func.coalesce(_iso(trimmed, zone), _iso(func.left(trimmed, 10), zone))
        return let("seconds", number(text), lambda seconds: case((seconds.is_not(None), _unix(seconds)), else_=iso))

    return let(
        "found", let("text", value, read), lambda found: case((found.between(_FIRST, _LAST), cast(found, DateTime)))
    )


def _unix(seconds: ColumnElement[Any]) -> ColumnElement[Any]:
    """Rounded as Python's `timedelta` rounds: the fraction alone, half to even."""
    whole = func.trunc(seconds)
    fraction = func.round_even((seconds - whole) * literal_column("1e6"), literal_column("0"))
    total = try_cast(whole, BigInteger) * literal_column("1000000") + try_cast(fraction, BigInteger)
    within = func.abs(seconds) < literal_column("1e12")
    return case((within, func.make_timestamp(total, type_=DateTime)))


def _iso(value: ColumnElement[Any], zone: ZoneInfo) -> ColumnElement[Any]:
    names: ColumnElement[Any] = literal_column("['day', 'hour', 'minute', 'second', 'fraction', 'offset']")
    parts = func.regexp_extract(value, literal_column(f"'^(?:{ISO_SYNTAX})$'"), names)
    return let("part", parts, lambda part: _instant_of_parts(part, zone))


def _instant_of_parts(parts: ColumnElement[Any], zone: ZoneInfo) -> ColumnElement[Any]:
    part = {
        name: func.struct_extract(parts, literal_column(f"'{name}'"), type_=Text)
        for name in ("day", "hour", "minute", "second", "fraction", "offset")
    }
    clock = func.concat_ws(":", *(_or_zeros(part[name]) for name in ("hour", "minute", "second")))
    fraction = func.rpad(func.left(part["fraction"], 6), 6, "0")
    wall = try_cast(func.concat(part["day"], " ", clock, ".", fraction), DateTime)
    offset = part["offset"]
    digits = func.rpad(func.replace(func.substr(offset, 2), ":", ""), 4, "0")
    minutes = try_cast(func.left(digits, 2), Integer) * 60 + try_cast(func.right(digits, 2), Integer)
    signed = case((func.left(offset, 1) == "-", -minutes), else_=minutes)
    return case(
        (part["day"] == "", None),
        (offset == "", cast(func.timezone(bindparam(None, zone.key, Text), wall), DateTime)),
        (offset == "Z", wall),
        else_=wall - func.to_minutes(signed),
    )


def _or_zeros(digits: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.nullif(digits, literal_column("''")), literal_column("'00'"))
