"""Trends over the in-memory event store."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore

from ..contracts.trend_actors import ActorCases
from ..contracts.trend_cases import TrendCases
from ..contracts.trend_cohorts import CohortTrendCases


class TestMemoryTrends(TrendCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


class TestMemoryCohortTrends(CohortTrendCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()


class TestMemoryActors(ActorCases):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore()
