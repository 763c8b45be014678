"""Trends over the DuckDB event store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

from ..contracts.trend_actors import ActorCases
from ..contracts.trend_cases import TrendCases
from ..contracts.trend_cohorts import CohortTrendCases


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlEventStore]:
    file = tmp_path_factory.mktemp("trends") / "events.duckdb"
    store = SqlEventStore(f"duckdb:///{file}", MemoryUnitOfWorkFactory())
    yield store
    store.close()


class TestDuckdbTrends(TrendCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened


class TestDuckdbCohortTrends(CohortTrendCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened


class TestDuckdbActors(ActorCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened
