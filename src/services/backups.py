"""Backups: both stores as they were at one moment, taken beside their use."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from ..domain.backups import EVENTS_FILE, PEOPLE_FILE, Progress, Snapshots
from ..domain.errors import Conflict
from ..domain.ports import Clock
from .people import PeopleWriter


class BackupService:
    """Copies the stores, one backup at a time."""

    def __init__(self, people: PeopleWriter, relational: Snapshots, events: Snapshots, clock: Clock) -> None:
        self._people = people
        self._relational = relational
        self._events = events
        self._clock = clock
        self._taking = threading.Lock()

    def take(self, folder: Path, progress: Progress) -> datetime:
        """Copy both stores into a folder; the moment that the copies show.

        Nothing waits for the copying: only the moment itself, at which both states are taken hold of, is a turn of
        its own among the changes of persons and events. The relational state comes first: what it says is erased
        was so in the events by then. Raises `Conflict` while another backup is being taken.
        """
        if not self._taking.acquire(blocking=False):
            raise Conflict("Another backup is being taken.")
        try:
            with ExitStack() as kept:
                with self._people.turn():
                    at = self._clock()
                    relational = kept.enter_context(self._relational())
                    events = kept.enter_context(self._events())
                relational(folder / PEOPLE_FILE, progress)
                events(folder / EVENTS_FILE, progress)
        finally:
            self._taking.release()
        return at
