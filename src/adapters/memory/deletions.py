"""The queue of event deletions in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ...domain.deletions import Backlog, Deletion, DeletionQuery, DeletionRequest, DeletionStatus, merged
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

    def get(self, deletion_id: int) -> Deletion | None:
        return self._state.deletions.get(deletion_id)

    def backlog(self) -> Backlog:
        times = [one.request.at for one in self._state.deletions.values() if one.status is DeletionStatus.PENDING]
        return Backlog(len(times), min(times, default=None))

    def pending(self, *, after: int = 0, limit: int | None = None) -> Sequence[Deletion]:
        waiting = [one for one in self._state.deletions.values() if one.verified_at is None and one.id > after]
        return waiting[:limit]

    def cancel(self, deletion_id: int) -> bool:
        known = self.get(deletion_id)
        if known is None or known.verified_at is not None or known.erased_until is not None:
            return False
        del self._state.deletions[deletion_id]
        return True

    def begin(self, deletions: Sequence[Deletion]) -> set[int]:
        return self._note(
            replace(
                known, events_deleted=one.events_deleted, content_hash=one.content_hash, erased_until=one.request.at
            )
            for one, known in self._unchanged(deletions)
            if known.erased_until is None or known.erased_until < one.request.at
        )

    def finish(self, deletions: Sequence[Deletion]) -> set[int]:
        return self._note(
            replace(
                known,
                events_left=one.events_left,
                verified_at=one.verified_at,
                request=replace(known.request, distinct_ids=()) if one.verified_at else known.request,
            )
            for one, known in self._unchanged(deletions)
            if known.erased_until == one.request.at
        )

    def unpurged(self) -> Sequence[int]:
        return [one.id for one in self._state.deletions.values() if one.verified_at and one.purged_at is None]

    def purged(self, deletion_ids: Sequence[int], *, at: datetime) -> None:
        for number in deletion_ids:
            self._state.deletions[number] = replace(self._state.deletions[number], purged_at=at)

    def _unchanged(self, given: Sequence[Deletion]) -> Iterator[tuple[Deletion, Deletion]]:
        for one in given:
            known = self.get(one.id)
            if known and known.verified_at is None and known.request.at == one.request.at:
                yield one, known

    def _note(self, deletions: Iterable[Deletion]) -> set[int]:
        noted = {one.id: one for one in deletions}
        self._state.deletions.update(noted)
        return set(noted)

    def _matching(self, query: DeletionQuery) -> list[Deletion]:
        return [
            one
            for one in self._state.deletions.values()
            if query.project_id in (None, one.request.project_id)
            and query.kind in (None, one.request.kind)
            and query.status in (None, one.status)
            and (query.person_uuid is None or one.request.key == str(query.person_uuid))
        ]


def _place(request: DeletionRequest) -> tuple[object, ...]:
    return request.project_id, request.kind, request.key, request.group_type_index
