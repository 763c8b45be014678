"""From a request for a person's timeline, in PostHog's older keys of trends, to what it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from .accounts import Project
from .dates import Interval
from .legacy_trends import to_trends_query
from .properties import Filter, FilterTree, Source, leaves
from .trends import TrendQuery
from .trends_query import parse_trends_query

_TREND_KEYS = ("events", "actions", "properties", "interval")


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """`events`: a trend whose series say which events are looked at; without series all are. `keys`: the person's
    properties whose changes count, ascending. Dates as the client wrote them.
    """

    events: TrendQuery
    keys: tuple[str, ...]
    date_from: str | None
    date_to: str | None
    interval: Interval


def parse_timeline(request: Mapping[str, str], project: Project) -> TimelineQuery:
    """Read the query string of a timeline. Raises InvalidInput with the key as attr."""
    trend = parse_trends_query(to_trends_query({key: request.get(key) for key in _TREND_KEYS}), project)
    keys = {
        *_keys(trend.where),
        *(key for series in trend.series for key in _keys(series.where)),
        *_breakdown_keys(request),
    }
    return TimelineQuery(
        trend,
        tuple(sorted(keys)),
        request.get("date_from", "").strip() or None,
        request.get("date_to", "").strip() or None,
        Interval((request.get("interval") or "day").lower()),
    )


def _keys(tree: FilterTree) -> Iterator[str]:
    """Filters say what counts as a change; they keep no event out."""
    for leaf in leaves(tree):
        if isinstance(leaf, Filter) and leaf.operand.source is Source.PERSON:
            yield leaf.operand.key


def _breakdown_keys(request: Mapping[str, str]) -> list[str]:
    text = request.get("breakdown")
    if not text or request.get("breakdown_type") != "person":
        return []
    if not text.startswith("["):
        return [text]
    try:
        keys = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    return [key for key in keys if isinstance(key, str)]
