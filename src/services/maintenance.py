"""Upkeep of the stores beside their use."""

from __future__ import annotations

from collections.abc import Callable

from ..domain.ports import EventStore
from .rounds import in_rounds, no_pause


class MaintenanceService:
    """What a server should do now and then, at quiet hours."""

    def __init__(self, events: EventStore) -> None:
        self._events = events

    def squash(self, pause: Callable[[], None] = no_pause) -> int:
        """Fold what is known of merges into the events they concern; how many rows that changed.

        Ending it midway loses nothing, and running it twice changes nothing more. `pause` is called between rounds
        and may raise to end it.
        """
        return in_rounds(self._events.squash, pause)
