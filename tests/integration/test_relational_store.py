"""What the relational store owes to its databases: use of indexes, turns of writers, plain errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hedgerow.adapters.relational import engine as engines
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from hedgerow.domain.errors import StoreUnavailable
from hedgerow.domain.persons import Person
from hedgerow.domain.population import Population, Profile
from hedgerow.domain.ports import PersonQuery, Position
from sqlalchemy import Engine, event

from tests.builders import an_event
from tests.contracts.person_repository import NOON, a_project, capture, find, page

from .databases import empty_sqlite, new_postgresql, unavailable


def test_parallel_events_of_the_same_ids_end_in_one_person(begin: SqlUnitOfWorkFactory) -> None:
    project = a_project(begin)
    events = [an_event("$identify", one, project_id=project, anon_distinct_id="a") for one in "bcdefghi"]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: capture(begin, one), events))

    assert set(find(begin, project, "a").distinct_ids) == set("abcdefghi")
    with begin(write=False) as work:
        assert work.persons.count(PersonQuery(project)) == 1


def test_merges_that_cross_end_in_one_person(begin: SqlUnitOfWorkFactory) -> None:
    project = a_project(begin)
    ids = "abcdefgh"
    capture(begin, *(an_event(distinct_id=one, project_id=project) for one in ids))
    merges = [
        an_event("$merge_dangerously", own, project_id=project, properties={"alias": other})
        for own, other in zip(ids, ids[1:] + ids[0], strict=True)
    ]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda one: capture(begin, one), merges))

    assert set(find(begin, project, "a").distinct_ids) == set(ids)
    with begin(write=False) as work:
        assert work.persons.count(PersonQuery(project)) == 1


def test_what_was_read_before_the_server_went_away_stays_read() -> None:
    url = new_postgresql()
    engine = engines.create(url)
    begin = SqlUnitOfWorkFactory(engine)
    project = a_project(begin)
    with begin(write=False) as work:
        found = work.accounts.project(project)
        with unavailable(url):
            pass
    assert found
    assert found.id == project
    with begin() as work:
        assert work.accounts.project(project) == found
    engine.dispose()


class TestPlans:
    """No statement of the write path and no usual list goes through a table from end to end."""

    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
    def test_of_writing(self, begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
        project = a_project(begin)
        capture(begin, *(an_event(distinct_id=one, project_id=project) for one in "ab"))
        seen = Statements(engine)

        projection = capture(
            begin,
            an_event("$groupidentify", "c", project_id=project, group_type="t", group_key="k"),
            an_event(distinct_id="d", project_id=project, process_person_profile=False),
            an_event("$identify", "a", project_id=project, anon_distinct_id="b", set={"x": 1}),
        )
        with begin() as work:
            assert projection.mark is not None
            work.persons.clear(projection.mark)
            work.properties.define(project, "event", ["k"], slots=1, limit=1)

        assert seen.tables_read_through() == set()
        # The ids without a person may be most of all: they are found one by one, not among each other.
        assert not any("ix_distinct_ids_person_id_id" in one for one in seen.plans_of("DELETE FROM distinct_ids"))

    def test_of_reading(self, begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
        project = a_project(begin)
        capture(begin, an_event(project_id=project))
        person = find(begin, project, "u1")
        seen = Statements(engine)

        page(begin, PersonQuery(project))
        for backward in (False, True):
            page(begin, PersonQuery(project), after=Position(NOON, person.id, backward=backward))
        page(begin, PersonQuery(project, distinct_id="u1"))
        page(begin, PersonQuery(project, email="a@b.c"))
        with begin(write=False) as work:
            work.persons.get(project, person.uuid)
            work.persons.get(project, person.id)
            work.persons.several(project, [person.id, person.uuid])
            work.persons.ids(PersonQuery(project), limit=10, after=Position(NOON, person.id))
            work.persons.outline(project, [person.id])
            work.persons.held(project, ["u1"])
            list(work.persons.history(project, person.uuid, 1))
            work.persons.count(PersonQuery(project, distinct_id="u1"))
            work.persons.count(PersonQuery(project, email="a@b.c"))
            work.accounts.key_by_secure_value("x")
            work.accounts.project_by_token("x")

        assert seen.tables_read_through() == set()
        assert any("ix_persons_project_id_email_created_at_id" in plan for plan in seen.plans)
        pages = seen.plans_of("SELECT persons.id", containing="ORDER BY persons.created_at")
        assert "ix_persons_project_id_created_at_id" in pages[0]
        assert not any("TEMP B-TREE" in plan or "Sort" in plan for plan in pages)

    def test_of_counting_everybody(self, begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
        project = a_project(begin)
        seen = Statements(engine)

        with begin(write=False) as work:
            work.persons.count(PersonQuery(project))

        (plan,) = seen.plans_of("SELECT")
        assert "person_counts" in plan
        assert not re.search(r"\bpersons\b", plan)


def test_deletions_splits_and_merges_at_once_leave_one_sound_state(begin: SqlUnitOfWorkFactory) -> None:
    project = a_project(begin)
    rounds = 6

    def merge(number: int) -> None:
        capture(begin, an_event("$merge_dangerously", "a", {"alias": f"b{number}"}, project_id=project))

    def edit(act: Callable[[Population, Person], None]) -> None:
        with begin() as work:
            for person in work.persons.lock(project, (), distinct_ids=["a"]):
                population = work.persons.population((), new=[(project, one) for one in person.distinct_ids])
                act(population, person)
                work.persons.save(population, at=NOON)
            work.commit()

    def delete(number: int) -> None:
        edit(lambda population, person: population.remove(Profile.of(person)))

    def split(number: int) -> None:
        edit(lambda population, person: population.split(population.add(person), person.distinct_ids[1:], NOON))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda job: job[0](job[1]), product((merge, delete, split), range(rounds))))
    merge(0)

    with begin(write=False) as work:
        persons = work.persons.page(PersonQuery(project), limit=1000).rows
    held = [one for person in persons for one in person.distinct_ids]
    assert len(held) == len(set(held))
    assert {"a", "b0"} <= set(find(begin, project, "a").distinct_ids)


def test_a_store_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path}/nowhere/hedgerow.db",
        "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
    ):
        with pytest.raises(StoreUnavailable), SqlUnitOfWorkFactory(engines.create(url))():
            pass


def test_a_store_that_has_no_tables_is_unavailable(tmp_path: Path) -> None:
    engine = engines.create(f"sqlite:///{tmp_path}/hedgerow.db")

    with pytest.raises(StoreUnavailable), SqlUnitOfWorkFactory(engine)() as work:
        work.accounts.projects()

    engine.dispose()


def test_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    engine = empty_sqlite(tmp_path)
    with engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    engine.dispose()

    assert found == ["wal", 2, 1, 10_000]


class Statements:
    """The statements executed from now on, and the database's plans of them.

    PostgreSQL reads small tables through and sorts few rows whatever indexes there are, so for its plans it is told
    to do so only where it must.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._calls: list[tuple[str, Any]] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        self._calls.append((statement, parameters))

    @property
    def plans(self) -> list[str]:
        event.remove(self._engine, "before_cursor_execute", self._note)
        sqlite = self._engine.dialect.name == "sqlite"
        with self._engine.connect() as connection:
            if not sqlite:
                for way in ("seqscan", "sort", "bitmapscan"):
                    connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            plans = [
                "\n".join(row[-1] for row in connection.exec_driver_sql(f"{explain} {one}", parameters))
                for one, parameters in self._explained()
            ]
        event.listen(self._engine, "before_cursor_execute", self._note)
        return plans

    def _explained(self) -> list[tuple[str, Any]]:
        return [call for call in self._calls if not call[0].startswith("BEGIN")]

    def plans_of(self, beginning: str, containing: str = "") -> list[str]:
        plans = [
            plan
            for (statement, _), plan in zip(self._explained(), self.plans, strict=True)
            if statement.startswith(beginning) and containing in statement
        ]
        assert plans
        return plans

    def tables_read_through(self) -> set[str]:
        plans = "\n".join(self.plans)
        scans = re.findall(r"SCAN (?!.*VIRTUAL)(\w+)|Seq Scan on (\w+)", plans)
        return {name for pair in scans for name in pair} - {"", "batch", "anon_1", "anon_2"}
