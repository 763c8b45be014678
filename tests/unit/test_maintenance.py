"""Upkeep of the stores."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.services.maintenance import MaintenanceService
from hedgerow.services.rounds import ROUND


class Events(MemoryEventStore):
    """Has so many rows to fold."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def squash(self, limit: int) -> int:
        folded = min(limit, self.left)
        self.left -= folded
        return folded


def test_it_squashes_in_rounds_until_nothing_is_left() -> None:
    for left in (0, 1, ROUND, 2 * ROUND + 1):
        events = Events(left)
        assert MaintenanceService(events).squash() == left
        assert events.left == 0


def test_it_can_be_ended_between_rounds() -> None:
    events = Events(2 * ROUND + 1)

    def pause() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        MaintenanceService(events).squash(pause)
    assert events.left == ROUND + 1
