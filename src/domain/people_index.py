"""Finding persons by what no index of a database answers: parts of texts, and properties that clients name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from .ports import PersonQuery, Position
from .properties import FilterTree

EMAIL_PREFIX = 200
"""Shorter e-mails, in characters, are looked up whole: an index of a database does not take any length."""


@dataclass(frozen=True, slots=True)
class FoundPage:
    """The places of the persons found, in list order, and whether there are more where the page walks.

    `count`: how many match in all, on this page or not.
    """

    places: Sequence[Position] = ()
    has_more: bool = False
    count: int = 0

    @classmethod
    def of(cls, all_places: Iterable[Position], limit: int, offset: int, after: Position | None) -> FoundPage:
        """The page among the places of all who match, in any order."""
        backward = after is not None and after.backward
        found = sorted(all_places, key=_order, reverse=not backward)
        beyond = found
        if after is not None:
            there = _order(after)
            beyond = [one for one in found if (_order(one) > there if backward else _order(one) < there)]
        places = beyond[offset : offset + limit]
        return cls(places[::-1] if backward else places, len(beyond) > offset + limit, len(found))


class PeopleIndex(Protocol):
    """The copy of all persons, looked through. It is in step with the persons when a change is acknowledged."""

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> FoundPage:
        """At most `limit` places, newest first; `InvalidInput` for a filter that persons do not have."""

    def count(self, query: PersonQuery) -> int:
        """How many persons match, exactly."""

    def counts(self, project_id: int, wheres: Sequence[FilterTree]) -> Sequence[int]:
        """How many persons of a project meet each filter, exactly, in a bounded number of statements."""

    def uuids(self, query: PersonQuery, *, limit: int) -> Sequence[UUID]:
        """The uuids of at most so many matching persons."""

    def ids(self, query: PersonQuery, *, limit: int | None = None) -> Sequence[int]:
        """The integer ids of all matching persons in list order, in 8 bytes each."""

    def values(self, project_id: int, key: str, *, part: str, limit: int) -> Sequence[tuple[str, int]]:
        """The most frequent texts of a property that contain `part` in any case, and how many persons have each.

        The empty text is left out. Of equally frequent ones the first by code point.
        """


def needs_index(query: PersonQuery) -> bool:
    """Whether a query asks for more than its persons' ids and e-mail, which the repository looks up."""
    if query.email is not None and len(query.email) >= EMAIL_PREFIX:
        return True
    return query.search is not None or query.where is not None or query.updated_after is not None


def _order(place: Position) -> tuple[datetime, int]:
    return place.created_at, place.id
