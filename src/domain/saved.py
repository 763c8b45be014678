"""What members keep in a project: actions, cohorts and insights. Found by id, listed newest first, and deleted by
a mark, so that an id never comes to mean something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .access import EVERYTHING, Listing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SavedPage(Generic[T]):
    """Some rows, and how many there are in all."""

    rows: Sequence[T]
    count: int


class SavedRepository(Protocol[T]):
    """One kind of saved things."""

    def add(self, one: T) -> T:
        """Keep a new one; its `id` is given here, and it is returned with it."""

    def get(self, project_id: int, id: int) -> T | None:
        """One by id, deleted or not, or None. Within a transaction that writes, nobody else changes it meanwhile."""

    def save(self, one: T) -> None:
        """Keep one that is known as it is now."""


class VersionedRepository(SavedRepository[T], Protocol[T]):
    """Saved things that answers depend on."""

    def page(self, project_id: int, *, limit: int, offset: int, shown: Listing = EVERYTHING) -> SavedPage[T]:
        """Those that are not deleted and that are shown, newest first."""

    def revision(self, project_id: int) -> int:
        """A number that grows with each of a project's that is added or saved."""
