"""Upkeep of the stores beside their use."""

from __future__ import annotations

from ..domain.ports import EventStore
from .rounds import in_rounds


class MaintenanceService:
    """What a server should do now and then, at quiet hours."""

    def __init__(self, events: EventStore) -> None:
        self._events = events

    def squash(self) -> int:
        """Fold what is known of merges into the events they concern; how many rows that changed.

        Ending it midway loses nothing, and running it twice changes nothing more.
        """
        return in_rounds(self._events.squash)
