"""Storing the events of a group of requests, persons and events in their two stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from time import process_time
from uuid import UUID, uuid4

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.accounts import Project
from hedgerow.domain.events import Event, StoredEvent
from hedgerow.domain.ports import PersonQuery, Projection
from hedgerow.services.capture import CaptureService
from hedgerow.services.people import PeopleWriter

from tests.builders import NOON, an_event

DAY = timedelta(days=1)


class Events(MemoryEventStore):
    """Remembers what it was given, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self.stored: list[StoredEvent] = []
        self.holders: dict[str, UUID] = {}

    def write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        if self.failure:
            raise self.failure
        super().write(events, projection)
        self.stored += events
        self.holders.update({distinct_id: uuid for _, distinct_id, uuid in projection.holders})


class World:
    def __init__(self) -> None:
        self.begin = MemoryUnitOfWorkFactory()
        self.events = Events()
        people = PeopleWriter(self.begin, self.events)
        self.capture = CaptureService(self.begin, self.events, people, lambda: NOON, lambda warning: None)
        with self.begin() as work:
            self.project = work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON)
            work.commit()

    def store(self, *events: Event) -> int:
        return self.capture.store([(self.project, [event]) for event in events])

    def persons(self) -> list[set[str]]:
        with self.begin(write=False) as work:
            page = work.persons.page(PersonQuery(self.project.id), limit=100)
        return [set(person.distinct_ids) for person in page.rows]


@pytest.fixture
def world() -> World:
    return World()


def test_it_knows_a_project_by_its_token(world: World) -> None:
    found: Project | None = world.capture.project_of(world.project.api_token)
    assert found == world.project
    assert world.capture.project_of("phc_nobody") is None


def test_requests_are_stored_in_their_order_with_their_persons(world: World) -> None:
    assert world.store(an_event("a"), an_event("b", "u2"), an_event("c")) == 3
    assert [stored.event.name for stored in world.events.stored] == ["a", "b", "c"]
    assert sorted(world.persons(), key=sorted) == [{"u1"}, {"u2"}]


@pytest.mark.parametrize("together", [True, False], ids=["in one group", "one after the other"])
@pytest.mark.parametrize(
    ("apart", "stored"),
    [(timedelta(0), 1), (DAY, 1), (-DAY, 1), (DAY + timedelta(microseconds=1), 2), (-2 * DAY, 2)],
    ids=str,
)
def test_an_event_is_a_duplicate_within_a_day_of_its_uuid(
    world: World, apart: timedelta, stored: int, together: bool
) -> None:
    uuid = uuid4()
    first = an_event("first", uuid=uuid, set={"a": 1})
    second = an_event("second", "u2", uuid=uuid, at=NOON + apart)
    if together:
        world.store(first, second)
    else:
        world.store(first)
        world.store(second)
    assert [one.event.name for one in world.events.stored] == ["first", "second"][:stored]
    assert len(world.persons()) == stored


def test_one_uuid_in_two_projects_is_two_events(world: World) -> None:
    with world.begin() as work:
        other = work.accounts.add_project(name="Other", timezone="UTC", week_start_day=0, at=NOON)
        work.commit()
    event = an_event()
    copy = an_event(uuid=event.uuid, project_id=other.id)
    assert world.capture.store([(world.project, [event]), (other, [copy])]) == 2


def test_one_uuid_at_many_times_takes_no_quadratic_time(world: World) -> None:
    uuid = uuid4()
    events = [an_event("$exception", uuid=uuid, at=NOON - 2 * DAY * number) for number in range(20_000)]
    world.events.duplicates = lambda events: set()  # type: ignore[method-assign]
    began = process_time()
    assert world.store(*events) == 20_000
    assert process_time() - began < 5


def test_what_the_event_store_missed_it_gets_before_the_next_change(world: World) -> None:
    world.store(an_event(distinct_id="old"), an_event(distinct_id="new"))
    world.events.failure = OSError("disk full")
    identify = an_event("$identify", "new", anon_distinct_id="old")
    with pytest.raises(OSError, match="disk full"):
        world.store(identify)
    assert world.persons() == [{"old", "new"}]
    assert world.events.holders == {}
    world.events.failure = None
    world.store(an_event(distinct_id="third"))
    assert world.events.holders.keys() == {"old"}
    assert [one.event.distinct_id for one in world.events.stored] == ["old", "new", "new", "third"]
    assert world.store(identify) == 0  # the client's retry


def test_an_applied_change_is_forgotten_with_the_next(world: World) -> None:
    for _ in range(3):
        world.store(an_event(distinct_id=str(uuid4())))
        world.store(an_event("$exception"), an_event("$exception"))
    assert len(world.begin.state.log) <= 1
