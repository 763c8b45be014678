"""Queries that ask for more than anybody should get: each is refused at once, and the answer names the limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from statistics import median
from typing import Any

from .dataset import Access
from .report import Measure
from .server import Server, TrendClient

_REPEATS = 5


@dataclass(frozen=True, slots=True)
class Hostile:
    """`detail`: what the answer, a 400, says."""

    name: str
    query: dict[str, Any]
    detail: str


def _filters(count: int) -> list[dict[str, Any]]:
    return [{"type": "event", "key": "plan", "operator": "exact", "value": [str(number)]} for number in range(count)]


def _nested(depth: int) -> dict[str, Any]:
    group: dict[str, Any] = {"type": "AND", "values": _filters(1)}
    for _ in range(depth):
        group = {"type": "OR", "values": [group]}
    return group


def _series(count: int) -> list[dict[str, Any]]:
    return [{"kind": "EventsNode", "event": "$pageview"}] * count


def _range(date_from: str, date_to: str = "2026-01-01") -> dict[str, str]:
    return {"date_from": date_from, "date_to": date_to}


def _formula(text: str) -> dict[str, Any]:
    return {"trendsFilter": {"formula": text}}


HOSTILE = (
    Hostile(
        "a decade by the minute",
        {"interval": "minute", "dateRange": _range("2016-01-01")},
        "The dates span more than 30000 minutes: start later, or use a longer interval.",
    ),
    Hostile(
        "all of time by the hour",
        {"interval": "hour", "dateRange": _range("0002-01-01", "9998-12-31")},
        "The dates span more than 30000 hours: start later, or use a longer interval.",
    ),
    Hostile("a thousand series", {"series": _series(1_000)}, "A list of at most 50 is expected."),
    Hostile(
        "fifty series, each with a thousand values a day",
        {
            "series": _series(50),
            "interval": "day",
            "dateRange": _range("2025-01-01"),
            "breakdownFilter": {"breakdown": "plan", "breakdown_type": "event", "breakdown_limit": 1_000},
        },
        "The answer would have more than 500000 numbers (series × buckets × breakdown values). "
        "Choose a longer interval, a later start or a smaller breakdown_limit.",
    ),
    Hostile(
        "a million values of a breakdown",
        {"breakdownFilter": {"breakdown": "plan", "breakdown_type": "event", "breakdown_limit": 1_000_000}},
        "Must be from 1 to 1000.",
    ),
    Hostile("deep groups", {"properties": _nested(30)}, "Filters may be nested at most 20 levels deep."),
    Hostile("ten thousand filters", {"properties": _filters(10_000)}, "There may be at most 500 filters."),
    Hostile(
        "a filter with a hundred thousand values",
        {"properties": [{"type": "event", "key": "plan", "value": [str(number) for number in range(100_000)]}]},
        "A filter may have at most 10000 values.",
    ),
    Hostile(
        "a long pattern",
        {"properties": [{"type": "event", "key": "plan", "operator": "regex", "value": "(a|b)*" * 1_000}]},
        "A regular expression may have at most 1000 characters.",
    ),
    Hostile("a formula that doubles itself", _formula("(A+A)*" * 1_000 + "A"), "A formula has at most 500 characters."),
    Hostile("a deep formula", _formula("(" * 100 + "A" + ")" * 100), "A formula is nested at most 50 levels deep."),
    Hostile("a hundred formulas", {"trendsFilter": {"formulas": ["A"] * 100}}, "A list of at most 20 is expected."),
    Hostile(
        "a long expression",
        {"series": [{"kind": "EventsNode", "math": "hogql", "math_hogql": "sum(1)+" * 1_000 + "sum(1)"}]},
        "An expression has at most 2000 characters.",
    ),
    Hostile("endless smoothing", {"trendsFilter": {"smoothingIntervals": 10**9}}, "Must be from 1 to 1000."),
    Hostile("an unknown key", {"orderByEverything": True}, "Unknown key."),
)


def measure(server: Server, access: Access) -> Iterator[Measure]:
    """The slowest refusal. Raises `SystemExit` for a query that is not refused as it should be."""
    client = TrendClient(server, access)
    slowest = max(((_refused(client, hostile), hostile.name) for hostile in HOSTILE), key=itemgetter(0))
    yield Measure("slowest refusal", slowest[0], "ms", at_most=100, detail=f"of {len(HOSTILE)} queries: {slowest[1]}")


def _refused(client: TrendClient, hostile: Hostile) -> float:
    """Median milliseconds."""
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        status, body = client.ask(query_of(hostile))
        times.append((time.perf_counter() - began) * 1000)
        if status != 400 or body["detail"] != hostile.detail:
            raise SystemExit(f"{hostile.name} was answered {status}: {str(body)[:200]}")
    return median(times)


def query_of(hostile: Hostile) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": _series(1), **hostile.query}
