"""The relational repositories keep their promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.adapters.relational.tables import DistinctIdRow, GroupRow, PersonHistoryRow, PersonRow, Row, UserRow
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from hedgerow.domain.activity import person_deleted
from hedgerow.domain.deletions import of_person
from hedgerow.domain.population import Population, Profile
from hedgerow.domain.ports import PersonQuery
from hypothesis import given
from sqlalchemy import Engine, delete, event, func, select, update

from tests.builders import an_event
from tests.contracts import account_repository
from tests.contracts.access_repositories import RoleRepositoryContract, RuleRepositoryContract
from tests.contracts.account_repository import AccountRepositoryContract
from tests.contracts.activity_repository import ActivityRepositoryContract
from tests.contracts.deletion_repository import DeletionRepositoryContract
from tests.contracts.person_edits import PersonEditContract
from tests.contracts.person_erasure import Dump, PersonErasureContract
from tests.contracts.person_repository import (
    NOON,
    PersonRepositoryContract,
    Story,
    a_project,
    a_story,
    capture,
    names,
    on_one_store,
    page,
    people,
    same,
    tell,
)
from tests.contracts.property_repository import PropertyRepositoryContract
from tests.contracts.run_repository import RunRepositoryContract
from tests.contracts.saved_repositories import SavedRepositoriesContract


class TestSqlPersons(PersonRepositoryContract):
    pass


class TestSqlPersonEdits(PersonEditContract):
    pass


class TestSqlActivity(ActivityRepositoryContract):
    pass


class TestSqlDeletions(DeletionRepositoryContract):
    pass


class TestSqlPersonErasure(PersonErasureContract):
    @pytest.fixture
    def dump(self, engine: Engine) -> Dump:
        def rows() -> str:
            with engine.connect() as connection:
                return repr([connection.execute(select(table)).all() for table in Row.metadata.sorted_tables])

        return rows


class TestSqlProperties(PropertyRepositoryContract):
    pass


class TestSqlAccounts(AccountRepositoryContract):
    pass


class TestSqlRoles(RoleRepositoryContract):
    pass


class TestSqlRules(RuleRepositoryContract):
    pass


class TestSqlSaved(SavedRepositoriesContract):
    pass


class TestSqlRuns(RunRepositoryContract):
    pass


@on_one_store
@given(story=a_story())
def test_events_do_to_persons_what_they_do_in_memory(begin: SqlUnitOfWorkFactory, story: Story) -> None:
    memory = MemoryUnitOfWorkFactory()
    project = a_project(begin)
    memory.state.last_ids["projects"] = project - 1
    assert a_project(memory) == project

    real, ideal = tell(begin, project, story), tell(memory, project, story)

    assert people(begin, project) == people(memory, project)
    with begin(write=False) as work:
        assert work.persons.count(PersonQuery(project)) == len(people(memory, project))
    for one, other in zip(real, ideal, strict=True):
        assert same(one)[1:4] == same(other)[1:4]
        assert {copy.version for copy in one.people} == {copy.version for copy in other.people}


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_batch_costs_the_same_statements_whatever_its_size(
    begin: SqlUnitOfWorkFactory, engine: Engine, size: int
) -> None:
    project = a_project(begin)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    ids = [(project, f"u{number}") for number in range(size)]

    with begin() as work:
        statements.clear()  # BEGIN is the engine's
        population = work.persons.population(ids)
        for _, one in ids:
            population.create(project, one, [one], NOON, {"email": one})
        work.persons.log((), work.persons.save(population, at=NOON))
        work.commit()

    assert len(statements) == 9


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_a_deletion_costs_the_same_statements_whatever_its_size(
    begin: SqlUnitOfWorkFactory, engine: Engine, size: int
) -> None:
    project = a_project(begin)
    ids = [f"u{number}" for number in range(size)]
    capture(begin, *(an_event(distinct_id=one, project_id=project) for one in ids))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    with begin() as work:
        statements.clear()
        persons = work.persons.lock(project, (), distinct_ids=ids)
        work.deletions.request([of_person(person, by=None, at=NOON) for person in persons])
        work.activity.add([person_deleted(person, by=None, at=NOON) for person in persons])
        population = Population({}, set(), {})
        for person in persons:
            population.remove(Profile.of(person))
        work.persons.log((), work.persons.save(population, at=NOON))
        work.commit()

    assert len(persons) == size
    assert len(statements) == 11


def test_a_page_costs_two_statements_whatever_its_size(begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
    project = a_project(begin)
    capture(begin, *(an_event(distinct_id=f"u{number}", project_id=project) for number in range(50)))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    assert len(page(begin, PersonQuery(project), limit=50).rows) == 50

    assert len([one for one in statements if not one.startswith("BEGIN")]) == 2


def test_every_version_of_a_person_is_in_its_history(begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
    project = a_project(begin)
    created = an_event(project_id=project, set={"a": 1})
    capture(begin, created)
    capture(begin, an_event("$set", project_id=project, set={"b": None}, unset=["a"]))

    with engine.connect() as connection:
        rows = connection.execute(
            select(
                PersonHistoryRow.version,
                PersonHistoryRow.at,
                PersonHistoryRow.snapshot,
                PersonHistoryRow.set_properties,
                PersonHistoryRow.unset_properties,
            ).order_by(PersonHistoryRow.id)
        ).all()
    assert [tuple(row) for row in rows] == [
        (0, NOON, True, {"a": 1, "$creator_event_uuid": str(created.uuid)}, []),
        (1, NOON, False, {"b": None}, ["a"]),
    ]


def test_persons_are_counted_however_they_come_and_go(begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
    project, other = a_project(begin), a_project(begin)
    events = [an_event(distinct_id=f"u{number}", project_id=one) for number in range(5) for one in (project, other)]
    capture(begin, *events)
    capture(begin, an_event("$merge_dangerously", "u0", project_id=project, properties={"alias": "u1"}))
    with engine.begin() as connection:
        connection.execute(update(DistinctIdRow).where(DistinctIdRow.project_id == other).values(person_id=None))
        connection.execute(delete(PersonRow).where(PersonRow.project_id == other))

    with begin(write=False) as work:
        counts = [work.persons.count(PersonQuery(one)) for one in (project, other, 10**6)]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(PersonRow)) == 4
    assert counts == [4, 0, 0]


def test_group_properties_are_merged_shallowly(begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
    project = a_project(begin)
    for properties in ({"a": 1, "b": {"x": 1}}, {"b": {"y": 1}, "c": None}):
        capture(
            begin,
            an_event("$groupidentify", project_id=project, group_type="company", group_key="k", group_set=properties),
        )

    with engine.connect() as connection:
        row = connection.execute(select(GroupRow.index, GroupRow.key, GroupRow.properties)).one()
    assert tuple(row) == (0, "k", {"a": 1, "b": {"y": 1}, "c": None})


def test_a_deactivated_users_key_is_still_found(begin: SqlUnitOfWorkFactory, engine: Engine) -> None:
    with begin() as work:
        key = account_repository.a_key(account_repository.a_user(work))
        work.accounts.add_key(key)
        work.commit()
    with engine.begin() as connection:
        connection.execute(update(UserRow).values(is_active=False))

    with begin(write=False) as work:
        found = work.accounts.key_by_secure_value(key.secure_value)
    assert found is not None
    assert not found[1].is_active


def test_a_reader_sees_one_state_while_others_write(begin: SqlUnitOfWorkFactory) -> None:
    project = a_project(begin)
    capture(begin, an_event(distinct_id="u1", project_id=project))

    with begin(write=False) as reader:
        assert reader.persons.count(PersonQuery(project)) == 1
        capture(begin, an_event(distinct_id="u2", project_id=project))
        assert reader.persons.count(PersonQuery(project)) == 1

    assert names(page(begin, PersonQuery(project)).rows) == ["u2", "u1"]
