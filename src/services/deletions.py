"""The queue of event deletions: read, taken back from, and drained.

The drain may be ended anywhere, by `kill -9` too, and leads to the same state when it is run again. What is to be
erased is noted first: how many events, and a hash of what they hold. Then they are erased, some at a time, and
recounted. When none is left, everything else that is kept of the person goes in the same transaction that makes the
request a receipt. Last, the files are rewritten without what was erased; receipts say whether that has been done.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from ..domain import activity
from ..domain.deletions import Deletion, DeletionKind, DeletionQuery, DeletionStatus
from ..domain.erasure import Contents, Covered, OfPersons, of_ids, of_other
from ..domain.errors import Conflict, NotFound
from ..domain.ports import Clock, EventStore, Projection, UnitOfWork, UnitOfWorkFactory
from .people import PeopleWriter
from .rounds import in_rounds

CHUNK = 100
"""Requests that are carried out together: each look for events costs the same whether it is for one or for all."""


@dataclass(frozen=True, slots=True)
class DeletionPage:
    """The deletions of one page, newest first, and the exact number of all that match."""

    rows: Sequence[Deletion]
    count: int


@dataclass(frozen=True, slots=True)
class Drained:
    """Of a drain: how many requests it took, how many of them are receipts now and how many still wait, and how many
    events it erased."""

    drained: int = 0
    verified: int = 0
    pending: int = 0
    events_deleted: int = 0


class DeletionQueue:
    """Tells what is to be erased and what has been, and lets go of what is not to be after all."""

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def page(self, query: DeletionQuery, *, limit: int, offset: int = 0) -> DeletionPage:
        """Deletions, newest first."""
        with self._begin(write=False) as work:
            return DeletionPage(work.deletions.page(query, limit=limit, offset=offset), work.deletions.count(query))

    def cancel(self, deletion_id: int, *, by: int | None) -> Deletion:
        """Take a pending request back; a project is there again. The request as it was.

        Raises `NotFound`, and `Conflict` when it has been carried out, or has been begun.
        """
        with self._begin() as work:
            deletion = work.deletions.get(deletion_id)
            if deletion is None:
                raise NotFound(f"There is no deletion {deletion_id}.")
            _let_go(work, deletion)
            if deletion.request.kind is DeletionKind.TEAM:
                project = work.accounts.restore_project(deletion.request.project_id)
                if project:
                    work.activity.add([activity.project_restored(project, by=by, at=self._clock())])
            work.commit()
        return deletion

    def cancel_for(self, project_id: int, reference: int | UUID) -> None:
        """Take back the pending request about a person's events: by uuid, or by integer id while the person is there.

        Raises `NotFound` when none is pending, `Conflict` when it has been begun.
        """
        with self._begin() as work:
            if isinstance(reference, int):
                person = work.persons.get(project_id, reference)
                if person is None:
                    raise NotFound
                reference = person.uuid
            pending = DeletionQuery(project_id, DeletionStatus.PENDING, reference)
            found = work.deletions.page(pending, limit=1)
            if not found:
                raise NotFound
            _let_go(work, found[0])
            work.commit()


def _let_go(work: UnitOfWork, deletion: Deletion) -> None:
    if not work.deletions.cancel(deletion.id):
        raise Conflict(f"Deletion {deletion.id} has been carried out or begun: there is nothing to go back to.")


class DeletionService(DeletionQueue):
    """Drains the queue too. Each of `compact` makes one store keep nothing of what was erased."""

    def __init__(
        self,
        begin: UnitOfWorkFactory,
        clock: Clock,
        people: PeopleWriter,
        events: EventStore,
        compact: Sequence[Callable[[], None]] = (),
    ) -> None:
        super().__init__(begin, clock)
        self._people = people
        self._events = events
        self._compact = compact
        self._draining = threading.Lock()

    def drain(self, report: Callable[[Drained], None] = lambda _: None) -> Drained:
        """Carry out every request that waits; `report` is told now and then how far this is.

        Raises `Conflict` while a drain is running, and `StoreUnavailable` when a store cannot be used, or is too busy
        to be compacted: then another drain goes on where this one ended.
        """
        if not self._draining.acquire(blocking=False):
            raise Conflict("The deletion queue is being drained already.")
        try:
            total, after = Drained(), 0
            while chunk := self._pending(after):
                after = chunk[-1].id
                for together in _parts(chunk):
                    verified, erased = self._carry_out(together)
                    total = Drained(
                        total.drained + len(together),
                        total.verified + verified,
                        total.pending + len(together) - verified,
                        total.events_deleted + erased,
                    )
                    report(total)
            self._purge()
            return total
        finally:
            self._draining.release()

    def _pending(self, after: int) -> Sequence[Deletion]:
        with self._begin(write=False) as work:
            return work.deletions.pending(after=after, limit=CHUNK)

    def _carry_out(self, deletions: Sequence[Deletion]) -> tuple[int, int]:
        """How many of these are verified now, and how many events were erased."""
        # What was noted and perhaps half erased before a request was extended: or it would be counted anew.
        erased = self._erase([one for one in deletions if one.erased_until is not None], noted=True)
        deletions = self._note(deletions)
        if deletions and deletions[0].request.kind is DeletionKind.TEAM:
            self._erase_project(deletions[0].request.project_id)  # first, so that no event comes after
        erased += self._erase(deletions)
        left = self._events.contents(_covered(deletions))
        recounted = [replace(one, events_left=each.events) for one, each in zip(deletions, left, strict=True)]
        return self._finish(recounted), erased

    def _note(self, deletions: Sequence[Deletion]) -> list[Deletion]:
        """The deletions with what is to be erased noted; not those that somebody else changed meanwhile."""
        new = [one for one in deletions if one.erased_until is None or one.erased_until < one.request.at]
        if not new:
            return list(deletions)
        found = self._events.contents(_covered(new))
        known = {one.id: _noted(one, more) for one, more in zip(new, found, strict=True)}
        with self._begin() as work:
            done = work.deletions.begin([*known.values()])
            work.commit()
        return [known.get(one.id, one) for one in deletions if one.id not in known or one.id in done]

    def _erase(self, deletions: Sequence[Deletion], *, noted: bool = False) -> int:
        if not deletions:
            return 0
        return in_rounds(partial(self._events.erase, _covered(deletions, noted=noted)))

    def _erase_project(self, project_id: int) -> None:
        def erase(limit: int) -> int:
            with self._people.turn() as work:
                count = work.accounts.erase_project(project_id, limit)
                self._people.finish(work, (), Projection())
            return count

        in_rounds(erase)
        self._events.forget_project(project_id)

    def _finish(self, deletions: Sequence[Deletion]) -> int:
        """Note the recounts; of what has nothing left everything else goes too. How many have nothing left."""
        now = self._clock()
        done = [replace(one, verified_at=now) if not one.events_left else one for one in deletions]
        persons: defaultdict[int, list[Deletion]] = defaultdict(list)
        for one in done:
            if one.verified_at and one.request.kind is DeletionKind.PERSON:
                persons[one.request.project_id].append(one)
        with self._people.turn() as work:
            for project_id, gone in persons.items():
                work.persons.lock(project_id, ())
                ids = {distinct_id for one in gone for distinct_id in one.request.distinct_ids}
                unheld = ids.difference(work.persons.held(project_id, ids))
                work.persons.forget_ids(project_id, self._events.forget_ids(project_id, unheld))
                numbers = {number for one in gone for number in one.request.person_ids}
                for one in gone:
                    asked = one.request
                    numbers.update(
                        work.persons.forget_history(project_id, UUID(asked.key), asked.person_version, at=asked.at)
                    )
                work.activity.erase(project_id, numbers)
            written = work.deletions.finish(done)
            self._people.finish(work, (), Projection())
        return sum(one.verified_at is not None and one.id in written for one in done)

    def _purge(self) -> None:
        with self._begin(write=False) as work:
            receipts = work.deletions.unpurged()
        if not receipts:
            return
        for compact in self._compact:
            compact()
        with self._begin() as work:
            work.deletions.purged(receipts, at=self._clock())
            work.commit()


def _parts(chunk: Sequence[Deletion]) -> list[list[Deletion]]:
    """Those of persons together, each other one alone."""
    persons = [one for one in chunk if one.request.kind is DeletionKind.PERSON]
    others = [[one] for one in chunk if one.request.kind is not DeletionKind.PERSON]
    return [persons, *others] if persons else others


def _covered(deletions: Sequence[Deletion], *, noted: bool = False) -> Covered:
    """What deletions that are carried out together cover; `noted`: as far as that was noted."""
    if deletions and deletions[0].request.kind is not DeletionKind.PERSON:
        return of_other(deletions[0].request)

    def until(one: Deletion) -> datetime:
        return one.erased_until if noted and one.erased_until else one.request.at

    return OfPersons([of_ids(one.request, until=until(one)) for one in deletions])


def _noted(deletion: Deletion, more: Contents) -> Deletion:
    known = Contents()
    if deletion.content_hash is not None:
        known = Contents(deletion.events_deleted or 0, deletion.content_hash)
    total = known + more
    return replace(
        deletion, events_deleted=total.events, content_hash=total.content_hash, erased_until=deletion.request.at
    )
