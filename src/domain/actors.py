"""The people behind one number of a trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from .aggregation import Aggregation, RollingActors, Window
from .errors import InvalidInput
from .properties import FilterTree
from .rolling import spans
from .trend_plan import Plan, Question
from .trends import EVERYTHING, Display

_MICROSECOND = timedelta(microseconds=1)

MAX_DISTINCT_IDS = 10

Values: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class ActorsQuestion:
    """Whose matching events made a number of an aggregation's: those within `window`, the number's own.

    `values`: with one of these combinations of the breakdown, or with `excluded` with none of them; None means any.
    `among`: only of people who meet this filter. Bins of a histogram are those of the whole aggregation.
    """

    aggregation: Aggregation
    window: Window
    values: tuple[Values, ...] | None = None
    excluded: bool = False
    among: FilterTree = EVERYTHING


@dataclass(frozen=True, slots=True)
class ActorRow:
    """A person by uuid, or an id that nobody holds under the uuid that its events bear; the first ids, at most
    `MAX_DISTINCT_IDS`, of the matching events, and how many these are."""

    uuid: UUID
    distinct_ids: tuple[str, ...]
    events: int


@dataclass(frozen=True, slots=True)
class ActorPage:
    """Some actors, most events first, then by uuid; and how many there are in all."""

    rows: Sequence[ActorRow]
    total: int


def window_of(plan: Plan, question: Question, day: str | None) -> Window | None:
    """The time in which events count for the bucket of that text, all of the range for None.

    None if there is nothing to look at. Raises `InvalidInput` for a day that the answer does not have.
    """
    period, asked = plan.periods[question.period], question.aggregation
    if day is not None and (plan.query.display.total or day not in period.days):
        raise InvalidInput("The answer has no such day.", "day")
    if asked is None:
        return None
    window, buckets = asked.window, asked.buckets
    if day is None or not buckets:
        start = window.start
        if buckets and not isinstance(asked.measure, RollingActors):
            start = max(start, buckets[0])
        return Window(start, window.end)
    place = period.days.index(day)
    if isinstance(asked.measure, RollingActors):
        found = spans(buckets, asked.unit_starts or buckets, asked.measure.days, window.end)
        return Window(max(found.opens[place], window.start), min(found.closes[place] - _MICROSECOND, window.end))
    end = buckets[place + 1] - _MICROSECOND if place + 1 < len(buckets) else window.end
    # A running sum is of all buckets so far.
    first = 0 if plan.query.display is Display.CUMULATIVE else place
    return Window(max(buckets[first], window.start), end)
