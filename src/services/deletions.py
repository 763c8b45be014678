"""The queue of event deletions, read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.deletions import Deletion, DeletionQuery
from ..domain.ports import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class DeletionPage:
    """The deletions of one page, newest first, and the exact number of all that match."""

    rows: Sequence[Deletion]
    count: int


class DeletionService:
    """Tells what is to be erased and what has been."""

    def __init__(self, begin: UnitOfWorkFactory) -> None:
        self._begin = begin

    def page(self, query: DeletionQuery, *, limit: int, offset: int = 0) -> DeletionPage:
        """The deletions of persons in one project."""
        with self._begin(write=False) as work:
            return DeletionPage(work.deletions.page(query, limit=limit, offset=offset), work.deletions.count(query))
