"""The event store on PostgreSQL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import re2
from hedgerow.adapters.events.dialects import postgresql
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.aggregation import Count
from hedgerow.domain.conditions import Matches, PathRule, clean_path, compiled
from hedgerow.domain.errors import InvalidInput, StoreUnavailable
from hedgerow.domain.ports import PersonQuery, Projection
from hedgerow.domain.properties import Filter
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Text, bindparam, event, func, select, text

from tests.contracts.event_erasure import EventErasureCases
from tests.contracts.event_store import ANN, NOTHING, EventStoreCases, day, prop, series, stored, total
from tests.contracts.people_index import PeopleIndexCases, put
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


class TestPostgresqlErasure(EventErasureCases):
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


def other(store: SqlEventStore) -> SqlEventStore:
    """A store of another process, as far as the database can tell, on the same database."""
    return SqlEventStore(store.engine.url.render_as_string(hide_password=False), MemoryUnitOfWorkFactory())


@pytest.fixture
def second(store: SqlEventStore) -> Iterator[SqlEventStore]:
    opened = other(store)
    yield opened
    opened.close()


def test_any_number_may_make_the_tables_at_once(store: SqlEventStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA hedgerow_events CASCADE"))
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(other, [store] * 4))
    for one in opened:
        assert series(one, total(Count())) == [0]
        one.close()


def test_a_turn_keeps_everybody_else_from_writing(store: SqlEventStore, second: SqlEventStore) -> None:
    with ThreadPoolExecutor(1) as thread:
        with store.turn():
            store.write([stored(day(1))], NOTHING)
            writing = thread.submit(second.write, [stored(day(1))], NOTHING)
            wait_until(lambda: waiting(store) == 1)
            assert series(store, total(Count())) == [1]
        writing.result()
    assert series(store, total(Count())) == [2]


def test_a_turn_tells_what_was_applied_last(store: SqlEventStore, second: SqlEventStore) -> None:
    with second.turn() as applied:
        assert applied == 0
    store.write([], Projection(holders=[(1, "a", ANN)], mark=7))
    store.write([stored(day(1))], NOTHING)
    with second.turn() as applied:
        assert applied == 7


def test_a_write_in_a_turn_fails_when_the_turn_is_lost(store: SqlEventStore, second: SqlEventStore) -> None:
    with store.turn():
        with second.engine.begin() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
            )
        second.write([stored(day(1))], NOTHING)
        with pytest.raises(StoreUnavailable):
            store.write([stored(day(1))], NOTHING)
    store.write([stored(day(1))], NOTHING)
    assert series(second, total(Count())) == [2]


def test_changes_of_others_are_told_by_the_revision(store: SqlEventStore, second: SqlEventStore) -> None:
    store.write([stored(day(1)), stored(day(1), project_id=2)], NOTHING)
    before, unchanged = second.revision(1), second.revision(2)
    store.write([stored(day(1))], NOTHING)
    assert second.revision(1) != before
    assert second.revision(2) == unchanged


def test_patterns_that_only_re2_knows_are_refused(store: SqlEventStore) -> None:
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        store.aggregate(total(Count(), Filter(prop("a"), Matches(r"\pL"))))


def test_persons_are_searched_by_indexes_of_trigrams_and_ids(store: SqlEventStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO persons (project_id, uuid, version, id, created_at, search)"
            " SELECT 1, gen_random_uuid(), 1, n, 'epoch', n || '@example.com' FROM generate_series(2, 20000) AS n"
        )
        connection.exec_driver_sql(
            "INSERT INTO ids SELECT 1, 'user-' || id, uuid, 'user-' || id FROM persons; ANALYZE persons, ids"
        )
    uuid = put(store, 1, {}, "someone")
    said: list[tuple[str, Any]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))

    assert store.people.page(PersonQuery(1, search="someone"), limit=2).count == 1

    *_, of_ids, of_persons = list(said)
    assert str(uuid) in str(of_persons)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT gin_clean_pending_list('persons_search'), gin_clean_pending_list('ids_search')"
        )
        plans = [str(connection.exec_driver_sql(f"EXPLAIN {one}", given).all()) for one, given in (of_ids, of_persons)]
    assert "ids_search" in plans[0]
    assert "persons_search" in plans[1]
    assert "persons_uuid" in plans[1]
    assert "Seq Scan" not in str(plans)


CHARACTERS = st.sampled_from("abkKsS019_ -./\n\t[]^$(){}|üÜßſ\u212aΣς🌿")
LEAVES = st.one_of(
    CHARACTERS.map(re.escape),
    st.sampled_from(
        [".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", "[a-k]", "[^a-k]", r"[\w.]", r"[^\d\n]", "[[:punct:]]"]
    ),
    st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\z", "(?i)", "(?s)", "(?-i)", "[K-s]", "[ü-ü]", "[^k]"]),
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeats = st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{1,3}", "{0,2}?"])
    groups = st.sampled_from(["({})", "(?:{})", "(?i:{})", "(?s:{})", "(?P<name>{})"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.tuples(inner, repeats).map(lambda parts: f"(?:{parts[0]}){parts[1]}"),
        st.tuples(groups, inner).map(lambda parts: parts[0].format(parts[1])),
    )


PATTERNS = st.recursive(LEAVES, _grown, max_leaves=8)


@given(pattern=PATTERNS, texts=st.lists(st.text(CHARACTERS, max_size=6), min_size=1, max_size=20))
@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much])
def test_patterns_find_what_re2_finds(opened: SqlEventStore, pattern: str, texts: list[str]) -> None:
    try:
        compiled(pattern)
    except re2.error:
        reject()
    column = func.unnest(bindparam("texts", texts, ARRAY(Text)), type_=Text).column_valued("given")
    with opened.engine.begin() as connection:
        rows = connection.execute(select(column, postgresql.matches(column, pattern))).all()
    assert [(given, found) for given, found in rows] == [
        (one, compiled(pattern).search(one.encode()) is not None) for one in texts
    ]


RULES = st.lists(
    st.tuples(
        st.sampled_from(["a", "k", "[0-9]", r"\d", "/", "(a)", "([0-9])", "[^/]", r"\w", "."]),
        st.sampled_from(["", "", "+", "*", "?", "{2}", "{1,2}"]),
    ).map("".join),
    min_size=1,
    max_size=3,
).map("".join)


@given(
    regex=RULES, alias=st.sampled_from(["", "<id>", r"\0\0", r"\\&"]), texts=st.lists(st.text("ak01/&ü", max_size=7))
)
@settings(max_examples=60)
def test_paths_are_cleaned_as_re2_does_it(opened: SqlEventStore, regex: str, alias: str, texts: list[str]) -> None:
    column = func.unnest(bindparam("texts", texts, ARRAY(Text)), type_=Text).column_valued("given")
    try:
        cleaned = postgresql.replaced(column, regex, alias)
    except InvalidInput:
        reject()
    with opened.engine.begin() as connection:
        found = connection.execute(select(cleaned)).scalars().all()
    assert found == [clean_path(one, (PathRule(regex, alias),)) for one in texts]


def waiting(store: SqlEventStore) -> int:
    """How many wait for their turn."""
    with store.engine.begin() as connection:
        locks = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(connection.execute(locks).scalar_one())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
