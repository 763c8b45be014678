"""DuckDB, PostgreSQL and looking at every event side by side: whatever is asked, the answers are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hedgerow.adapters.events.slots import MAX_KEYS
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.events.tables import SLOTS
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.actors import ActorsQuestion
from hedgerow.domain.aggregation import Cell
from hedgerow.domain.ports import PersonQuery, Projection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.builders import a_copy
from tests.contracts.event_strategies import START, ZONES, aggregations, histories
from tests.integration.databases import empty_events


@pytest.fixture(scope="module")
def begin() -> MemoryUnitOfWorkFactory:
    return MemoryUnitOfWorkFactory()


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, begin: MemoryUnitOfWorkFactory
) -> Iterator[SqlEventStore]:
    file = tmp_path_factory.mktemp("events") / "events.duckdb"
    opened = SqlEventStore(empty_events() if request.param == "postgresql" else f"duckdb:///{file}", begin)
    yield opened
    opened.close()


words = st.text("aAÄäßİıΣς%_\\'\". 🌿", max_size=4)


@given(people=st.lists(st.tuples(words, words, st.lists(words, max_size=2)), max_size=6), search=words.filter(bool))
@settings(max_examples=30)
def test_a_search_finds_what_looking_at_every_person_finds(
    people: list[tuple[str, str, list[str]]],
    search: str,
    store: SqlEventStore,
    begin: MemoryUnitOfWorkFactory,
) -> None:
    with begin() as work:
        project = work.accounts.add_project(name="Any", timezone="UTC", week_start_day=0, at=START).id
        work.commit()
    oracle = MemoryEventStore(begin)
    given_ids = {one: UUID(int=number) for number, (_, _, ids) in enumerate(people) for one in ids}
    projection = Projection(
        [
            a_copy(project, UUID(int=number), {"email": email, "name": name}, id=number)
            for number, (email, name, _) in enumerate(people)
        ],
        ids=[(project, one, uuid) for one, uuid in given_ids.items()],
    )
    store.write([], projection)
    oracle.write([], projection)
    query = PersonQuery(project, search=search)
    assert list(store.people.ids(query)) == list(oracle.people.ids(query))


# Without shrinking: it would take minutes, and what fails is small enough to read.
@given(data=st.data())
@settings(
    max_examples=20,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_answer_is_the_one_that_looking_at_every_event_gives(
    data: st.DataObject, store: SqlEventStore, begin: MemoryUnitOfWorkFactory
) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    with begin() as work:
        project = work.accounts.add_project(name="Any", timezone=zone, week_start_day=0, at=START)
        if data.draw(st.booleans(), label="all slots are taken"):
            earlier = [f"earlier {number}" for number in range(SLOTS)]
            work.properties.define(project.id, "event", earlier, slots=SLOTS, limit=MAX_KEYS)
            work.properties.define(project.id, "person", earlier, slots=SLOTS, limit=MAX_KEYS)
        work.commit()
    oracle = MemoryEventStore(begin)
    events, projection = data.draw(histories(project.id))
    store.write(events, projection)
    oracle.write(events, projection)
    for _ in range(data.draw(st.integers(0, 3))):
        store.squash(2)
    for _ in range(3):
        asked = data.draw(aggregations(project.id, ZoneInfo(zone)))
        assert _table(store.aggregate(asked)) == pytest.approx(_table(oracle.aggregate(asked)))
        assert store.earliest(project.id, asked.where) == oracle.earliest(project.id, asked.where)
        behind = ActorsQuestion(asked, asked.window)
        assert store.actors(behind, limit=3, offset=1) == oracle.actors(behind, limit=3, offset=1)


def _table(cells: Sequence[Cell]) -> dict[object, float]:
    found: dict[object, float] = {(cell.kind, cell.bucket, cell.values): cell.number for cell in cells}
    assert len(found) == len(cells)
    return found
