"""Which condition each filter operator makes of its value: PostHog's operators.

A list as value means any of it (none of it, for the negative operators); an empty list demands nothing.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import orjson
import re2

from .conditions import (
    Always,
    AnyOf,
    CleanedPathOneOf,
    Comparison,
    Condition,
    Contains,
    During,
    IsSet,
    Matches,
    Not,
    NumberBetween,
    NumberIs,
    OneOf,
    PathRule,
    TextIs,
    clean_path,
    compiled,
    lower,
    text_of,
)
from .errors import InvalidInput
from .events import JsonValue
from .localtime import Calendar
from .readings import LAST_INSTANT, instant_of, is_date, iso_instant, number_of

MAX_VALUES = 10_000
MAX_PATTERN = 1000


class Operator(StrEnum):
    """How a filter compares. MIN and MAX are old names of GTE and LTE."""

    EXACT = "exact"
    IS_NOT = "is_not"
    ICONTAINS = "icontains"
    NOT_ICONTAINS = "not_icontains"
    REGEX = "regex"
    NOT_REGEX = "not_regex"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    MIN = "min"
    MAX = "max"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"
    IS_DATE_EXACT = "is_date_exact"
    IS_DATE_AFTER = "is_date_after"
    IS_DATE_BEFORE = "is_date_before"
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    NOT_BETWEEN = "not_between"
    IS_CLEANED_PATH_EXACT = "is_cleaned_path_exact"

    @property
    def needs_value(self) -> bool:
        return self not in (Operator.IS_SET, Operator.IS_NOT_SET)


# Having no value meets a negative operator, but neither of gt and lte, so those are no negations here.
_NEGATIONS = {
    Operator.IS_NOT: Operator.EXACT,
    Operator.NOT_ICONTAINS: Operator.ICONTAINS,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.IS_NOT_SET: Operator.IS_SET,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_BETWEEN: Operator.BETWEEN,
}
_COMPARISONS = {
    Operator.GT: Comparison.GT,
    Operator.GTE: Comparison.GTE,
    Operator.LT: Comparison.LT,
    Operator.LTE: Comparison.LTE,
    Operator.MIN: Comparison.GTE,
    Operator.MAX: Comparison.LTE,
}
_MICROSECOND = timedelta(microseconds=1)


def condition_of(
    operator: Operator,
    value: JsonValue,
    *,
    zone: ZoneInfo,
    path_rules: tuple[PathRule, ...] = (),
    attr: str | None = None,
) -> Condition:
    """The condition that an operator makes of a value; `Always` where a value is needed and there is none.

    Dates in the value without a zone are in `zone`. Raises `InvalidInput`, with `attr`, for a value that the
    operator cannot use.
    """
    positive = _NEGATIONS.get(operator, operator)
    condition = _positive(operator, positive, value, zone, path_rules, attr)
    if positive is operator or isinstance(condition, Always):
        return condition
    return Not(condition)


def any_of(conditions: list[Condition]) -> Condition:
    """At least one of the conditions, of which there is one or more."""
    return conditions[0] if len(conditions) == 1 else AnyOf(tuple(conditions))


def texts_of(value: JsonValue, attr: str | None) -> list[str]:
    """The values of a filter, a list or a single one, as text, nulls left out."""
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise InvalidInput(f"A filter may have at most {MAX_VALUES} values.", attr)
    try:
        texts = [text_of(each) for each in values]
    except RecursionError:
        raise InvalidInput("The value is nested too deeply.", attr) from None
    return [storable(text) for text in texts if text is not None]


def checked_pattern(text: str, attr: str | None) -> str:
    """The pattern itself. Raises `InvalidInput`, with RE2's reason, if it is none."""
    if len(text) > MAX_PATTERN:
        raise InvalidInput(f"A regular expression may have at most {MAX_PATTERN} characters.", attr)
    try:
        compiled(text)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        raise InvalidInput(f"Invalid regular expression: {reason}", attr) from None
    return text


def storable(text: str) -> str:
    """The text as capture would have stored it: neither a NUL nor a lone surrogate can be kept."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def _positive(
    operator: Operator,
    positive: Operator,
    value: JsonValue,
    zone: ZoneInfo,
    path_rules: tuple[PathRule, ...],
    attr: str | None,
) -> Condition:
    if positive is Operator.IS_SET:
        return IsSet()
    if positive is Operator.BETWEEN and value is not None:
        return _between(operator, value, attr)
    if positive is Operator.IN and not isinstance(value, list | None):
        raise InvalidInput(f"{operator} operator requires a list", attr)
    texts = texts_of(value, attr)
    if not texts:
        return Always()
    match positive:
        case Operator.EXACT | Operator.IN:
            return OneOf(tuple(texts), tuple(filter(None, map(_spaceless, texts))))
        case Operator.IS_CLEANED_PATH_EXACT:
            return CleanedPathOneOf(tuple(clean_path(text, path_rules) for text in texts), path_rules)
        case Operator.ICONTAINS:
            return any_of([Contains(lower(text)) for text in texts])
        case Operator.REGEX:
            return any_of([Matches(checked_pattern(text, attr)) for text in texts])
        case Operator.IS_DATE_EXACT | Operator.IS_DATE_AFTER | Operator.IS_DATE_BEFORE:
            return any_of([_date(positive, text.strip(), zone, attr) for text in texts])
    return any_of([_compared(_COMPARISONS[positive], text, zone) for text in texts])


def _spaceless(text: str) -> str | None:
    """The JSON object or list that a text writes, without any space; None for other texts."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return (text_of(orjson.loads(text)) or "").replace(" ", "")
    except (orjson.JSONDecodeError, RecursionError):
        return None


def _between(operator: Operator, value: JsonValue, attr: str | None) -> NumberBetween:
    texts = texts_of(value, attr)
    if not isinstance(value, list) or len(texts) != 2:
        raise InvalidInput(f"{operator} operator requires a two-element array [min, max]", attr)
    low, high = map(number_of, texts)
    if low is None or high is None:
        raise InvalidInput(f"{operator} operator requires numeric values", attr)
    if low > high:
        detail = f"{operator} operator requires min value to be less than or equal to max value"
        raise InvalidInput(detail, attr)
    return NumberBetween(low, high)


def _compared(comparison: Comparison, text: str, zone: ZoneInfo) -> Condition:
    if (number := number_of(text)) is not None:
        return NumberIs(comparison, number)
    if (instant := iso_instant(text.strip(), zone)) is None:
        return TextIs(comparison, text)
    match comparison:
        case Comparison.GT:
            return During(_later(instant, _MICROSECOND), None)
        case Comparison.GTE:
            return During(instant, None)
        case Comparison.LT:
            return During(None, instant)
        case Comparison.LTE:
            return During(None, _later(instant, _MICROSECOND))


def _date(operator: Operator, text: str, zone: ZoneInfo, attr: str | None) -> During:
    start, end = _span(text, zone, attr)
    if operator is Operator.IS_DATE_AFTER:
        return During(end, None)
    if operator is Operator.IS_DATE_BEFORE:
        return During(None, start)
    if not is_date(text):
        start = start.replace(microsecond=0)
        end = _later(start, timedelta(seconds=1))
    return During(start, end)


def _span(text: str, zone: ZoneInfo, attr: str | None) -> tuple[datetime, datetime]:
    """From when until when, exclusive, a date or a date with a time lasts: a day or a microsecond."""
    instant = iso_instant(text, zone) if number_of(text) is None else instant_of(text, zone)
    if instant is None:
        raise InvalidInput(f'"{text[:100]}" is not a readable date', attr)
    if not is_date(text):
        return instant, _later(instant, _MICROSECOND)
    day, calendar = date.fromisoformat(text), Calendar(zone)
    try:
        midnight = calendar.instant(datetime.combine(day, time.min))
        return midnight, calendar.instant(datetime.combine(day + timedelta(days=1), time.min))
    except OverflowError:  # the last day there is
        return instant, LAST_INSTANT


def _later(instant: datetime, by: timedelta) -> datetime:
    return min(instant, LAST_INSTANT - by) + by
