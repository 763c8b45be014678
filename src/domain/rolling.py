"""Which buckets an event counts in, when each bucket looks back some days."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MICROSECOND = timedelta(microseconds=1)
_HALF_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Spans:
    """Bucket i counts the events with `opens[i] <= time < closes[i]`. Both ascend."""

    opens: tuple[datetime, ...]
    closes: tuple[datetime, ...]


def spans(buckets: Sequence[datetime], units: Sequence[datetime], days: int, end: datetime) -> Spans:
    """The spans of bucket starts D: of the events whose time t, truncated to a unit, has D − days < t <= D.

    `units` are the starts of all units. Where they are days, days are counted, however long each is; hours and
    minutes pass by the clock. Nothing after `end` is looked at.
    """
    daily = len(units) < 2 or units[1] - units[0] > _HALF_DAY
    opens, closes = [], []
    for start in buckets:
        unit = bisect_right(units, start) - 1
        first = unit - days + 1 if daily else bisect_right(units, start - timedelta(days=days))
        opens.append(units[max(first, 0)])
        closes.append(units[unit + 1] if unit + 1 < len(units) else end + _MICROSECOND)
    return Spans(tuple(opens), tuple(closes))
