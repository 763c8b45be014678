"""The event store in memory."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore

from tests.contracts.event_store import EventStoreCases


class TestMemoryEventStore(EventStoreCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()
