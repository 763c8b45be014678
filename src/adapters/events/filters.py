"""Conditions on a property's text as SQL, with the meaning that the domain gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, bindparam, false, func, not_, or_, true

from ...domain.conditions import (
    Always,
    AnyOf,
    CleanedPathOneOf,
    Comparison,
    Condition,
    Contains,
    During,
    IsSet,
    Leaf,
    Matches,
    Not,
    NumberBetween,
    NumberIs,
    OneOf,
    TextIs,
)
from .dialects import Dialect
from .tables import Instant

Zone: TypeAlias = Callable[[], ZoneInfo]
"""Tells the project's time zone. A call, because few filters need to know it."""


def holds(
    condition: Condition, text: ColumnElement[Any], zone: Zone, sql: Dialect, *, elements: bool = False
) -> ColumnElement[bool]:
    """Whether a text meets a condition. NULL, for no value, means that it does not.

    `elements`: a JSON list meets a leaf condition by any of its elements.
    """
    match condition:
        case Always():
            return true()
        case Not():
            # Only here: a bare comparison can be looked up in DuckDB's statistics of each block.
            return not_(func.coalesce(holds(condition.condition, text, zone, sql, elements=elements), false()))
        case AnyOf():
            return or_(*(holds(part, text, zone, sql, elements=elements) for part in condition.conditions))
        case IsSet():
            return text.is_not(None)
    if elements:
        return sql.meets_any(text, lambda element: _meets(condition, element, zone, sql))
    return _meets(condition, text, zone, sql)


def _meets(condition: Leaf, text: ColumnElement[Any], zone: Zone, sql: Dialect) -> ColumnElement[bool]:
    match condition:
        case IsSet():
            return text.is_not(None)
        case OneOf():
            return _one_of(text, condition)
        case Contains():
            return sql.contains(text, condition.needle)
        case Matches():
            return sql.matches(text, condition.pattern)
        case NumberIs():
            return _compare(sql.number(text), condition.comparison, condition.number)
        case NumberBetween():
            return sql.number(text).between(condition.low, condition.high)
        case TextIs():
            return _compare(text, condition.comparison, condition.text)
        case During():
            return _during(sql.instant(text, zone()), condition)
        case CleanedPathOneOf():
            for rule in condition.rules:
                text = sql.replaced(text, rule.regex, rule.alias)
            return text.in_(condition.values)


def _one_of(text: ColumnElement[Any], condition: OneOf) -> ColumnElement[bool]:
    found = text == condition.values[0] if len(condition.values) == 1 else text.in_(condition.values)
    if not condition.spaceless:
        return found
    return or_(found, func.replace(text, " ", "").in_(condition.spaceless))


def _during(at: ColumnElement[Any], during: During) -> ColumnElement[bool]:
    # Not that there is one besides: DuckDB 1.5 fails where that is looked at together with a range of the same cast.
    bounds: list[ColumnElement[bool]] = []
    if during.start is not None:
        bounds.append(at >= bindparam(None, during.start, Instant))
    if during.end is not None:
        bounds.append(at < bindparam(None, during.end, Instant))
    return and_(*bounds) if bounds else at.is_not(None)


def _compare(left: ColumnElement[Any], comparison: Comparison, right: object) -> ColumnElement[bool]:
    match comparison:
        case Comparison.GT:
            return left > right
        case Comparison.GTE:
            return left >= right
        case Comparison.LT:
            return left < right
        case Comparison.LTE:
            return left <= right
