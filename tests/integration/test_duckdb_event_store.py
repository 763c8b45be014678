"""The event store on a DuckDB file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hedgerow.adapters.events.changes import Changes
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.events.tables import SLOTS
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.aggregation import Actors, Count
from hedgerow.domain.errors import QueryTooLarge, StoreUnavailable
from hedgerow.domain.ports import Projection
from sqlalchemy import text

from tests.contracts.event_erasure import EventErasureCases
from tests.contracts.event_store import (
    ANN,
    BEN,
    NOTHING,
    EventStoreCases,
    a_person,
    by,
    day,
    prop,
    rows,
    series,
    stored,
    total,
)
from tests.contracts.people_index import PeopleIndexCases


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.duckdb"


@pytest.fixture
def begin() -> MemoryUnitOfWorkFactory:
    return MemoryUnitOfWorkFactory()


@pytest.fixture
def store(path: Path, begin: MemoryUnitOfWorkFactory) -> Iterator[SqlEventStore]:
    opened = SqlEventStore(f"duckdb:///{path}", begin)
    yield opened
    opened.close()


class TestSqlEventStore(EventStoreCases):
    @pytest.fixture
    def store(self, path: Path, begin: MemoryUnitOfWorkFactory) -> Iterator[SqlEventStore]:
        opened = SqlEventStore(f"duckdb:///{path}", begin)
        yield opened
        opened.close()


class TestSqlEventErasure(EventErasureCases):
    @pytest.fixture
    def store(self, path: Path, begin: MemoryUnitOfWorkFactory) -> Iterator[SqlEventStore]:
        opened = SqlEventStore(f"duckdb:///{path}", begin)
        yield opened
        opened.close()


class TestSqlPeopleIndex(PeopleIndexCases):
    pass


def test_all_is_there_after_a_restart(path: Path, begin: MemoryUnitOfWorkFactory) -> None:
    first = SqlEventStore(f"duckdb:///{path}", begin)
    first.write(
        [stored(day(1), "a", a="x"), stored(day(1), "b", BEN, b="y")],
        Projection(people=[a_person(ANN, 2, plan="pro")], holders=[(1, "b", ANN)]),
    )
    revision = first.revision(1)
    first.close()
    second = SqlEventStore(f"duckdb:///{path}", begin)
    assert series(second, total(Actors())) == [1]
    assert rows(second, total(Count(), breakdown=by(prop("a"), prop("b")))) == {("x", None): 1, (None, "y"): 1}
    assert second.revision(1) != revision
    second.close()


def test_squashing_goes_on_after_a_restart_and_leaves_nothing_to_look_up(
    path: Path, begin: MemoryUnitOfWorkFactory
) -> None:
    held = [(1, f"id {number}", ANN) for number in range(10)]
    first = SqlEventStore(f"duckdb:///{path}", begin)
    first.write(
        [stored(day(1), distinct_id, BEN) for _, distinct_id, _ in held],
        Projection(ids=[(1, distinct_id, BEN) for _, distinct_id, _ in held], holders=held),
    )
    assert first.squash(7) == 7
    first.close()
    second = SqlEventStore(f"duckdb:///{path}", begin)
    assert series(second, total(Actors())) == [1]
    assert [second.squash(7), second.squash(7), second.squash(7)] == [7, 6, 0]
    assert series(second, total(Actors())) == [1]
    with second._transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM holders")).scalar() == 0
        assert connection.execute(text("SELECT DISTINCT person_id FROM ids")).scalars().all() == [ANN]
        found = connection.execute(text("SELECT DISTINCT person_id, stored_person_id FROM events")).all()
        assert [tuple(row) for row in found] == [(ANN, BEN)]
    second.close()


def test_events_of_today_are_told_from_new_ones_whether_they_wait_or_are_in_the_file(
    path: Path, begin: MemoryUnitOfWorkFactory
) -> None:
    now = datetime.now(UTC)
    known, new = [stored(now - timedelta(hours=hours)) for hours in range(0, 60, 5)], stored(now)
    asked = [one.event for one in (*known, new)]
    expected = {(1, one.event.uuid) for one in known}
    first = SqlEventStore(f"duckdb:///{path}", begin)
    assert first.duplicates(asked) == set()
    first.write(known, NOTHING)
    assert first.duplicates(asked) == expected
    first.ping()  # which has what waits written
    assert first.duplicates(asked) == expected
    first.close()
    second = SqlEventStore(f"duckdb:///{path}", begin)
    assert second.duplicates(asked) == expected
    second._database._recent._filling.join()  # type: ignore[attr-defined] # now they have been read
    assert second.duplicates(asked) == expected
    second.close()


def test_what_waits_is_written_when_the_store_is_closed_and_only_once(
    path: Path, begin: MemoryUnitOfWorkFactory
) -> None:
    first = SqlEventStore(f"duckdb:///{path}", begin)
    first.write([stored(day(1))], Projection(mark=3))
    with first.turn() as mark:
        assert mark == 0
    first.close()
    second = SqlEventStore(f"duckdb:///{path}", begin)
    with second.turn() as mark:
        assert mark == 3
    second.write([stored(day(1))], Projection(mark=3))  # of which nobody heard that it had been written
    assert series(second, total(Count())) == [1]
    second.write([stored(day(1))], Projection(mark=4))
    second.ping()
    with second.turn() as mark:
        assert mark == 4
    assert series(second, total(Count())) == [2]
    second.close()


def test_what_cannot_be_written_now_is_written_later(store: SqlEventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable("The disk is full.")

    with monkeypatch.context() as full:
        full.setattr(Changes, "write", fail)
        store.write([stored(day(1))], Projection(mark=1))
        store.write([stored(day(2))], Projection(mark=2))
        with pytest.raises(StoreUnavailable, match="disk is full"):
            series(store, total(Count()))
    assert series(store, total(Count())) == [2]
    with store.turn() as mark:
        assert mark == 2


def test_a_write_that_fails_leaves_nothing_behind(store: SqlEventStore) -> None:
    with pytest.raises(TypeError):
        store.write([stored(day(1))], Projection(holders=[(1, "a", object())]))  # type: ignore[list-item]
    assert series(store, total(Count())) == [0]


def test_long_json_is_compressed(store: SqlEventStore) -> None:
    store.write([stored(day(1), text="a long text " * 20, number=number) for number in range(3000)], NOTHING)
    with store._transaction() as connection:
        connection.execute(text("CHECKPOINT"))
        query = "SELECT DISTINCT compression FROM pragma_storage_info('events') WHERE column_name = 'properties'"
        assert "ZSTD" in connection.execute(text(query)).scalars().all()


def test_a_file_held_by_another_process_is_named_with_the_holder(path: Path, begin: MemoryUnitOfWorkFactory) -> None:
    holding = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreUnavailable) as refused:
            SqlEventStore(f"duckdb:///{path}", begin)
        holder.communicate("")
    assert str(path) in refused.value.detail
    assert f"pid {holder.pid}" in refused.value.detail
    assert "\n" not in refused.value.detail


def test_after_a_fatal_error_it_opens_the_file_anew(store: SqlEventStore) -> None:
    store.write([stored(day(1))], NOTHING)
    with store._transaction() as connection:
        connection.execute(text("SET GLOBAL debug_checkpoint_abort = 'before_header'"))
    with pytest.raises(StoreUnavailable, match="opened anew"), store._transaction() as connection:
        connection.execute(text("FORCE CHECKPOINT"))
    assert series(store, total(Count())) == [1]
    store.write([stored(day(1))], NOTHING)
    assert series(store, total(Count())) == [2]


def test_threads_may_write_and_ask_at_the_same_time(store: SqlEventStore) -> None:
    def work(number: int) -> int:
        person = Projection(people=[a_person(ANN, number, plan="pro")], holders=[(1, f"id {number}", ANN)])
        store.write([stored(day(1), f"id {number}", properties={f"key {number}": 1})], person)
        return int(series(store, total(Count()))[0])

    with ThreadPoolExecutor(4) as threads:
        seen = list(threads.map(work, range(1, 21)))
    assert min(seen) >= 1
    assert series(store, total(Count())) == [20]
    assert series(store, total(Actors())) == [1]


def test_keys_get_slots_in_the_order_in_which_they_come(store: SqlEventStore, begin: MemoryUnitOfWorkFactory) -> None:
    store.write([stored(day(1), b=1)], Projection(people=[a_person(ANN, plan="pro")]))
    store.write([stored(day(1), properties={f"k{number:03}": 1 for number in range(100)})], NOTHING)
    with begin(write=False) as work:
        keys, people = work.properties.load(1, "event"), work.properties.load(1, "person")
    assert people == {"plan": 0}
    assert keys["b"] == 0
    assert keys["k000"] == 1
    assert sorted(slot for slot in keys.values() if slot is not None) == list(range(SLOTS))
    assert keys["k099"] is None


def test_a_question_that_takes_too_much_memory_is_refused_and_the_next_is_answered(store: SqlEventStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO events (project_id, uuid, event, distinct_id, person_id, timestamp)"
            " SELECT 1, uuid(), 'seen', 'u', uuid(), TIMESTAMP '2024-01-02' FROM range(300_000)"
        )
        connection.exec_driver_sql("SET memory_limit = '6MB'")
    with pytest.raises(QueryTooLarge, match="memory"):
        series(store, total(Actors()))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("SET memory_limit = '160MB'")
    assert series(store, total(Actors())) == [300_000]
