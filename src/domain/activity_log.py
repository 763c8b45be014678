"""The audit log as a whole: kept entries, found by what they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .activity import Entry


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """Which entries of a project: all conditions must hold; None and an empty `scopes` mean no condition.

    Entries that belong to no project are among those of every project.
    """

    project_id: int
    scopes: Collection[str] = ()
    item_id: str | None = None
    user_id: int | None = None
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class SignedEntry:
    """An entry with its author's names, empty when there is none or the author is gone."""

    entry: Entry
    first_name: str = ""
    email: str = ""


class ActivityRepository(Protocol):
    """The entries of the audit log."""

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep entries."""

    def page(self, query: ActivityQuery, *, limit: int, offset: int = 0) -> Sequence[SignedEntry]:
        """At most `limit` entries, newest first, then by descending id."""

    def count(self, query: ActivityQuery) -> int:
        """How many entries match, exactly."""

    def erase(self, project_id: int, person_ids: Collection[int]) -> None:
        """Empty the values before and after in all entries about these persons."""
