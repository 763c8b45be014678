"""Draining the deletion queue: what was asked for goes, nothing else does, and where it is stopped does not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory
from hedgerow.domain.accounts import Project
from hedgerow.domain.activity_log import ActivityQuery
from hedgerow.domain.deletions import Deletion, DeletionKind, DeletionQuery, DeletionRequest, DeletionStatus
from hedgerow.domain.errors import Conflict, NotFound
from hedgerow.domain.events import Event
from hedgerow.domain.persons import Person
from hedgerow.domain.ports import PersonQuery
from hedgerow.services import rounds
from hedgerow.services.accounts import AccountService
from hedgerow.services.capture import CaptureService
from hedgerow.services.deletions import DeletionService, Drained
from hedgerow.services.people import PeopleWriter
from hedgerow.services.person_edits import PersonEditor

from tests.builders import NOON, an_event

BY = 5


class Crash(Exception):
    """The process ends here."""


class Fate:
    """Ends the process at the n-th step that touches a store: before it, or right after."""

    def __init__(self) -> None:
        self.steps = 0
        self.end: tuple[int, bool] | None = None

    def meet(self, step: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self.steps += 1
        if self.end == (self.steps, False):
            raise Crash
        result = step(*args, **options)
        if self.end == (self.steps, True):
            raise Crash
        return result


class Events(MemoryEventStore):
    """An event store whose every step is fateful."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self.fate = fate

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in ("contents", "erase", "forget_ids", "forget_project", "write", "compact"):
            return lambda *args, **options: self.fate.meet(found, *args, **options)
        return found


class Store(MemoryUnitOfWorkFactory):
    """A relational store whose every commit is fateful."""

    def __init__(self, fate: Fate) -> None:
        super().__init__()
        self.fate = fate

    def __call__(self, *, write: bool = True) -> MemoryUnitOfWork:
        work = super().__call__(write=write)
        commit = work.commit
        work.commit = lambda: self.fate.meet(commit)  # type: ignore[method-assign]
        return work


class World:
    """Two projects on stores in memory, and a clock that moves with every look at it."""

    def __init__(self) -> None:
        self.fate = Fate()
        self.begin = Store(self.fate)
        self.events = Events(self.fate)
        self.time = NOON
        self.number = 0
        accounts = self.accounts = AccountService(self.begin, self.clock)
        self.projects = [accounts.create_project(name) for name in ("Shop", "Other")]
        self.start()

    def start(self) -> None:
        """As a process does."""
        self.fate.end = None
        people = PeopleWriter(self.begin, self.events)
        self.capturing = CaptureService(self.begin, self.events, people, self.clock, lambda _: None)
        self.edits = PersonEditor(people, self.clock)
        self.deletions = DeletionService(self.begin, self.clock, people, self.events, [self.events.compact])

    def clock(self) -> Any:
        self.time += timedelta(seconds=1)
        return self.time

    def event(self, distinct_id: str, name: str = "seen", /, **properties: Any) -> Event:
        self.number += 1
        return an_event(name, distinct_id, properties, uuid=UUID(int=self.number), at=self.time)

    def capture(self, *events: Event, project: int = 0) -> None:
        """Each in a request of its own."""
        to: Project = self.projects[project]
        for event in events:
            self.capturing.store([(to, [event._replace(project_id=to.id)])])

    def see(self, *ids: str, project: int = 0, **properties: Any) -> None:
        """An event of each id, which sets properties of its person."""
        self.capture(*(self.event(one, **{"$set": properties}) for one in ids), project=project)

    def alias(self, distinct_id: str, other: str) -> None:
        self.capture(self.event(distinct_id, "$create_alias", alias=other))

    def person(self, distinct_id: str, project: int = 0) -> Person | None:
        with self.begin(write=False) as work:
            page = work.persons.page(PersonQuery(self.projects[project].id, distinct_id=distinct_id), limit=2)
        return page.rows[0] if page.rows else None

    def delete(self, distinct_id: str, *, keep_person: bool = False, delete_events: bool = True) -> Person:
        person = self.person(distinct_id)
        assert person
        self.edits.delete(person.project_id, person.id, keep_person=keep_person, delete_events=delete_events, by=BY)
        return person

    def names(self, project: int = 0) -> list[str]:
        """The distinct ids of the project's events."""
        return sorted(
            one.event.distinct_id for one in self.events._events if one.event.project_id == self.projects[project].id
        )

    def queue(self, project: int = 0, kind: DeletionKind | None = DeletionKind.PERSON) -> Sequence[Deletion]:
        return self.deletions.page(DeletionQuery(self.projects[project].id, kind=kind), limit=100).rows

    def everything(self) -> str:
        """All that both stores hold, as one text."""
        state = self.begin.state
        return repr(
            [
                sorted(state.deletions.items()),
                sorted((key, held) for key, held in state.ids.items()),
                sorted((one.profile.uuid, one.version, str(one.set_properties)) for one in state.history.values()),
                [(one.activity, one.item_id, one.detail) for one in state.activity.values()],
                sorted((one.event.uuid, one.event.distinct_id, one.event.properties) for one in self.events._events),
                sorted(self.events._ids.items()),
                sorted(self.events._holders.items()),
                sorted((key, copy.properties_json) for key, copy in self.events._people.items()),
                sorted(state.persons),
                sorted(state.projects),
                sorted(state.deleted_projects),
            ]
        )


@pytest.fixture
def world() -> World:
    return World()


def test_the_events_of_a_deleted_person_go_and_a_receipt_stays(world: World) -> None:
    world.see("u1", "u1", "u2")
    world.see("u1", project=1)
    person = world.delete("u1")
    asked = world.time

    assert world.deletions.drain() == Drained(1, 1, 0, 2)

    assert world.names() == ["u2"]
    assert world.names(1) == ["u1"]
    (receipt,) = world.queue()
    assert receipt.status is DeletionStatus.COMPLETED
    assert (receipt.request.key, receipt.request.by, receipt.request.at) == (str(person.uuid), BY, asked)
    assert (receipt.events_deleted, receipt.events_left, receipt.request.distinct_ids) == (2, 0, ())
    assert receipt.content_hash not in (None, "0" * 64)
    assert receipt.verified_at
    assert receipt.purged_at
    assert asked < receipt.verified_at < receipt.purged_at
    assert world.deletions.drain() == Drained()


def test_nothing_of_the_person_is_left_and_of_those_that_were_merged_into_it(world: World) -> None:
    world.see("secret-a", plan="secret-1")
    world.see("secret-b", plan="secret-2", city="secret-3")
    for name in ("secret-a", "secret-b"):
        other = world.person(name)
        assert other
        world.edits.set_properties(other.project_id, other.id, {"email": f"{name}@x.io"}, by=BY)
        world.edits.unset_properties(other.project_id, other.id, ["plan"], by=BY)
    world.alias("secret-a", "secret-b")
    world.alias("secret-a", "secret-c")
    world.see("other", plan="stays")
    world.delete("secret-a")

    assert world.deletions.drain().verified == 1

    assert "secret" not in world.everything()
    assert "stays" in world.everything()
    with world.begin(write=False) as work:
        entries = [one.entry.activity for one in work.activity.page(ActivityQuery(1, ["Person"]), limit=100)]
    assert sorted(entries) == ["delete_property", "delete_property", "deleted", "updated", "updated"]


def test_who_uses_an_id_again_is_somebody_new_and_is_not_swept_away(world: World) -> None:
    world.see("u1", "u1", plan="ancient")
    world.delete("u1")
    world.see("u1", plan="new")
    world.see("x", "x")
    world.alias("u1", "x")  # whose earlier events are the new person's now

    assert world.deletions.drain() == Drained(1, 1, 0, 2)

    assert world.names() == ["u1", "u1", "x", "x"]
    person = world.person("u1")
    assert person
    assert person.properties["plan"] == "new"
    with world.begin(write=False) as work:
        versions = list(work.persons.history(person.project_id, person.uuid, person.version))
    assert any(one.set_properties.get("plan") == "new" for one in versions)
    assert "ancient" not in world.everything()


def test_of_a_person_that_is_kept_only_what_was_stored_before_goes(world: World) -> None:
    world.see("u1", plan="ancient")
    world.see("u1", plan="now", city="Rome")
    person = world.delete("u1", keep_person=True)
    world.see("u1", city="Oslo")

    assert world.deletions.drain() == Drained(1, 1, 0, 2)

    assert world.names() == ["u1"]
    after = world.person("u1")
    assert after
    assert (after.id, after.properties["plan"], after.properties["city"]) == (person.id, "now", "Oslo")
    assert "ancient" not in world.everything()
    with world.begin(write=False) as work:
        before, now = work.persons.history(after.project_id, after.uuid, after.version)
    assert (before.snapshot, before.version, before.set_properties["city"]) == (True, person.version, "Rome")
    assert now.set_properties == {"city": "Oslo"}


def test_ids_that_were_split_off_before_are_somebody_elses(world: World) -> None:
    world.see("u1", plan="p")
    world.alias("u1", "u2")
    world.see("u2")
    person = world.person("u1")
    assert person
    world.edits.split(person.project_id, person.id, only=["u2"], by=BY)
    world.delete("u1")
    world.deletions.drain()
    assert world.names() == ["u2"]
    assert world.person("u2")


def test_a_person_without_ids_is_erased_too(world: World) -> None:
    world.see("u1")
    person = world.person("u1")
    assert person
    world.edits.split(person.project_id, person.id, only=["u1"], by=BY)
    world.edits.set_properties(person.project_id, person.id, {"plan": "p"}, by=BY)
    world.edits.delete(person.project_id, person.id, delete_events=True, by=BY)
    assert world.deletions.drain() == Drained(1, 1, 0, 1)
    assert world.names() == ["u1"]


def test_a_request_that_is_extended_while_it_is_carried_out_waits_for_the_next_drain(world: World) -> None:
    world.see("u1")
    world.delete("u1", keep_person=True)
    world.see("u1", "u1")

    erase = world.events.erase

    def extend(*args: Any) -> int:
        world.events.__dict__["erase"] = erase
        world.delete("u1", keep_person=True)
        return erase(*args)

    world.events.__dict__["erase"] = extend
    assert world.deletions.drain() == Drained(1, 0, 1, 1)
    assert world.deletions.drain() == Drained(1, 1, 0, 2)
    assert world.queue()[0].events_deleted == 3


def test_what_was_half_erased_when_a_request_was_extended_counts_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "ROUND", 2)
    world.see("u1", "u1", "u1", "u1")
    world.delete("u1", keep_person=True)
    erase = world.events.erase

    def end(*args: Any) -> int:
        erase(*args)
        raise Crash

    world.events.__dict__["erase"] = end
    with pytest.raises(Crash):
        world.deletions.drain()
    del world.events.__dict__["erase"]
    world.start()
    world.see("u1")
    world.delete("u1", keep_person=True)

    assert world.deletions.drain() == Drained(1, 1, 0, 3)

    assert world.queue()[0].events_deleted == 5


def test_what_a_recount_finds_keeps_a_request_waiting(world: World) -> None:
    world.see("u1")
    world.delete("u1")
    world.events.__dict__["erase"] = lambda *_: 0
    assert world.deletions.drain() == Drained(1, 0, 1, 0)
    (waiting,) = world.queue()
    assert (waiting.status, waiting.events_left) == (DeletionStatus.PENDING, 1)
    del world.events.__dict__["erase"]
    assert world.deletions.drain() == Drained(1, 1, 0, 1)


def test_a_deleted_project_is_gone_with_all_it_had(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 2)
    world.see("gone-1", "gone-2", plan="gone-3")
    world.see("u1", project=1, plan="stays")
    world.delete("gone-1")
    world.accounts.delete_project(world.projects[0].id, by=BY)
    assert [one.id for one in world.accounts.projects()] == [world.projects[1].id]
    with pytest.raises(NotFound):
        world.accounts.delete_project(world.projects[0].id)

    assert world.deletions.drain() == Drained(2, 2, 0, 2)

    assert "gone" not in world.everything()
    assert world.names(1) == ["u1"]
    assert [one.events_left for one in world.queue(kind=None)] == [0, 0]
    with world.begin(write=False) as work:
        entry = work.activity.page(ActivityQuery(world.projects[1].id, ["Project"]), limit=10)[0]
    assert (entry.entry.activity, entry.entry.detail["name"], entry.entry.user_id) == ("deleted", "Shop", BY)


def test_a_request_can_be_taken_back_while_nothing_of_it_is_erased(world: World) -> None:
    world.see("u1", "u2")
    world.delete("u1")
    (waiting,) = world.queue()
    assert world.deletions.cancel(waiting.id, by=BY) == waiting
    assert world.deletions.drain() == Drained()
    assert world.names() == ["u1", "u2"]
    with pytest.raises(NotFound, match="no deletion"):
        world.deletions.cancel(waiting.id, by=BY)

    world.delete("u2")
    world.deletions.drain()
    with pytest.raises(Conflict, match="carried out"):
        world.deletions.cancel(world.queue()[0].id, by=BY)


def test_what_has_been_begun_cannot_be_taken_back_by_its_person_either(world: World) -> None:
    world.see("u1")
    world.delete("u1")
    (waiting,) = world.queue()
    with world.begin() as work:
        work.deletions.begin([replace(waiting, erased_until=waiting.request.at, events_deleted=1)])
        work.commit()
    with pytest.raises(Conflict, match="begun"):
        world.deletions.cancel_for(waiting.request.project_id, UUID(waiting.request.key))


def test_a_project_that_is_taken_back_is_there_again(world: World) -> None:
    world.see("u1")
    project = world.accounts.delete_project(world.projects[0].id)
    (waiting,) = world.queue(kind=DeletionKind.TEAM)
    world.deletions.cancel(waiting.id, by=None)
    assert project in world.accounts.projects()
    assert world.names() == ["u1"]


def test_groups_and_memberships_of_cohorts_are_deletions_too(world: World) -> None:
    project = world.projects[0].id
    world.capture(world.event("u1", **{"$groups": {"company": "acme"}}), world.event("u2"))
    with world.begin() as work:
        work.deletions.request(
            [
                DeletionRequest(project, DeletionKind.GROUP, "acme", world.time, None, group_type_index=0),
                DeletionRequest(project, DeletionKind.COHORT_FULL, "7_1", world.time, None),
            ]
        )
        work.commit()
    assert world.deletions.drain() == Drained(2, 2, 0, 1)
    assert world.names() == ["u2"]


def test_one_drain_at_a_time(world: World) -> None:
    world.see("u1")
    world.delete("u1")

    def again(_: Drained) -> None:
        with pytest.raises(Conflict, match="being drained already"):
            world.deletions.drain()

    assert world.deletions.drain(again).verified == 1


# --- crashes ------------------------------------------------------------------------------------------------


def a_busy_world() -> World:
    world = World()
    world.see("a", "a", "b", "c", "d", plan="p")
    world.alias("a", "b")
    world.delete("a")
    world.see("a", "d", plan="new")
    world.delete("c", keep_person=True)
    world.delete("d")
    world.see("z", project=1)
    world.accounts.delete_project(world.projects[1].id)
    return world


def timeless(world: World) -> str:
    state = world.begin.state
    for number, one in state.deletions.items():
        assert one.verified_at
        assert one.purged_at
        state.deletions[number] = Deletion(
            one.id, one.request, NOON, one.events_deleted, one.content_hash, None, one.events_left, NOON
        )
    return world.everything()


def drained_after(end: tuple[int, bool] | None) -> World:
    """Drained at once, or begun, ended there and drained again by another process."""
    world = a_busy_world()
    world.fate.steps = 0
    world.fate.end = end
    try:
        world.deletions.drain()
    except Crash:
        world.start()
        world.deletions.drain()
    return world


def test_wherever_a_drain_ends_the_next_one_leads_to_the_same_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "ROUND", 2)
    undisturbed = drained_after(None)
    steps = undisturbed.fate.steps
    assert steps > 10
    expected = timeless(undisturbed)
    for step in range(1, steps + 1):
        for after in (False, True):
            assert timeless(drained_after((step, after))) == expected, (step, after)


def test_each_file_is_compacted_once_even_if_the_first_attempt_fails(world: World) -> None:
    world.see("u1")
    world.delete("u1")
    world.fate.steps = 0

    def fail() -> None:
        raise Crash

    good = world.deletions._compact
    world.deletions._compact = [fail]
    with pytest.raises(Crash):
        world.deletions.drain()
    assert world.queue()[0].purged_at is None
    assert world.queue()[0].verified_at
    world.deletions._compact = good
    assert world.deletions.drain() == Drained()
    assert world.queue()[0].purged_at
