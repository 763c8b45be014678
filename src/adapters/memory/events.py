"""The event store in plain Python: every question is answered by looking at every event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ...domain.actors import ActorPage, ActorsQuestion
from ...domain.aggregation import Aggregation, Cell
from ...domain.conditions import text_of
from ...domain.erasure import Contents, Covered, OfGroup, OfPersons, contents, event_line
from ...domain.events import Event, Properties, StoredEvent
from ...domain.ports import PersonCopy, Projection, UnitOfWorkFactory
from ...domain.properties import FilterTree
from ...domain.timeline import Run, Span
from .aggregations import Answer
from .matching import ProjectEvents, check_tree
from .people import MemoryPeopleIndex, runs_of

_DAY = timedelta(days=1)


class MemoryEventStore:
    """Events, persons and holders in lists and dicts. Without `begin` every project is in UTC."""

    shared = False

    def __init__(self, begin: UnitOfWorkFactory | None = None) -> None:
        self._begin = begin
        self._events: list[StoredEvent] = []
        self._people: dict[tuple[int, UUID], PersonCopy] = {}
        self._holders: dict[tuple[int, str], UUID] = {}
        self._ids: dict[tuple[int, str], UUID] = {}
        self._groups: dict[tuple[int, int, str], Properties] = {}
        self._changes: Counter[int] = Counter()
        self._mark = 0
        self.people = MemoryPeopleIndex(self._people, self._holders, self._ids, self._zone)

    @contextmanager
    def turn(self) -> Iterator[int]:
        yield self._mark  # nobody else has it

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        return {
            (given.project_id, given.uuid)
            for given in events
            for stored in self._events
            if (stored.event.project_id, stored.event.uuid) == (given.project_id, given.uuid)
            and abs(stored.event.timestamp - given.timestamp) <= _DAY
        }

    def write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        if projection.mark == self._mark:
            return
        self._events = [*self._events, *events]
        self._mark = projection.mark or self._mark
        for person in projection.people:
            known = self._people.get((person.project_id, person.uuid))
            if known is None or known.version <= person.version:
                self._people[person.project_id, person.uuid] = person
        for gone in projection.gone:
            self._people.pop(gone, None)
        self._holders |= {(project, distinct_id): person for project, distinct_id, person in projection.holders}
        self._ids |= {(project, distinct_id): person for project, distinct_id, person in projection.ids}
        self._groups |= {(group.project_id, group.index, group.key): group.properties for group in projection.groups}
        self._changes.update(
            {one.event.project_id for one in events}
            | {person.project_id for person in projection.people}
            | {project for project, _ in projection.gone}
            | {project for project, _, _ in (*projection.holders, *projection.ids)}
            | {group.project_id for group in projection.groups}
        )

    def aggregate(self, aggregation: Aggregation) -> Sequence[Cell]:
        return Answer(self._project(aggregation.project_id), aggregation).cells()

    def actors(self, question: ActorsQuestion, *, limit: int, offset: int) -> ActorPage:
        rows = Answer(self._project(question.aggregation.project_id), question.aggregation).actors(question)
        return ActorPage(rows[offset : offset + limit], len(rows))

    def earliest(self, project_id: int, where: FilterTree) -> datetime | None:
        check_tree(where)
        project = self._project(project_id)
        return min((one.event.timestamp for one in project.events if project.holds(where, one)), default=None)

    def runs(self, span: Span, where: FilterTree, *, limit: int) -> Sequence[Run]:
        check_tree(where)
        project = self._project(span.project_id)
        found = [
            one
            for one in project.events
            if span.start <= one.event.timestamp <= span.end
            and project.actor(one, by_distinct_id=False) == str(span.person)
            and project.holds(where, one)
        ]
        return runs_of(found)[:limit]

    def squash(self, limit: int) -> int:
        return 0  # whom an event belongs to is looked up at no cost here

    def contents(self, covered: Covered) -> Sequence[Contents]:
        parts = len(covered.parts) if isinstance(covered, OfPersons) else 1
        lines: list[list[bytes]] = [[] for _ in range(parts)]
        for one in self._events:
            place = _place(covered, one)
            if place is not None:
                event = one.event
                text = text_of(event.properties) or ""
                lines[place].append(event_line(event.uuid, event.name, event.distinct_id, event.timestamp, text))
        return [contents(each) for each in lines]

    def erase(self, covered: Covered, limit: int) -> int:
        gone = [one for one in self._events if _place(covered, one) is not None][:limit]
        self._events = [one for one in self._events if one not in gone]
        self._changes.update({one.event.project_id for one in gone})
        return len(gone)

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> Collection[str]:
        used = {one.event.distinct_id for one in self._events if one.event.project_id == project_id}
        for unused in (forgotten := set(distinct_ids) - used):
            self._ids.pop((project_id, unused), None)
            self._holders.pop((project_id, unused), None)
        return forgotten

    def forget_project(self, project_id: int) -> None:
        for whose in [key for key in self._people if key[0] == project_id]:
            del self._people[whose]
        for group in [key for key in self._groups if key[0] == project_id]:
            del self._groups[group]
        for known in (self._ids, self._holders):
            for key in [key for key in known if key[0] == project_id]:
                del known[key]

    def compact(self) -> None:
        """There are no files."""

    def count_before(self, project_id: int, before: datetime) -> int:
        return len(self._before(project_id, before))

    def remove_before(self, project_id: int, before: datetime, limit: int) -> int:
        removed = sorted(self._before(project_id, before), key=lambda one: one.event.timestamp)[:limit]
        ids = {id(one) for one in removed}
        self._events = [one for one in self._events if id(one) not in ids]
        self._changes[project_id] += bool(removed)
        return len(removed)

    def revision(self, project_id: int) -> int:
        return self._changes[project_id]

    def close(self) -> None:
        """There is nothing to let go of."""

    def _before(self, project_id: int, before: datetime) -> list[StoredEvent]:
        return [one for one in self._events if one.event.project_id == project_id and one.event.timestamp < before]

    def _project(self, project_id: int) -> ProjectEvents:
        return ProjectEvents(
            [one for one in self._events if one.event.project_id == project_id],
            {
                uuid: orjson.loads(one.properties_json)
                for (project, uuid), one in self._people.items()
                if project == project_id
            },
            {distinct_id: uuid for (project, distinct_id), uuid in self._holders.items() if project == project_id},
            {(index, key): group for (project, index, key), group in self._groups.items() if project == project_id},
            self._zone(project_id),
        )

    def _zone(self, project_id: int) -> ZoneInfo:
        if self._begin is None:
            return ZoneInfo("UTC")
        with self._begin(write=False) as work:
            project = work.accounts.project(project_id)
        return ZoneInfo(project.timezone if project else "UTC")


def _place(covered: Covered, one: StoredEvent) -> int | None:
    """Which part of what is covered an event is in, None if in none."""
    if not isinstance(covered, OfPersons):
        meets = not isinstance(covered, OfGroup) or one.groups.get(covered.index) == covered.key
        return 0 if meets and one.event.project_id == covered.project_id else None
    for place, part in enumerate(covered.parts):
        if (
            part.project_id == one.event.project_id
            and one.event.distinct_id in part.distinct_ids
            and one.created_at <= part.until
        ):
            return place
    return None
