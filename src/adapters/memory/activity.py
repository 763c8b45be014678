"""The audit log in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ...domain.activity import Entry, erased
from ...domain.activity_log import ActivityQuery, SignedEntry
from .state import State


class MemoryActivityRepository:
    """The entries of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, entries: Iterable[Entry]) -> None:
        self._state.activity.update({entry.id: entry for entry in entries})

    def page(self, query: ActivityQuery, *, limit: int, offset: int = 0) -> Sequence[SignedEntry]:
        found = sorted(self._matching(query), key=lambda entry: (entry.created_at, entry.id), reverse=True)
        return [self._signed(entry) for entry in found[offset : offset + limit]]

    def count(self, query: ActivityQuery) -> int:
        return len(self._matching(query))

    def erase(self, project_id: int, person_ids: Collection[int]) -> None:
        items = {str(one) for one in person_ids}
        for entry in list(self._state.activity.values()):
            if (entry.project_id, entry.scope) == (project_id, "Person") and entry.item_id in items:
                self._state.activity[entry.id] = erased(entry)

    def _matching(self, query: ActivityQuery) -> list[Entry]:
        return [
            entry
            for entry in self._state.activity.values()
            if entry.project_id in (query.project_id, None)
            and (not query.scopes or entry.scope in query.scopes)
            and query.item_id in (None, entry.item_id)
            and query.user_id in (None, entry.user_id)
            and query.activity in (None, entry.activity)
        ]

    def _signed(self, entry: Entry) -> SignedEntry:
        author = None if entry.user_id is None else self._state.users.get(entry.user_id)
        return SignedEntry(entry, author.first_name, author.email) if author else SignedEntry(entry)
