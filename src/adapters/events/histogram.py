"""The bins of a histogram breakdown."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bins by their lower bounds, ascending, which belong to them. A label is `[6.4,8.8]`, without spaces."""

    lows: tuple[float, ...]
    labels: tuple[str, ...]

    def label(self, number: float) -> str:
        """The label of the bin that holds a number not below the first bound."""
        return self.labels[bisect_right(self.lows, number) - 1]


def histogram(low: float, high: float, bins: int) -> Histogram:
    """PostHog's equally wide bins from the smallest to the largest number, whose bin reaches 0.01 further.

    If all numbers are one, there is one bin.
    """
    if low == high:
        return Histogram((low,), (_label(low, low + 0.01),))
    width = high / bins - low / bins
    bounds = [low + width * index for index in range(bins)]
    upper = [*bounds[1:], high + 0.01]
    return Histogram(tuple(bounds), tuple(map(_label, bounds, upper)))


def _label(low: float, high: float) -> str:
    return f"[{_text(low)},{_text(high)}]"


def _text(bound: float) -> str:
    """Without the noise of adding doubles: 13.6, not 13.600000000000001."""
    return repr(round(bound, 10)).removesuffix(".0")
