"""The event store in memory."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore

from tests.contracts.event_erasure import EventErasureCases
from tests.contracts.event_store import EventStoreCases
from tests.contracts.people_index import PeopleIndexCases


class TestMemoryEventStore(EventStoreCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


class TestMemoryEventErasure(EventErasureCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


class TestMemoryPeopleIndex(PeopleIndexCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()
