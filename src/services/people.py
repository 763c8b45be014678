"""Taking turns: one change of persons at a time, in both stores.

A change of persons is committed in the relational store, and with it what the event store is to hear, events too:
from then on it is not lost. It is applied to the event store next. The turn spans both, so the event store sees
changes in the order in which they were committed. What a crash or a failure keeps from being applied is applied
before the next change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..domain.events import StoredEvent
from ..domain.ports import EventStore, Projection, UnitOfWork, UnitOfWorkFactory


class PeopleWriter:
    """The one way to change persons and store events."""

    def __init__(self, begin: UnitOfWorkFactory, events: EventStore) -> None:
        self._begin = begin
        self._events = events
        self._turn = threading.RLock()
        self._cleared = self._clearing = 0
        self._behind = True

    @contextmanager
    def turn(self) -> Iterator[UnitOfWork]:
        """A relational transaction that no other change of persons runs beside, in whatever process."""
        with self._alone() as kept, self._begin() as work:
            if kept > self._cleared:
                work.persons.clear(kept)
                self._clearing = kept
            yield work

    def finish(self, work: UnitOfWork, events: Sequence[StoredEvent], projection: Projection) -> None:
        """Commit the turn's transaction, with it the events and the projection, and pass these on to the event store.
        Called within a turn."""
        projection = work.persons.log(events, projection)
        self._behind = True  # until all is done: a commit whose answer is lost may have happened
        work.commit()
        self._cleared = self._clearing
        self._write(events, projection)
        self._behind = False

    def catch_up(self) -> None:
        """Apply what a crash or a failure has kept from the event store: persons are looked for there."""
        with self._alone():
            pass

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Alone, and with all that was committed before in the event store; the mark up to which it keeps it for
        good."""
        with self._turn, self._events.turn() as kept:
            if self._behind or self._events.shared:
                with self._begin(write=False) as work:
                    for events, projection in work.persons.unapplied(after=kept):
                        self._write(events, projection)
                self._behind = False
            yield kept

    def _write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        if projection.mark is not None:
            self._events.write(events, projection)
