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
        self._applied = 0  # of the log's projections, the last that is known to be in the event store
        self._cleared = 0
        self._behind = True

    @contextmanager
    def turn(self) -> Iterator[UnitOfWork]:
        """A relational transaction that no other change of persons runs beside, in whatever process."""
        with self._alone():
            self._catch_up()
            with self._begin() as work:
                if self._applied != self._cleared:
                    work.persons.clear(self._applied)
                yield work

    def finish(self, work: UnitOfWork, events: Sequence[StoredEvent], projection: Projection) -> None:
        """Commit the turn's transaction, then store the events and apply the projection. Called within a turn."""
        self._behind = True  # until all is done: a commit whose answer is lost may have happened
        work.commit()
        self._cleared = self._applied
        if events or projection.mark is not None:
            self._events.write(events, projection)
        self._applied = projection.mark or self._applied
        self._behind = False

    def catch_up(self) -> None:
        """Apply what a crash or a failure has kept from the event store: persons are looked for there."""
        with self._alone():
            self._catch_up()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._turn, self._events.turn() as applied:
            if applied is not None:
                # Others may have written, or have been kept from it.
                self._applied, self._behind = applied, True
            yield

    def _catch_up(self) -> None:
        if not self._behind:
            return
        with self._begin(write=False) as work:
            pending = work.persons.unapplied(after=self._applied)
        for projection in pending:
            self._events.write((), projection)
            self._applied = projection.mark or self._applied
        self._behind = False
