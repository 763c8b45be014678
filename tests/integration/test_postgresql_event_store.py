"""The event store on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

from tests.contracts.event_store import EventStoreCases
from tests.contracts.people_index import PeopleIndexCases
from tests.integration.databases import empty_events

from ..contracts.trend_actors import ActorCases
from ..contracts.trend_cases import TrendCases
from ..contracts.trend_cohorts import CohortTrendCases


@pytest.fixture
def store() -> Iterator[SqlEventStore]:
    opened = SqlEventStore(empty_events(), MemoryUnitOfWorkFactory())
    yield opened
    opened.close()


class TestPostgresqlEventStore(EventStoreCases):
    @pytest.fixture
    def store(self) -> Iterator[SqlEventStore]:
        opened = SqlEventStore(empty_events(), MemoryUnitOfWorkFactory())
        yield opened
        opened.close()


class TestPostgresqlPeopleIndex(PeopleIndexCases):
    pass


@pytest.fixture(scope="module")
def opened() -> Iterator[SqlEventStore]:
    store = SqlEventStore(empty_events(), MemoryUnitOfWorkFactory())
    yield store
    store.close()


class TestPostgresqlTrends(TrendCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened


class TestPostgresqlCohortTrends(CohortTrendCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened


class TestPostgresqlActors(ActorCases):
    @pytest.fixture
    def store(self, opened: SqlEventStore) -> SqlEventStore:
        return opened
