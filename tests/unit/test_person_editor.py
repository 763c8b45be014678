"""Persons changed by hand, between captured events: the two stores agree, and nothing is half done."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hedgerow.adapters.memory.activity import MemoryActivityRepository
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.activity import Entry
from hedgerow.domain.activity_log import ActivityQuery
from hedgerow.domain.errors import NotFound, StoreUnavailable
from hedgerow.domain.events import Event, Properties, StoredEvent
from hedgerow.domain.persons import Person, person_uuid
from hedgerow.domain.ports import PersonQuery, Projection
from hedgerow.services.capture import CaptureService
from hedgerow.services.people import PeopleWriter
from hedgerow.services.person_edits import PersonEditor
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import NOON, an_event

BY = 5


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

    @property
    def copies(self) -> dict[tuple[int, UUID], int]:
        return {key: copy.version for key, copy in self._people.items()}


class World:
    """The services on stores in memory; each reading of the clock is a second later."""

    def __init__(self) -> None:
        self.begin = MemoryUnitOfWorkFactory()
        self.events = Events()
        self.now = NOON
        self.people = people = PeopleWriter(self.begin, self.events)
        self.service = CaptureService(self.begin, self.events, people, self.clock, lambda warning: None)
        self.editor = PersonEditor(people, self.clock)
        with self.begin() as work:
            self.project = work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON)
            work.commit()

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def capture(self, *events: Event) -> None:
        self.service.store([(self.project, events)])

    def persons(self) -> list[Person]:
        with self.begin(write=False) as work:
            return [*work.persons.page(PersonQuery(self.project.id), limit=1000).rows]

    def person(self, distinct_id: str) -> Person | None:
        with self.begin(write=False) as work:
            found = work.persons.page(PersonQuery(self.project.id, distinct_id=distinct_id), limit=2).rows
        return found[0] if found else None

    def held(self, distinct_id: str) -> Person:
        person = self.person(distinct_id)
        assert person
        return person

    def entries(self) -> list[str]:
        with self.begin(write=False) as work:
            return [one.entry.activity for one in work.activity.page(ActivityQuery(self.project.id), limit=100)]

    def history(self, uuid: UUID, version: int) -> Properties:
        """A person's properties at a version, from the history alone."""
        properties: Properties = {}
        for revision in self.begin.state.history.values():
            if revision.profile.uuid == uuid and revision.version <= version:
                had = {} if revision.snapshot else properties
                properties = {**had, **revision.set_properties}
                properties = {key: value for key, value in properties.items() if key not in revision.unset_properties}
        return properties


@pytest.fixture
def world() -> World:
    return World()


def two(world: World) -> None:
    world.capture(an_event(distinct_id="a", set={"plan": "free"}), an_event(distinct_id="b"))


# --- what is kept -------------------------------------------------------------------------------------------


def test_a_set_is_stored_as_an_event_under_the_first_id(world: World) -> None:
    world.capture(an_event("$identify", "u1", anon_distinct_id="a1", set={"plan": "free"}))
    person = world.held("a1")

    after = world.editor.set_properties(world.project.id, person.id, {"plan": "pro", "x": 1}, by=BY)

    assert after == world.held("u1")
    stored = world.events.stored[-1]
    assert (stored.event.name, stored.event.distinct_id) == ("$set", "u1")
    assert stored.event.properties == {"$set": {"plan": "pro", "x": 1}}
    assert stored.event.timestamp == stored.created_at == world.now
    assert (stored.person_id, stored.person_version) == (person.uuid, after.version)


def test_removed_keys_are_stored_as_an_event(world: World) -> None:
    two(world)
    world.editor.unset_properties(world.project.id, world.held("a").uuid, ["plan", "other"], by=BY)
    stored = world.events.stored[-1]
    assert stored.event.name == "$delete_person_property"
    assert stored.event.properties == {"$unset": ["plan"]}
    assert "plan" not in world.held("a").properties


def test_what_changes_nothing_leaves_no_trace(world: World) -> None:
    two(world)
    before, stored = world.begin.state, len(world.events.stored)
    number = world.held("a").id
    world.editor.set_properties(world.project.id, number, {"plan": "free"}, by=BY)
    world.editor.unset_properties(world.project.id, number, ["nothing"], by=BY)
    world.editor.split(world.project.id, number, by=BY)
    world.editor.split(world.project.id, number, main="a", by=BY)
    assert world.begin.state.persons == before.persons
    assert world.begin.state.history == before.history
    assert len(world.events.stored) == stored
    assert world.entries() == []


def test_one_and_true_are_two_values(world: World) -> None:
    world.capture(an_event(distinct_id="a", set={"n": 1, "list": [0]}))
    after = world.editor.set_properties(world.project.id, world.held("a").id, {"n": True, "list": [False]}, by=BY)
    assert (after.properties["n"], after.properties["list"]) == (True, [False])
    assert world.entries() == ["updated"]


def test_nobody_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.editor.delete(world.project.id, UUID(int=1), by=BY)


# --- failures -----------------------------------------------------------------------------------------------


def break_the_log(monkeypatch: pytest.MonkeyPatch, *, about: Iterable[int] | None = None) -> None:
    """Let the audit log fail, for all entries or for those about these persons."""
    add = MemoryActivityRepository.add

    def fail(self: MemoryActivityRepository, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        if about is None or {entry.item_id for entry in entries} & {str(one) for one in about}:
            raise OSError("no audit log")
        add(self, entries)

    monkeypatch.setattr(MemoryActivityRepository, "add", fail)


def test_101_without_its_entry_no_change_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.capture(an_event("$identify", "u1", anon_distinct_id="a1", set={"plan": "free"}))
    person, stored = world.held("u1"), len(world.events.stored)
    break_the_log(monkeypatch)
    edit, project = world.editor, world.project.id
    for act in (
        lambda: edit.set_properties(project, person.id, {"plan": "pro"}, by=BY),
        lambda: edit.unset_properties(project, person.id, ["plan"], by=BY),
        lambda: edit.split(project, person.id, by=BY),
        lambda: edit.delete(project, person.id, delete_events=True, by=BY),
    ):
        with pytest.raises(OSError, match="no audit log"):
            act()
    assert world.persons() == [person]
    assert len(world.events.stored) == stored
    with world.begin(write=False) as work:
        assert work.deletions.pending() == []


def test_one_person_that_cannot_be_deleted_does_not_stop_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(world)
    world.capture(an_event(distinct_id="c"))
    stuck = world.held("b")
    break_the_log(monkeypatch, about=[stuck.id])

    done = world.editor.delete_many(world.project.id, distinct_ids=["a", "b", "c", "d"], by=BY)

    assert (done.found, done.deleted) == (3, 2)
    assert list(done.failed) == [stuck.uuid]
    assert world.persons() == [stuck]
    assert world.entries() == ["deleted", "deleted"]


def test_a_store_that_is_away_fails_the_whole_bulk_deletion(world: World) -> None:
    two(world)
    world.events.failure = StoreUnavailable("away")
    with pytest.raises(StoreUnavailable):
        world.editor.delete_many(world.project.id, distinct_ids=["a", "b"], by=BY)


def test_what_the_event_store_missed_of_a_deletion_it_gets_before_the_next_change(world: World) -> None:
    world.capture(an_event("$identify", "u1", anon_distinct_id="a1"))
    person = world.held("u1")
    world.events.failure = OSError("disk full")
    with pytest.raises(OSError, match="disk full"):
        world.editor.delete(world.project.id, person.id, by=BY)
    assert world.persons() == []
    world.events.failure = None

    world.capture(an_event(distinct_id="other"))

    assert (world.project.id, person.uuid) not in world.events.copies
    assert world.events.holders == {one: person_uuid(world.project.id, one) for one in ("u1", "a1")}


def test_edits_and_merges_at_once_lose_nothing(world: World) -> None:
    two(world)
    edits = 20
    errors: list[BaseException] = []

    def edit(key: str) -> None:
        try:
            for number in range(edits):
                world.editor.set_properties(world.project.id, world.held("a").id, {key: number}, by=BY)
                world.capture(an_event("$merge_dangerously", "a", {"alias": f"{key}{number}"}))
        except BaseException as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [threading.Thread(target=edit, args=(key,)) for key in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    person = world.held("a")
    assert [person.properties[key] for key in "xyz"] == [edits - 1] * 3
    assert len(person.distinct_ids) == 1 + 3 * edits
    assert world.entries() == ["updated"] * 3 * edits


# --- laws ---------------------------------------------------------------------------------------------------

IDS = ("a", "b", "c", "d")
Step = tuple[str, str, str, bool]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(
            ["viewed", "quiet", "$exception", "$identify", "$merge_dangerously"] * 2
            + ["set", "unset", "delete", "split", "split off"]
        ),
        st.sampled_from(IDS),
        st.sampled_from(IDS),
        st.integers(0, 9).map(lambda number: number == 0),
    ),
    max_size=24,
)


def take(world: World, step: Step, number: int) -> None:
    """One change; in the last of its parts stands whether the event store fails after the commit. It gets to know
    what it missed then."""
    kind, own, other, fails = step
    world.events.failure = OSError() if fails else None
    try:
        act(world, kind, own, other, number)
    except OSError:
        pass
    finally:
        world.events.failure = None
        world.people.catch_up()


def act(world: World, kind: str, own: str, other: str, number: int) -> None:
    project, person = world.project.id, world.person(own)
    at = NOON + timedelta(minutes=25 * number)
    if kind in ("set", "unset", "delete", "split", "split off"):
        if person is None:
            return
        if kind == "set":
            world.editor.set_properties(project, person.id, {own: number}, by=BY)
        elif kind == "unset":
            world.editor.unset_properties(project, person.uuid, [own, other], by=BY)
        elif kind == "delete":
            world.editor.delete(project, person.id, by=BY)
        elif kind == "split":
            world.editor.split(project, person.id, main=own, by=BY)
        else:
            world.editor.split(project, person.id, only=[own], by=BY)
        return
    properties: Properties = {"alias": other, "$anon_distinct_id": other, "$set": {own: number}}
    if kind == "quiet":
        properties = {"$process_person_profile": False}
    world.capture(an_event("viewed" if kind == "quiet" else kind, own, properties, at=at, project_id=project))


@given(steps=STEPS)
def test_every_event_belongs_to_whoever_holds_its_id_now(steps: list[Step]) -> None:
    world = World()
    for number, step in enumerate(steps):
        take(world, step, number)
    world.capture(an_event(distinct_id="last", project_id=world.project.id))  # whatever was missed comes with it

    for stored in world.events.stored:
        distinct_id = stored.event.distinct_id
        person = world.person(distinct_id)
        uuid = person.uuid if person else person_uuid(world.project.id, distinct_id)
        if distinct_id in IDS or distinct_id == "last":
            assert world.events.holders.get(distinct_id, stored.person_id) == uuid
    assert world.events.copies == {(one.project_id, one.uuid): one.version for one in world.persons()}


# A version without a change of properties, borne by an event, before the uuid is given again.
REBIRTH: list[Step] = [
    ("viewed", "a", "a", False),
    ("$merge_dangerously", "a", "b", False),
    ("split", "a", "a", False),
    ("$exception", "a", "a", False),
    ("delete", "a", "a", False),
    ("viewed", "a", "a", False),
]


@example(steps=REBIRTH)
@given(steps=STEPS)
def test_the_history_tells_the_properties_as_they_were_with_every_event(steps: list[Step]) -> None:
    world = World()
    known: list[tuple[StoredEvent, Properties]] = []
    for number, step in enumerate(steps):
        take(world, step, number)
        for stored in world.events.stored[len(known) :]:
            person = world.person(stored.event.distinct_id)
            known.append((stored, person.properties if person and stored.person_created_at else {}))

    for stored, properties in known:
        if stored.person_created_at:
            assert world.history(stored.person_id, stored.person_version) == properties
    for person in world.persons():
        assert world.history(person.uuid, person.version) == person.properties


@given(steps=STEPS)
def test_the_versions_under_a_uuid_only_ascend(steps: list[Step]) -> None:
    world = World()
    for number, step in enumerate(steps):
        take(world, step, number)
    last: dict[UUID, int] = {}
    for revision in world.begin.state.history.values():
        assert revision.version > last.get(revision.profile.uuid, -1)
        last[revision.profile.uuid] = revision.version
