"""One case of a trend: a world, a request, and what the answer must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..trend_worlds import Load

Row = dict[str, Any]


def events(*series: str | dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A request in legacy keys for these events, given by name or as entities."""
    entities = [{"id": one} if isinstance(one, str) else one for one in series]
    return {"events": [{**entity, "order": place} for place, entity in enumerate(entities)], **keys}


def between(date_from: str, date_to: str) -> dict[str, str]:
    """A range of days in 2019 and 2020: `12-28` or `01-04`."""
    return {"date_from": _day(date_from), "date_to": _day(date_to)}


def _day(text: str) -> str:
    return f"{'2019' if text > '06' else '2020'}-{text}"


def days_of(*texts: str) -> list[str]:
    return [_day(text) for text in texts]


@dataclass(frozen=True)
class Case:
    """A world, a request, and the rows expected: of each, the keys that matter."""

    id: str
    load: Load
    request: Mapping[str, Any]
    rows: list[Row]
    now: str = "2020-01-05T00:00:00Z"
    project: dict[str, Any] = field(default_factory=dict)


JANUARY = between("01-09", "01-20")
WEEK = between("12-28", "01-04")
SIGN_UP = events("sign up")
VIEWS = events("$pageview")


def viewed(math: str, **keys: Any) -> dict[str, Any]:
    return events({"id": "$pageview", "math": math}, **keys)


FORMULA = events("$pageview", "$pageleave")
SUM_AND_AVG = events(
    {"id": "session start", "math": "sum", "math_property": "xyz"},
    {"id": "session start", "math": "avg", "math_property": "xyz"},
)


def quantile(math: str) -> dict[str, Any]:
    return events({"id": "sign up", "math": math, "math_property": "some_number"}, date_from="-7d")
