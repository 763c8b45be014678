"""PostHog's ActorsQuery: read, and answered with rows of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.accounts import Project
from ..domain.actors import ActorRow, Values
from ..domain.errors import InvalidInput
from ..domain.operators import storable
from ..domain.persons import Person
from ..domain.trend_requests import unwrap
from ..domain.trends import TrendQuery
from ..domain.trends_query import parse_trends_query
from ..domain.wire import Node
from ..services.actors import Point
from .bootstrap import services
from .schemas.persons import person_body
from .trend_answers import NO_VALUE, OTHER_VALUES

_COLUMNS = ["actor", "event_count"]
_KEYS = ("kind", "source", "limit", "offset", "search", "select", "orderBy", "version", "tags")
_SOURCE_KEYS = ("kind", "source", "series", "day", "breakdown", "compare", "version", "tags", "includeRecordings")
_ANY_BIN = '["",""]'
_MAX_OFFSET = 10_000_000


def is_actors_query(query: object) -> bool:
    """Whether a query asks for people."""
    return isinstance(query, Mapping) and query.get("kind") == "ActorsQuery"


def answer_actors(query: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """The people behind a point of a trend, as the answer to `query`. Raises `InvalidInput`."""
    node = Node(query, _KEYS)
    source = node.get("source")
    if not isinstance(source, Mapping) or source.get("kind") != "InsightActorsQuery":
        raise node.error("An InsightActorsQuery is expected.", "source")
    columns = node.get("select") or _COLUMNS
    if not isinstance(columns, list) or not all(column in _COLUMNS for column in columns):
        raise node.error(f"A list of {' and '.join(_COLUMNS)} is expected.", "select")
    limit = node.integer("limit", minimum=1, maximum=1000) or 100
    offset = node.integer("offset", minimum=0, maximum=_MAX_OFFSET) or 0
    asked = Node(source, _SOURCE_KEYS)
    trend = parse_trends_query(unwrap(asked.get("source")), project)
    search = storable(node.text("search") or "")
    found = services().actors.page(
        project, trend, _point(asked, trend), search=search or None, limit=limit, offset=offset
    )
    rows = ({"actor": _actor(row, person, project), "event_count": row.events} for row, person in found.rows)
    return {
        "columns": columns,
        "results": [[row[column] for column in columns] for row in rows],
        "limit": limit,
        "offset": offset,
        "hasMore": offset + len(found.rows) < found.total,
        "total": found.total,
    }


def _point(asked: Node, trend: TrendQuery) -> Point:
    day, compare, breakdown = asked.text("day"), asked.text("compare"), asked.get("breakdown")
    if compare not in (None, "current", "previous"):
        raise asked.error("Must be one of current, previous.", "compare")
    point = Point(
        series=asked.integer("series", minimum=0, maximum=1000) or 0,
        day=day or None,
        previous=compare == "previous",
    )
    if trend.breakdown is None:
        if breakdown is not None:
            raise InvalidInput("The query has no breakdown.", "breakdown")
        return point
    if trend.breakdown.cohorts:
        return replace(point, cohort=_cohort(breakdown))
    values = _values(breakdown, len(trend.breakdown.dimensions))
    if values is not None and OTHER_VALUES in values:
        return replace(point, other=True)
    return replace(point, values=values)


def _cohort(breakdown: object) -> int | None:
    if breakdown == "all":
        return None
    text = str(breakdown) if isinstance(breakdown, str | int) else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidInput("The id of a cohort is expected, or all.", "breakdown")
    return int(text)


def _values(breakdown: object, dimensions: int) -> Values | None:
    if breakdown is None or breakdown == _ANY_BIN:
        return None
    items = breakdown if isinstance(breakdown, list) else [breakdown]
    if len(items) != dimensions:
        raise InvalidInput(f"As many values as breakdowns are expected: {dimensions}.", "breakdown")
    return tuple(_value(item) for item in items)


def _value(item: object) -> str | None:
    if isinstance(item, bool):
        return str(item).lower()
    if not isinstance(item, str | int | float):
        raise InvalidInput("A text is expected.", "breakdown")
    return None if item == NO_VALUE else storable(str(item))


def _actor(row: ActorRow, person: Person | None, project: Project) -> dict[str, Any]:
    """A person's row; of an id that nobody holds one that says so."""
    if person is not None:
        return person_body(person, project, every_id=False)
    return {
        "id": None,
        "uuid": str(row.uuid),
        "distinct_ids": list(row.distinct_ids),
        "properties": {},
        "name": row.distinct_ids[0],
        "created_at": None,
        "is_identified": False,
        "last_seen_at": None,
    }
