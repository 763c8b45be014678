"""The queue of event deletions in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ...domain.deletions import (
    Backlog,
    Deletion,
    DeletionKind,
    DeletionQuery,
    DeletionRequest,
    DeletionStatus,
    merged,
)
from .state import State


class MemoryDeletionRepository:
    """The deletions of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def request(self, requests: Sequence[DeletionRequest]) -> None:
        for asked in requests:
            known = next((one for one in self.pending() if _place(one.request) == _place(asked)), None)
            if known is None:
                known = Deletion(self._state.next_id("deletions"), asked)
            self._state.deletions[known.id] = replace(known, request=merged(known.request, asked))

    def page(self, query: DeletionQuery, *, limit: int, offset: int = 0) -> Sequence[Deletion]:
        found = sorted(self._matching(query), key=lambda one: (one.request.at, one.id), reverse=True)
        return found[offset : offset + limit]

    def count(self, query: DeletionQuery) -> int:
        return len(self._matching(query))

    def backlog(self) -> Backlog:
        times = [one.request.at for one in self._state.deletions.values() if one.status is DeletionStatus.PENDING]
        return Backlog(len(times), min(times, default=None))

    def pending(self) -> Sequence[Deletion]:
        return [one for one in self._state.deletions.values() if one.verified_at is None]

    def verify(self, deletion: Deletion, *, at: datetime, events_deleted: int) -> bool:
        if self._state.deletions.get(deletion.id) != deletion or deletion.verified_at is not None:
            return False
        self._state.deletions[deletion.id] = replace(deletion, verified_at=at, events_deleted=events_deleted)
        return True

    def _matching(self, query: DeletionQuery) -> list[Deletion]:
        return [
            one
            for one in self._state.deletions.values()
            if (one.request.project_id, one.request.kind) == (query.project_id, DeletionKind.PERSON)
            and query.status in (None, one.status)
            and (query.person_uuid is None or one.request.key == str(query.person_uuid))
        ]


def _place(request: DeletionRequest) -> tuple[object, ...]:
    return request.project_id, request.kind, request.key, request.group_type_index
