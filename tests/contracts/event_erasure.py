"""What every event store promises of erasing: the covered events go, and nothing else does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hedgerow.domain.erasure import (
    Contents,
    Covered,
    OfGroup,
    OfIds,
    OfPersons,
    OfProject,
    contents,
    event_line,
)
from hedgerow.domain.events import StoredEvent
from hedgerow.domain.groups import Group
from hedgerow.domain.ports import EventStore, PersonQuery, Projection

from .event_store import ANN, BEN, NOTHING, a_person, day, stored

NOON = day(5)


def kept(at: datetime, distinct_id: str = "ann", *, timestamp: datetime | None = None, **more: object) -> StoredEvent:
    """An event that was stored then."""
    return stored(timestamp or at, distinct_id, **more)._replace(created_at=at)  # type: ignore[arg-type]


def total(store: EventStore, project_id: int = 1) -> int:
    """How many events a project has."""
    return store.contents(OfProject(project_id))[0].events


def of(*ids: str, until: datetime = NOON, project_id: int = 1) -> OfIds:
    return OfIds(project_id, ids, until)


def hold(events: Sequence[StoredEvent], texts: Sequence[str]) -> Contents:
    """What is to be told of events whose properties are kept as these texts."""
    return contents(
        event_line(one.event.uuid, one.event.name, one.event.distinct_id, one.event.timestamp, text)
        for one, text in zip(events, texts, strict=True)
    )


class EventErasureCases(ABC):
    """See the module."""

    @abstractmethod
    def store(self) -> object:
        """An empty event store."""

    def test_the_events_of_ids_that_were_stored_in_time_go_whenever_they_happened(self, store: EventStore) -> None:
        late = NOON + timedelta(microseconds=1)
        gone = [kept(day(1)), kept(NOON, "ann2", timestamp=day(30, 24 * 3650)), kept(NOON, timestamp=day(1))]
        stays = [kept(late, timestamp=day(1)), kept(day(1), "ben"), kept(day(1), project_id=2)]
        store.write([*gone, *stays], NOTHING)
        covered = OfPersons([of("ann", "ann2")])
        assert store.contents(covered) == [hold(gone, ["{}"] * 3)]
        before = store.revision(1), store.revision(2)

        assert store.erase(covered, 100) == 3

        assert store.contents(covered) == [Contents()]
        assert (total(store), total(store, 2)) == (2, 1)
        assert store.revision(1) != before[0]
        assert store.revision(2) == before[1]

    def test_erasing_goes_on_where_it_stopped(self, store: EventStore) -> None:
        store.write([kept(day(1), name) for name in ("ann", "ann", "ben", "ann", "cleo")], NOTHING)
        covered = OfPersons([of("ann"), of("ben", "ann")])

        assert [store.erase(covered, 3) for _ in range(3)] == [3, 1, 0]

        assert total(store) == 1

    def test_what_several_persons_cover_counts_for_the_first(self, store: EventStore) -> None:
        ann, shared, ben = kept(day(1), a="ü"), kept(day(2), "both", b=[1.5, None]), kept(day(3), "ben")
        late = kept(day(4), "both")
        store.write([ann, shared, ben, late], NOTHING)
        parts = [of("ann", "both", until=day(3)), of("both", "ben")]
        first, second = store.contents(OfPersons(parts))
        assert first == hold([ann, shared], ['{"a":"ü"}', '{"b":[1.5,null]}'])
        assert second == hold([late, ben], ["{}", "{}"])

    def test_few_events_among_many_are_all_found(self, store: EventStore) -> None:
        places = (0, 2_047, 2_048, 7_000, 7_999)
        events = [kept(day(1), "ann" if place in places else "ben", place=place) for place in range(8_000)]
        store.write(events, NOTHING)
        gone = [events[place] for place in places]
        covered = OfPersons([of("ann")])
        assert store.contents(covered) == [hold(gone, [f'{{"place":{place}}}' for place in places])]
        assert store.erase(covered, 100) == len(places)
        assert (store.contents(covered), total(store)) == ([Contents()], 7_995)

    def test_parts_add_up(self, store: EventStore) -> None:
        events = [kept(day(number)) for number in (1, 2, 3)]
        store.write(events, NOTHING)
        whole = store.contents(OfPersons([of("ann")]))[0]
        assert hold(events[:1], ["{}"]) + hold(events[1:], ["{}"] * 2) == whole
        assert Contents() + whole == whole

    @pytest.mark.parametrize(
        ("covered", "left"), [(OfProject(1), 0), (OfGroup(1, 2, "acme"), 2), (OfPersons([]), 3), (OfProject(3), 3)]
    )
    def test_groups_and_projects_are_covered_whenever_stored(
        self, store: EventStore, covered: Covered, left: int
    ) -> None:
        store.write(
            [kept(day(20), groups={2: "acme"}), kept(day(1), groups={1: "acme"}), kept(day(1), groups={2: "other"})],
            NOTHING,
        )
        store.write([kept(day(1), project_id=2, groups={2: "acme"})], NOTHING)
        found = sum(one.events for one in store.contents(covered))
        assert found == store.erase(covered, 100) == 3 - left
        assert (total(store), total(store, 2)) == (left, 1)

    def test_ids_without_events_are_forgotten(self, store: EventStore) -> None:
        has = [(1, "ann", ANN), (1, "used", ANN), (1, "ben", BEN), (2, "ann", ANN)]
        people = [a_person(ANN), a_person(BEN), a_person(ANN, project_id=2)]
        store.write([kept(day(1), "used")], Projection(people, holders=has[:2], ids=has))

        assert set(store.forget_ids(1, ["ann", "used", "unheard"])) == {"ann", "unheard"}

        assert self.holds(store, "ann") == 0
        assert self.holds(store, "used") == self.holds(store, "ben") == self.holds(store, "ann", 2) == 1
        assert set(store.forget_ids(1, [])) == set()

    def test_a_projects_persons_are_forgotten(self, store: EventStore) -> None:
        for project in (1, 2):
            store.write([], Projection([a_person(ANN, project_id=project)], ids=[(project, "ann", ANN)]))

        store.forget_project(1)

        assert (self.holds(store, "ann"), self.holds(store, "ann", 2)) == (0, 1)
        assert store.people.count(PersonQuery(1)) == 0  # type: ignore[attr-defined]

    def test_answers_stay_when_the_files_are_compacted(self, store: EventStore) -> None:
        people = Projection(
            [a_person(ANN, plan="pro")],
            ids=[(1, "ann", ANN)],
            holders=[(1, "old", ANN)],
            groups=[Group(1, 0, "acme", {"size": 5})],
        )
        store.write([kept(day(1)), kept(day(2), "old", person=BEN), kept(day(3), "ben")], people)
        store.erase(OfPersons([of("ben")]), 100)
        store.compact()
        assert (total(store), self.holds(store, "ann")) == (2, 1)
        store.write([kept(day(4))], Projection([a_person(ANN, 2, plan="free")], ids=[(1, "new", ANN)]))
        store.compact()
        assert (total(store), self.holds(store, "new")) == (3, 1)

    def holds(self, store: EventStore, distinct_id: str, project_id: int = 1) -> int:
        """How many persons have an id."""
        found: int = store.people.count(PersonQuery(project_id, distinct_id=distinct_id))  # type: ignore[attr-defined]
        return found
