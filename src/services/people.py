"""Taking turns: one change of persons at a time, in both stores.

A change of persons is committed in the relational store first and applied to the event store next. The turn spans
both, so the event store sees changes in the order in which they were committed. What a crash or a failure keeps
from being applied is in the projection log and is applied before the next change.
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
        self._applied: list[int] = []
        self._behind = True

    @contextmanager
    def turn(self) -> Iterator[UnitOfWork]:
        """A relational transaction that no other change of persons runs beside."""
        with self._turn:
            self.catch_up()
            with self._begin() as work:
                if self._applied:
                    work.persons.clear(self._applied)
                yield work

    def finish(self, work: UnitOfWork, events: Sequence[StoredEvent], projection: Projection) -> None:
        """Commit the turn's transaction, then store the events and apply the projection. Called within a turn."""
        self._behind = True  # until all is done: a commit whose answer is lost may have happened
        work.commit()
        self._applied.clear()
        if events or projection.mark is not None:
            self._events.write(events, projection)
        if projection.mark is not None:
            self._applied.append(projection.mark)
        self._behind = False

    def catch_up(self) -> None:
        """Apply what a crash or a failure has kept from the event store: persons are looked for there."""
        with self._turn:
            if not self._behind:
                return
            with self._begin(write=False) as work:
                pending = [p for p in work.persons.unapplied() if p.mark not in self._applied]
            for projection in pending:
                self._events.write((), projection)
                if projection.mark is not None:
                    self._applied.append(projection.mark)
            self._behind = False
