"""Conditions on a property's text as PostgreSQL decides them, with the meaning the domain gives them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, SQLColumnExpression, Text, and_, case, cast, false, func, not_, or_, true

from ...domain.conditions import (
    Always,
    AnyOf,
    Comparison,
    Condition,
    Contains,
    IsSet,
    Not,
    NumberBetween,
    NumberIs,
    OneOf,
    TextIs,
)
from ...domain.errors import InvalidInput
from ...domain.readings import NUMBER_SYNTAX


def holds(condition: Condition, text: ColumnElement[Any]) -> ColumnElement[bool]:
    """Never NULL, so that its negation is true of no value.

    Raises `InvalidInput` for patterns, dates and cleaned paths: PostgreSQL reads them otherwise than the domain.
    """
    match condition:
        case Always():
            return true()
        case Not():
            return not_(holds(condition.condition, text))
        case AnyOf():
            return or_(false(), *(holds(part, text) for part in condition.conditions))
        case IsSet():
            return text.is_not(None)
    return func.coalesce(_meets(condition, text), false())


def contains(text: SQLColumnExpression[Any], needle: str) -> ColumnElement[bool]:
    """Whether the lower-cased text contains the needle. The collation lowers each character by itself."""
    return func.strpos(func.lower(text.collate("pg_c_utf8")), needle) > 0


def _meets(condition: Condition, text: ColumnElement[Any]) -> Any:
    match condition:
        case OneOf():
            return or_(text.in_(condition.values), func.replace(text, " ", "").in_(condition.spaceless))
        case Contains():
            return contains(text, condition.needle)
        case TextIs():
            return _compare(text.collate("C"), condition.comparison, condition.text)
        case NumberIs():
            return _compare(_number(text), condition.comparison, condition.number)
        case NumberBetween():
            number = _number(text)
            return and_(number >= condition.low, number <= condition.high)
    raise InvalidInput(f"{type(condition).__name__} filters do not work on PostgreSQL yet.", "properties")


def _compare(left: ColumnElement[Any], comparison: Comparison, right: Any) -> Any:
    match comparison:
        case Comparison.GT:
            return left > right
        case Comparison.GTE:
            return left >= right
        case Comparison.LT:
            return left < right
        case Comparison.LTE:
            return left <= right


def _number(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text as a double, NULL for what is no number: a bare cast would fail on it, or take `nan`."""
    valid = and_(text.regexp_match(f"^{NUMBER_SYNTAX}$"), func.pg_input_is_valid(text, "double precision"))
    return case((valid, cast(cast(text, Text), Double)), else_=None)
