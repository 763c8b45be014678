"""Between a write and the tables: what is kept for good elsewhere may wait a moment, so that many become one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from ...domain.errors import HedgerowError
from ...domain.events import Event
from .changes import Changes

_MOMENT = 0.25  # seconds that changes wait for others to go with them, unless somebody asks
_MANY = 4 * 1024 * 1024  # bytes that do not wait for more
_FULL = 8 * 1024 * 1024  # bytes after which nothing more is taken
_PAUSE = 1.0  # seconds until what failed is tried again

_log = structlog.get_logger()


class Pending:
    """Takes changes and has a thread of its own `apply` them, in order, many at a time.

    `apply` may get the same again when it has failed.
    """

    def __init__(self, apply: Callable[[Changes], None]) -> None:
        self._apply = apply
        self._changed = threading.Condition()
        self._waiting: Changes | None = None
        self._going: Changes | None = None  # what is being applied
        # How many were added: up to and with those that wait, those that go, those that are in the tables.
        self._added = self._gone = self._applied = 0
        self._closed = False
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    def add(self, changes: Changes) -> None:
        """Have them applied soon."""
        with self._changed:
            self._added += 1
            if self._waiting is None:
                self._waiting = changes
            else:
                self._waiting.merge(changes)
            self._changed.notify()

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        """The (project, uuid) of those events that are here, with a time within a day."""
        with self._changed:
            known = [changes for changes in (self._going, self._waiting) if changes is not None]
            found = [event for event in events if any(changes.has(event) for changes in known)]
        return {(event.project_id, event.uuid) for event in found}

    def make_room(self) -> None:
        """Return when more may be added. Raises what keeps the changes that wait from being applied."""
        if self._waiting is not None and self._waiting.size >= _FULL:
            self.flush()

    def flush(self) -> None:
        """Return when all that was added is in the tables. Raises what keeps it from them; it goes on waiting then."""
        wanted = self._added
        if self._applied >= wanted:
            return
        with self._turn:
            if self._going is not None:
                self._go()  # what failed before, as it was: perhaps it is there all the same
            if self._applied >= wanted:
                return  # with what others have had applied
            with self._changed:
                self._going, self._waiting, self._gone = self._waiting, None, self._added
            self._go()

    def _go(self) -> None:
        if self._going is not None:
            self._apply(self._going)
        self._applied, self._going = self._gone, None

    def close(self) -> None:
        """Apply what waits, and end the thread. Raises what keeps it from being applied."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()
        self.flush()

    def _run(self) -> None:
        while self._wait():
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - it waits, and whoever asks is told
                reason = error.detail if isinstance(error, HedgerowError) else str(error)
                _log.error("Events wait to be written.", reason=reason)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, _PAUSE)

    def _wait(self) -> bool:
        """Return when there is something worth to be applied; False when nothing more is to be."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            self._changed.wait_for(self._is_enough, _MOMENT)
            return not self._closed

    def _is_enough(self) -> bool:
        return self._closed or self._waiting is None or self._waiting.size >= _MANY
