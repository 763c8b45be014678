"""The audit log, read page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.activity_log import ActivityQuery, SignedEntry
from ..domain.errors import InvalidInput
from ..domain.ports import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """The entries of one page, newest first, and the exact number of all that match."""

    rows: Sequence[SignedEntry]
    count: int


class ActivityService:
    """Reads what others record."""

    def __init__(self, begin: UnitOfWorkFactory) -> None:
        self._begin = begin

    def page(self, query: ActivityQuery, *, page: int, limit: int) -> ActivityPage:
        """Page 1 and up. Raises `InvalidInput` for one beyond the end; page 1 is always there."""
        offset = (page - 1) * limit
        with self._begin(write=False) as work:
            count = work.activity.count(query)
            if offset and offset >= count:
                raise InvalidInput("Invalid page.", "page")
            return ActivityPage(work.activity.page(query, limit=limit, offset=offset), count)
