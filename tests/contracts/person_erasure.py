"""What every relational store promises of erasing: a subclass gives the fixture `begin`, units of work on an empty
store, and `dump`, all that the store holds as one text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.domain.accounts import Project
from hedgerow.domain.activity_log import ActivityQuery
from hedgerow.domain.deletions import DeletionKind, DeletionQuery
from hedgerow.domain.persons import Person
from hedgerow.domain.ports import PersonQuery, UnitOfWorkFactory
from hedgerow.services.accounts import AccountService
from hedgerow.services.capture import CaptureService
from hedgerow.services.deletions import DeletionService, Drained
from hedgerow.services.people import PeopleWriter
from hedgerow.services.person_edits import PersonEditor

from tests.builders import NOON, an_event

Dump = Callable[[], str]


class Shop:
    """A project whose events are captured, on a clock that moves with every look at it."""

    def __init__(self, begin: UnitOfWorkFactory) -> None:
        self.begin = begin
        self.events = MemoryEventStore()
        self.time = NOON
        people = PeopleWriter(begin, self.events)
        self.accounts = AccountService(begin, self.clock)
        self.project: Project = self.accounts.create_project("Shop")
        self.by = self.accounts.create_user("owner@example.com").id
        self.capturing = CaptureService(begin, self.events, people, self.clock, lambda _: None)
        self.edits = PersonEditor(people, self.clock)
        self.deletions = DeletionService(begin, self.clock, people, self.events)

    def clock(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    def see(self, distinct_id: str, name: str = "seen", /, **properties: Any) -> None:
        event = an_event(name, distinct_id, properties, at=self.time, project_id=self.project.id)
        self.capturing.store([(self.project, [event])])

    def person(self, distinct_id: str) -> Person:
        with self.begin(write=False) as work:
            (person,) = work.persons.page(PersonQuery(self.project.id, distinct_id=distinct_id), limit=2).rows
        return person

    def delete(self, distinct_id: str, *, keep_person: bool = False) -> Person:
        person = self.person(distinct_id)
        self.edits.delete(self.project.id, person.id, keep_person=keep_person, delete_events=True, by=self.by)
        return person


class PersonErasureContract:
    """See the module."""

    def test_nothing_of_a_person_and_of_those_it_took_over_is_left(self, begin: UnitOfWorkFactory, dump: Dump) -> None:
        shop = Shop(begin)
        for name in ("secret-a", "secret-b", "secret-c"):
            shop.see(name, **{"$set": {"plan": f"{name}-plan"}})
            person = shop.person(name)
            shop.edits.set_properties(shop.project.id, person.id, {"plan": f"{name}-pro"}, by=shop.by)
        shop.see("secret-b", "$create_alias", alias="secret-c")
        shop.see("secret-a", "$merge_dangerously", alias="secret-b")
        shop.see("stays", **{"$set": {"plan": "stays-too"}})
        assert "secret" in dump()
        shop.delete("secret-a")

        assert shop.deletions.drain() == Drained(1, 1, 0, 8)

        assert "secret" not in dump()
        assert "stays-too" in dump()
        with begin(write=False) as work:
            entries = work.activity.page(ActivityQuery(shop.project.id, ["Person"]), limit=10)
        assert [one.entry.activity for one in entries] == ["deleted", "updated", "updated", "updated"]
        assert {one.entry.user_id for one in entries} == {shop.by}

    def test_who_came_anew_keeps_the_id_and_the_history(self, begin: UnitOfWorkFactory, dump: Dump) -> None:
        shop = Shop(begin)
        shop.see("u1", **{"$set": {"plan": "secret"}})
        old = shop.delete("u1")
        shop.see("u1", **{"$set": {"plan": "new"}})
        shop.see("u1", **{"$set": {"plan": "newer"}})

        assert shop.deletions.drain() == Drained(1, 1, 0, 1)

        assert "secret" not in dump()
        person = shop.person("u1")
        assert (person.uuid, person.properties["plan"]) == (old.uuid, "newer")
        with begin(write=False) as work:
            plans = [one.set_properties.get("plan") for one in work.persons.history(shop.project.id, old.uuid, 10**6)]
        assert plans == ["new", "newer"]

    def test_who_is_kept_begins_with_what_it_was(self, begin: UnitOfWorkFactory, dump: Dump) -> None:
        shop = Shop(begin)
        shop.see("u1", **{"$set": {"plan": "secret", "city": "Rome"}})
        shop.see("u1", **{"$set": {"plan": "pro"}, "$unset": ["city"]})
        person = shop.delete("u1", keep_person=True)
        shop.see("u1", **{"$set": {"plan": "new"}})

        assert shop.deletions.drain() == Drained(1, 1, 0, 2)

        assert "secret" not in dump()
        with begin(write=False) as work:
            first, second = work.persons.history(shop.project.id, person.uuid, 10**6)
        assert (first.snapshot, first.version, first.set_properties["plan"]) == (True, person.version, "pro")
        assert "city" not in first.set_properties
        assert second.set_properties == {"plan": "new"}
        assert shop.person("u1").id == person.id

    def test_of_a_deleted_project_nothing_is_left_but_receipts(self, begin: UnitOfWorkFactory, dump: Dump) -> None:
        shop = Shop(begin)
        other = shop.accounts.create_project("Other")
        shop.see("secret-1", **{"$set": {"plan": "secret-2"}, "$groups": {"company": "secret-3"}})
        shop.edits.set_properties(shop.project.id, shop.person("secret-1").id, {"plan": "secret-4"}, by=shop.by)
        deleted = shop.accounts.delete_project(shop.project.id, by=shop.by)
        assert deleted == shop.project
        with begin(write=False) as work:
            assert work.accounts.project(shop.project.id) is None
            assert work.accounts.project_by_token(shop.project.api_token) is None
            assert work.accounts.projects() == [other]

        assert shop.deletions.drain() == Drained(1, 1, 0, 2)

        assert "secret" not in dump()
        assert shop.project.api_token not in dump()
        (receipt,) = shop.deletions.page(DeletionQuery(shop.project.id, kind=DeletionKind.TEAM), limit=10).rows
        assert (receipt.events_deleted, receipt.events_left, receipt.request.by) == (2, 0, shop.by)
        with begin() as work:
            assert work.accounts.restore_project(shop.project.id) is None
            assert work.accounts.erase_project(other.id, 100) == 0
            assert work.accounts.projects() == [other]

    def test_a_deleted_project_can_be_brought_back(self, begin: UnitOfWorkFactory) -> None:
        shop = Shop(begin)
        shop.see("u1")
        shop.accounts.delete_project(shop.project.id)
        (waiting,) = shop.deletions.page(DeletionQuery(None, kind=None), limit=10).rows
        shop.deletions.cancel(waiting.id, by=shop.by)
        assert shop.accounts.project(shop.project.id) == shop.project
        assert shop.person("u1").distinct_ids == ("u1",)
        assert shop.deletions.drain() == Drained()

    def test_ids_that_somebody_holds_are_not_forgotten(self, begin: UnitOfWorkFactory, dump: Dump) -> None:
        shop = Shop(begin)
        shop.see("held")
        shop.see("unheld", **{"$process_person_profile": False})
        with begin() as work:
            work.persons.clear(1000)  # the events themselves, which have been applied
            work.persons.forget_ids(shop.project.id, ["held", "unheld", "unheard"])
            work.persons.forget_ids(shop.project.id, [])
            work.commit()
        assert shop.person("held").distinct_ids == ("held",)
        assert "unheld" not in dump()
