"""What a filter may demand of one property, and when that holds: the one meaning of every filter operator.

A property is read as nullable text (`text_of`); missing and null are both None, no value. A `Condition` is
demanded of that text. `holds` decides it here; stores compile the same conditions and must agree with it.
No value meets no condition but `Always` and `Not`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson
import re2

from .events import JsonValue
from .readings import instant_of, number_of


class Comparison(StrEnum):
    """How two ordered values compare."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"


@dataclass(frozen=True, slots=True)
class Always:
    """True of everything, also of no value: a filter that does not say what it demands."""


@dataclass(frozen=True, slots=True)
class IsSet:
    """There is a value. The empty text is one."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The text is one of `values`; or, with all its spaces (U+0020) removed, one of `spaceless`.

    `spaceless` holds, so treated, the demanded values that are JSON objects or lists.
    """

    values: tuple[str, ...]
    spaceless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contains:
    """The text, put through `lower`, contains `needle`, which has been. No character of it is special."""

    needle: str


@dataclass(frozen=True, slots=True)
class Matches:
    """RE2 finds the pattern somewhere in the text: case-sensitive, `.` is any character but a newline."""

    pattern: str


@dataclass(frozen=True, slots=True)
class NumberIs:
    """The text is a number (`number_of`), and `it comparison number`, as doubles."""

    comparison: Comparison
    number: float


@dataclass(frozen=True, slots=True)
class NumberBetween:
    """The text is a number, low <= it <= high."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TextIs:
    """`it comparison text`, ordered by code point, which is also the order of the bytes of UTF-8."""

    comparison: Comparison
    text: str


@dataclass(frozen=True, slots=True)
class During:
    """The text is a date (`instant_of`), start <= it < end. Bounds are aware UTC; None is open.

    Instants are whole microseconds, so "later than t" starts a microsecond after t.
    """

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class PathRule:
    """Every match of `regex` (RE2) in a path becomes `alias`.

    In an alias `\\0` to `\\9` stand for the match and its groups, `\\\\` for a backslash.
    """

    regex: str
    alias: str


@dataclass(frozen=True, slots=True)
class CleanedPathOneOf:
    """The text, cleaned by `rules` (`clean_path`), is one of `values`, which have been cleaned."""

    values: tuple[str, ...]
    rules: tuple[PathRule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold, be it for want of a value."""

    condition: Condition


Leaf: TypeAlias = "IsSet | OneOf | Contains | Matches | NumberIs | NumberBetween | TextIs | During | CleanedPathOneOf"
Condition: TypeAlias = "Always | AnyOf | Not | Leaf"


def holds(condition: Condition, text: str | None, zone: ZoneInfo, *, elements: bool = False) -> bool:
    """Whether a property meets a condition. Dates in it without a zone are in `zone`.

    With `elements`, a text that is a JSON list meets a leaf condition when any of its elements, each read as
    text, does. So `Not` demands that no element meets its condition. A list is set, even when it is empty.
    """
    match condition:
        case Always():
            return True
        case Not():
            return not holds(condition.condition, text, zone, elements=elements)
        case AnyOf():
            return any(holds(part, text, zone, elements=elements) for part in condition.conditions)
    if text is None:
        return False
    if elements and not isinstance(condition, IsSet):
        return any(_meets(condition, element, zone) for element in _elements(text))
    return _meets(condition, text, zone)


def text_of(value: JsonValue) -> str | None:
    """A property as text: strings as they are, null None, all else compact JSON (`5`, `true`, `{"a":[1]}`).

    Stores keep exactly this text. Raises RecursionError for nesting that no JSON reader accepts.
    """
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # an integer over 64 bits
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def lower(text: str) -> str:
    """Lower case, one character for each, as databases do it. (Python's own has a final ς, and two for İ.)"""
    if text.isascii():
        return text.lower()
    return "".join(character.lower()[0] for character in text)


def clean_path(text: str, rules: tuple[PathRule, ...]) -> str:
    """The path after each rule in turn has replaced all that it matches, as RE2's GlobalReplace does."""
    for rule in rules:
        text = _replace(rule, text)
    return text


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Any:
    """RE2's compiled pattern. Raises `re2.error` with RE2's reason, without a word on stderr."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _meets(condition: Leaf, text: str, zone: ZoneInfo) -> bool:
    match condition:
        case IsSet():
            return True
        case OneOf():
            if text in condition.values:
                return True
            return bool(condition.spaceless) and text.replace(" ", "") in condition.spaceless
        case Contains():
            return condition.needle in lower(text)
        case Matches():
            return compiled(condition.pattern).search(_bytes(text)) is not None
        case NumberIs():
            number = number_of(text)
            return number is not None and _compare(number, condition.comparison, condition.number)
        case NumberBetween():
            number = number_of(text)
            return number is not None and condition.low <= number <= condition.high
        case TextIs():
            return _compare(text, condition.comparison, condition.text)
        case During():
            instant = instant_of(text, zone)
            return instant is not None and _within(instant, condition)
        case CleanedPathOneOf():
            return clean_path(text, condition.rules) in condition.values


def _compare(left: Any, comparison: Comparison, right: Any) -> bool:
    match comparison:
        case Comparison.GT:
            return bool(left > right)
        case Comparison.GTE:
            return bool(left >= right)
        case Comparison.LT:
            return bool(left < right)
        case Comparison.LTE:
            return bool(left <= right)


def _within(instant: datetime, during: During) -> bool:
    if during.start is not None and instant < during.start:
        return False
    return during.end is None or instant < during.end


def _elements(text: str) -> list[str]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    if not isinstance(value, list):
        return [text]
    return [element for element in map(text_of, value) if element is not None]


def _replace(rule: PathRule, text: str) -> str:
    raw, end = _bytes(text), 0
    pieces: list[bytes] = []
    for match in compiled(rule.regex).finditer(raw):
        start = match.start()
        if pieces and start == match.end() == end:
            continue  # RE2 does not replace an empty match right behind another match
        pieces += [raw[end:start], _rewritten(rule.alias, match)]
        end = match.end()
    return b"".join([*pieces, raw[end:]]).decode(errors="surrogatepass")


def _rewritten(alias: str, match: Any) -> bytes:
    def group(escape: re.Match[bytes]) -> bytes:
        return escape[1] if escape[1] == b"\\" else match[int(escape[1])] or b""

    return re.sub(rb"\\([0-9\\])", group, alias.encode())


def _bytes(text: str) -> bytes:
    """UTF-8. RE2 searches bytes faster, and a lone surrogate must not raise."""
    return text.encode(errors="surrogatepass")
