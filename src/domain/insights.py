"""Insights: questions that members keep, with a name, to ask again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .access import EVERYTHING, Listing
from .accounts import Project
from .events import JsonValue
from .legacy_trends import read_json
from .saved import SavedPage, SavedRepository
from .trend_requests import trends_query_of
from .trends_query import parse_trends_query

_SHORT_ID_LENGTH = 8
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = "23456789"

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Insight:
    """A kept question. `query` is an InsightVizNode, `filters` the legacy keys that it was made of, if any.

    `short_id` is unique within the project. `created_by` and `last_modified_by` are users' ids.
    """

    id: int
    project_id: int
    short_id: str
    name: str
    derived_name: str | None
    description: str
    tags: tuple[str, ...]
    favorited: bool
    saved: bool
    deleted: bool
    order: int | None
    dashboards: tuple[int, ...]
    query: Json | None
    filters: Json
    created_at: datetime
    created_by: int | None
    last_modified_at: datetime
    last_modified_by: int | None


@dataclass(frozen=True, slots=True)
class InsightQuery:
    """Which insights of a project, deleted ones aside: all conditions must hold, None means no condition.

    `search` is a part of the name, in any case. `created_by` is a user's id. `shown` says which may be seen.
    """

    project_id: int
    short_id: str | None = None
    search: str | None = None
    saved: bool | None = None
    favorited: bool | None = None
    created_by: int | None = None
    shown: Listing = EVERYTHING


class InsightRepository(SavedRepository[Insight], Protocol):
    """The insights of all projects."""

    def by_short_id(self, project_id: int, short_id: str) -> Insight | None:
        """As `get`."""

    def find(self, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        """Those that match, newest first."""


def new_short_id() -> str:
    """Eight letters and digits that are hard to confuse; a letter first, so that it is no integer."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(_SHORT_ID_LENGTH - 1))


def read_question(query: object, filters: object, project: Project) -> tuple[Json | None, Json]:
    """An insight's `query` and `filters` from what a client sent: a TrendsQuery or an InsightVizNode, or legacy keys,
    which are kept and also converted. Raises `InvalidInput` for what is no trend, or for both at once."""
    if not query and not filters:
        return None, {}
    source = trends_query_of({"query": query, "filters": filters})
    parse_trends_query(source, project)
    if not query:
        kept = read_json({"filters": filters}, "filters", "filters is not JSON")
        return _as_node(source), kept
    node = read_json({"query": query}, "query", "query is not JSON")
    return (node if node.get("kind") == "InsightVizNode" else _as_node(source)), {}


def _as_node(source: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "InsightVizNode", "source": source}
