"""Upkeep of the stores beside their use."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..domain.ports import EventStore

ROUND = 20_000
"""Rows that one round folds: a fraction of a second, in which nothing else is written."""


class MaintenanceService:
    """What a server should do now and then, at quiet hours."""

    def __init__(self, events: EventStore) -> None:
        self._events = events

    def squash(self, pause: Callable[[], None] = lambda: None) -> int:
        """Fold what is known of merges into the events they concern; how many rows that changed.

        Ending it midway loses nothing, and running it twice changes nothing more. Between rounds it rests as long as
        the last one took, so at most half of the time is kept from those who wait to write; then it calls `pause`,
        which may raise to end it.
        """
        folded = 0
        while True:
            began = time.monotonic()
            count = self._events.squash(ROUND)
            folded += count
            if count < ROUND:
                return folded
            time.sleep(time.monotonic() - began)
            pause()
