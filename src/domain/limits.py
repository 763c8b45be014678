"""Rate limits: how many requests a key may make, in a sliding window over those that were accepted."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_MINUTE = 60
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many requests in any so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The windows that a group of routes shares; all of them hold. Each key has each budget for itself."""

    scope: str
    windows: tuple[Window, ...]

    @property
    def remembered(self) -> int:
        """How many of the latest accepted requests are enough to know."""
        return max(window.requests for window in self.windows)

    @property
    def longest(self) -> int:
        """After so many seconds no request of now counts any more."""
        return max(window.seconds for window in self.windows)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands in a budget: how long to wait if the request was refused, None if it was accepted; and of
    the window with the fewest requests left its size, what is left, and when its oldest request expires. In seconds.
    """

    wait: int | None
    limit: int
    remaining: int
    reset: int


class RateLimiter(Protocol):
    """Remembers the accepted requests of every key."""

    def take(self, key_id: str, budget: Budget, now: float) -> Standing:
        """Where the key stands once one more request is noted, or, where it does not fit in, refused as `check` says.

        `now` is in seconds. No other request of the key comes between the check and the note.
        """


PERSONS = Budget("persons", (Window(240, _MINUTE),))
PERSONS_DELETE = Budget("persons_delete", (Window(480, _MINUTE), Window(4800, _HOUR)))
INSIGHTS = Budget("insights", (Window(240, _MINUTE), Window(1200, _HOUR)))
QUERY = Budget("query", (Window(240, _MINUTE), Window(2400, _HOUR)))
DEFAULT = Budget("default", (Window(480, _MINUTE), Window(4800, _HOUR)))

_BUDGETS = {"persons": PERSONS, "insights": INSIGHTS, "query": QUERY}
_DELETING = frozenset({"bulk_delete", "delete_events", "delete_recordings"})


def budget_of(method: str, route: str) -> Budget:
    """The budget of a private route, given below its project: `persons/<person_id>/delete_events`."""
    parts = route.strip("/").split("/")
    budget = _BUDGETS.get(parts[0].partition(".")[0], DEFAULT)  # persons.csv is persons
    if budget is PERSONS and (method == "DELETE" or parts[-1] in _DELETING):
        return PERSONS_DELETE
    return budget


def check(accepted: Sequence[float], now: float, budget: Budget) -> int | None:
    """None if one more request fits in, else how many whole seconds to wait, at least 1: the longest of all windows.

    `accepted` are the times in seconds of the requests accepted so far, oldest first. A refused request is not
    added, so that it does not lengthen the wait.
    """
    waits = [
        window.seconds - age
        for window in budget.windows
        if len(accepted) >= window.requests and (age := now - accepted[-window.requests]) < window.seconds
    ]
    return math.ceil(max(waits)) if waits else None


def standing(accepted: Sequence[float], now: float, budget: Budget, wait: int | None) -> Standing:
    """Where a key stands with these accepted requests, as of `check`, the latest included."""

    def left(window: Window) -> tuple[int, int, int]:
        within = len(accepted) - bisect_right(accepted, now - window.seconds)
        reset = math.ceil(window.seconds - (now - accepted[-within])) if within else 0
        return max(window.requests - within, 0), window.requests, reset

    remaining, limit, reset = min(left(window) for window in budget.windows)
    return Standing(wait, limit, remaining, reset)


def throttled_text(wait: int) -> str:
    """What a refused client is told. `wait` is in seconds."""
    return f"Request was throttled. Expected available in {wait} second{'' if wait == 1 else 's'}."
