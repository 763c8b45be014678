"""Column types: one meaning on SQLite (STRICT tables know only INTEGER, TEXT, REAL, BLOB) and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Boolean, Dialect, Integer, Text, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from ...domain.events import JsonValue
from ...domain.timestamps import EPOCH

_MICROSECOND = timedelta(microseconds=1)

LARGEST = 2**63 - 1
"""The largest number that a store can be asked for."""

Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits; on SQLite the one type that may be an autoincrementing key."""


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (at - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970 on both databases.

    An integer is exact, sorts, depends on no session time zone and goes through JSON as it is, so that whole
    batches can be handed over as one parameter.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Number)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Flag(TypeDecorator[bool]):
    """True or false; 1 or 0 on SQLite."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Boolean())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> bool | None:
        return value

    def process_result_value(self, value: int | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


class Guid(TypeDecorator[UUID]):
    """A uuid; 32 hexadecimal digits on SQLite."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | str | None:
        return value.hex if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: UUID | str | None, dialect: Dialect) -> UUID | None:
        return UUID(value) if isinstance(value, str) else value


class Json(TypeDecorator[JsonValue]):
    """A JSON document; its text on SQLite, JSON on PostgreSQL. None is NULL.

    Not JSONB, which spells numbers, objects and lists its own way: filters compare properties by their text.
    """

    impl = postgresql.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if sqlite else postgresql.JSON(none_as_null=True))

    def process_bind_param(self, value: JsonValue, dialect: Dialect) -> JsonValue:
        return orjson.dumps(value).decode() if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: JsonValue, dialect: Dialect) -> JsonValue:
        return orjson.loads(value) if isinstance(value, str) and dialect.name == "sqlite" else value
