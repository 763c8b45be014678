"""Insights: questions that members keep, with a name, to ask again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from .errors import InvalidInput
from .events import JsonValue
from .saved import SavedPage, SavedRepository

_SHORT_ID_LENGTH = 8
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

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

    `search` is a part of the name, in any case. `created_by` is a user's id.
    """

    project_id: int
    short_id: str | None = None
    search: str | None = None
    saved: bool | None = None
    favorited: bool | None = None
    created_by: int | None = None


class InsightRepository(SavedRepository[Insight], Protocol):
    """The insights of all projects."""

    def by_short_id(self, project_id: int, short_id: str) -> Insight | None:
        """As `get`."""

    def find(self, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        """Those that match, newest first."""


def new_short_id() -> str:
    """Eight letters and digits that are hard to confuse."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_SHORT_ID_LENGTH))


def as_node(source: Mapping[str, Any]) -> dict[str, Any]:
    """A TrendsQuery as an insight keeps it."""
    return {"kind": "InsightVizNode", "source": dict(source)}


def only_one(query: object, filters: object) -> None:
    """Raise `InvalidInput` when both forms of a question are given."""
    if query and filters:
        raise InvalidInput("Only one of query and filters may be given.", "filters")
