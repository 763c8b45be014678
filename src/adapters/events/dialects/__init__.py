"""What databases say differently, each in a module that is a `Dialect`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table

from ....domain.aggregation import Function

Value = ColumnElement[Any]


class Dialect(Protocol):
    """How a database says what queries need; the meaning is the domain's. The arguments are told by place."""

    ROW: str
    """The number of a row, stable within a transaction."""

    PART: str
    """SQL for the number of the part of the table that a row of `events` is in, stable within a transaction: of what is
    read, all in the part is unpacked."""

    def insert_rows(self, table: Table, columns: tuple[str, ...], /, *, unless_there: bool = False) -> str:
        """SQL that appends the JSON list of objects in `:rows`; a member that an object lacks is NULL.

        `unless_there`: rows of `persons` only whose person has none yet.
        """

    def rows_of(self, table: Table, columns: tuple[str, ...], /) -> str:
        """A row source for SQL text: the columns of a table, read from the JSON list of objects in `:rows`."""

    def in_parts(self, parts: Sequence[int], /) -> tuple[str, dict[str, str]]:
        """SQL, and what is bound in it, for whether a row of `events` is in one of these parts, at least one: so
        that of the others nothing large is unpacked."""

    def counted(self, update: str, /) -> str:
        """SQL that does an UPDATE and returns how many rows it changed."""

    def add_ids(self) -> str:
        """SQL that appends the rows of `ids` in `:rows`."""

    def one_of(self, column: Value, given: Iterable[UUID], /) -> ColumnElement[bool]:
        """Whether a column has one of these uuids, however many: one parameter."""

    def first_of(self, value: Value, count: int, /) -> Value:
        """Of all different texts the first ones, as a list."""

    def member(self, json: Value, key: str, /) -> Value:
        """The text of an object's member, NULL without it."""

    def micros(self, at: Value, /) -> ColumnElement[int]:
        """A timestamp as microseconds since 1970."""

    def floor_divide(self, number: ColumnElement[int], by: int, /) -> ColumnElement[int]:
        """Integer division of a number that is not negative."""

    def number(self, value: Value, /) -> Value:
        """The text as a double by the syntax of `number_of`; NULL for what is no number."""

    def finite(self, number: Value, /) -> Value:
        """The double, NULL if it is not finite."""

    def arithmetic(self, op: str, left: Value, right: Value, /) -> Value:
        """`+ - * / %` of doubles; not finite or NULL for what no double holds. The right one of `/ %` is not zero."""

    def rounded(self, number: Value, digits: int, /) -> Value:
        """The double to so many decimal digits, halves away from zero."""

    def number_text(self, number: Value, /) -> Value:
        """The shortest text of a double that is not whole or is large."""

    def lower(self, text: Value, /) -> Value:
        """Each character by itself in lower case."""

    def upper(self, text: Value, /) -> Value:
        """Each character by itself in upper case."""

    def total(self, number: Value, /) -> Value:
        """The sum of all numbers that are not NULL; NULL without any."""

    def aggregate(self, function: Function, value: Value, /) -> Value:
        """The function over all numbers that are not NULL; 0 without any."""

    def quantile(self, value: Value, q: float, /) -> Value:
        """The quantile of all numbers that are not NULL; 0 without any."""

    def sampled(self, distinct_id: ColumnElement[str], share: float, /) -> ColumnElement[bool]:
        """Whether the first 32 bits of an id's MD5, as a share of all there are, are below `share`."""

    def iso_text(self, at: Value, /) -> Value:
        """A timestamp as `2020-01-01T00:00:00.000000Z`."""

    def instant(self, value: Value, zone: ZoneInfo, /) -> Value:
        """The naive UTC timestamp that a text names by the rules of `instant_of`, or NULL."""

    def contains(self, value: Value, needle: str, /) -> ColumnElement[bool]:
        """Whether the lower-cased text contains the needle."""

    def found_in(self, column: Value, needle: str, /) -> ColumnElement[bool]:
        """Whether a `search` column contains the needle."""

    def matches(self, value: Value, pattern: str, /) -> ColumnElement[bool]:
        """Whether RE2 finds the pattern somewhere in the text. Raises `InvalidInput` for one that it cannot."""

    def first_match(self, value: Value, pattern: str, /) -> Value:
        """The first group of the first match of a pattern that all databases know, NULL without any."""

    def json_of_matches(self, value: Value, pattern: str, /) -> Value:
        """The first group of each match of such a pattern as a JSON list, NULL without any."""

    def replaced(self, value: Value, pattern: str, alias: str, /) -> Value:
        """The text after RE2 replaced every match. Raises `InvalidInput` for a pattern that it cannot."""

    def same_value(self, left: Value, right: Value, /) -> ColumnElement[bool]:
        """Whether two breakdown values, NULL but never empty, are one: a condition that large sets are joined by."""

    def meets_any(self, value: Value, meets: Callable[[Value], ColumnElement[bool]], /) -> ColumnElement[bool]:
        """Whether a text meets a demand; if it is a JSON list, whether an element, as text, does."""

    def let(self, name: str, value: Value, within: Callable[[Value], Value], /) -> Value:
        """An expression within which a value has a name, so that it is written and worked out once."""
