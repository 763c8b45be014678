"""What an event store is asked for a trend: one measure of the matching events, by bucket and by breakdown.

A store answers an `Aggregation` with `Cell`s. What one cannot do it declares by raising `InvalidInput`; nothing
is approximated. Which events match is a filter tree alone: an event's name is a filter on its column `event`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from .properties import FilterTree, Operand


@dataclass(frozen=True, slots=True)
class Window:
    """Both ends included, aware UTC: `start <= timestamp <= end`."""

    start: datetime
    end: datetime


class Function(StrEnum):
    """How many numbers become one. Without any number the result is 0."""

    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    P75 = "p75"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"

    @property
    def quantile(self) -> float | None:
        """The quantile (linear interpolation at (n−1)·q), or None for the other functions."""
        return _QUANTILES.get(self)


_QUANTILES = {
    Function.MEDIAN: 0.5,
    Function.P75: 0.75,
    Function.P90: 0.9,
    Function.P95: 0.95,
    Function.P99: 0.99,
}


@dataclass(frozen=True, slots=True)
class Count:
    """The number of matching events."""


@dataclass(frozen=True, slots=True)
class Actors:
    """The number of distinct persons (or distinct ids) with a matching event in the bucket.

    A person is who holds the event's distinct id now; an id that nobody holds counts as itself.
    With `once`, each actor counts in the bucket of its first matching event in the window only.
    """

    by_distinct_id: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class RollingActors:
    """Distinct actors whose matching events fall in the `days` days that end with each bucket's start.

    An event counts for bucket start D when its time t, truncated to the hour or minute for those intervals and
    to the day otherwise (`unit_starts`: the truncated instants, ascending, covering window and look-back),
    has D − days < t <= D. Where units are days, D − days is so many local days before, whatever their length.
    The window's start already includes the look-back.
    """

    days: int
    by_distinct_id: bool = False


@dataclass(frozen=True, slots=True)
class DistinctValues:
    """The number of distinct values of an operand. `count_missing`: events without one count as one more value."""

    operand: Operand
    count_missing: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class NumberOf:
    """A function over a property read as a number; what is not numeric is ignored."""

    function: Function
    operand: Operand


@dataclass(frozen=True, slots=True)
class SessionDuration:
    """A function over whole sessions' lengths in seconds, one value a session, bucket and breakdown value."""

    function: Function


@dataclass(frozen=True, slots=True)
class PerActor:
    """A function over the numbers of matching events of each actor that has at least one."""

    function: Function
    by_distinct_id: bool = False


@dataclass(frozen=True, slots=True)
class FirstTime:
    """Actors whose first event ever that meets `first` is also their first that meets `where` in the window.

    The two instants must be equal; the actor counts once, in that bucket.
    """

    first: FilterTree
    by_distinct_id: bool = False


@dataclass(frozen=True, slots=True)
class ExpressionMeasure:
    """An aggregate written in the small expression language."""

    text: str


Measure: TypeAlias = (
    Count
    | Actors
    | RollingActors
    | DistinctValues
    | NumberOf
    | SessionDuration
    | PerActor
    | FirstTime
    | ExpressionMeasure
)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One property to break down by. Missing, null and the empty text are one value: None.

    `normalize_url` cuts a trailing run of `/`, `?`, `#`. `bins` makes a histogram of the numeric values.
    `expression` stands in for the operand when set.
    """

    operand: Operand | None
    expression: str | None = None
    normalize_url: bool = False
    bins: int | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Up to three dimensions. The first `limit` combinations after `offset` stay; the others are added up.

    Ranking: with `nulls_last` combinations without a None first; then total descending; then value ascending
    (by code point). Only the page at offset 0 has a row for the others.
    """

    dimensions: tuple[Dimension, ...]
    limit: int = 25
    offset: int = 0
    nulls_last: bool = True


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One series' question.

    `buckets`: ascending UTC instants at which buckets start, the last one open until the window's end; None for
    one number over the window. `sample`: the share of distinct ids to look at, 0 < f <= 1, or None for all.
    `unit_starts`: see `RollingActors`.
    """

    project_id: int
    window: Window
    where: FilterTree
    measure: Measure
    buckets: tuple[datetime, ...] | None = None
    breakdown: Breakdown | None = None
    sample: float | None = None
    unit_starts: tuple[datetime, ...] | None = None


class CellKind(StrEnum):
    VALUE = "value"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number. Cells that are zero may be left out.

    `bucket` is an index into the aggregation's buckets (0 without buckets). `values` holds one text or None for
    each dimension, and is empty without a breakdown and for `OTHER`.
    """

    bucket: int
    number: float
    values: tuple[str | None, ...] = ()
    kind: CellKind = CellKind.VALUE
