"""Small worlds of persons and events for trends, and a way to ask about them as a client does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from hedgerow.adapters.answers import ProcessAnswerCache
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.accounts import Project
from hedgerow.domain.cohorts import Cohort
from hedgerow.domain.events import Event, JsonValue, PersonMode, StoredEvent
from hedgerow.domain.groups import Group
from hedgerow.domain.persons import Person
from hedgerow.domain.ports import EventStore, PersonCopy, Projection
from hedgerow.domain.saved_actions import SavedAction, read_steps
from hedgerow.domain.trend_breakdowns import DEFAULT_LIMIT
from hedgerow.domain.trend_requests import trends_query_of
from hedgerow.domain.trends_query import parse_trends_query
from hedgerow.entrypoints.trend_answers import series_bodies
from hedgerow.services.trends import TrendResult, TrendService

from tests.builders import a_copy

_NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
_MADE = datetime(2010, 1, 1, tzinfo=UTC)
# Every other one, so that the next is that of a stranger.
_IDS = count(1, 2)


def a_project(**settings: Any) -> Project:
    """A new project in UTC whose weeks start on Sunday, unless said otherwise."""
    project_id = next(_IDS)
    made = Project(
        id=project_id,
        uuid=UUID(int=project_id),
        name="Hedge",
        api_token=f"phc_{project_id}",
        timezone="UTC",
        week_start_day=0,
        created_at=_MADE,
        updated_at=_MADE,
    )
    return replace(made, **settings)


def instant(text: str, zone: str = "UTC") -> datetime:
    """`2020-01-09 12:00`, in the zone unless it says an offset."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


@dataclass
class World:
    """What happened in a project: filled event by event, stored with the first question."""

    store: EventStore
    project: Project = field(default_factory=a_project)
    begin: MemoryUnitOfWorkFactory = field(default_factory=MemoryUnitOfWorkFactory)
    _holder: dict[str, UUID] = field(default_factory=dict)
    _events: list[StoredEvent] = field(default_factory=list)
    _people: list[PersonCopy] = field(default_factory=list)
    _groups: list[Group] = field(default_factory=list)
    _holders: list[tuple[int, str, UUID]] = field(default_factory=list)
    _written: int = 0

    def person(self, *distinct_ids: str, **properties: JsonValue) -> UUID:
        """A person who holds these ids."""
        uuid = self._pseudo(distinct_ids[0])
        self._holder |= dict.fromkeys(distinct_ids, uuid)
        self._people.append(a_copy(self.project.id, uuid, properties))
        return uuid

    def group(self, index: int, key: str, **properties: JsonValue) -> None:
        """A group with these properties."""
        self._groups.append(Group(self.project.id, index, key, properties))

    def move(self, distinct_id: str, person: UUID) -> None:
        """From now on the id, with all its past events, is that person's."""
        self._holder[distinct_id] = person
        self._holders.append((self.project.id, distinct_id, person))

    def event(self, name: str, at: str, distinct_id: str, **properties: JsonValue) -> None:
        """An event; its time is local, and `group_0` stands for `$group_0`, `session_id` for `$session_id`."""
        named = {
            f"${key}" if key.startswith("group_") or key == "session_id" else key: value
            for key, value in properties.items()
        }
        self.event_of(name, at, distinct_id, named)

    def event_of(
        self, name: str, at: str, distinct_id: str, properties: Mapping[str, JsonValue], project_id: int | None = None
    ) -> None:
        """An event with properties of any name, maybe in another project."""
        self._written += 1
        when = instant(at, self.project.timezone)
        event = Event(
            project_id=project_id or self.project.id,
            uuid=uuid5(_NAMESPACE, f"{self.project.id} {self._written}"),
            name=name,
            distinct_id=distinct_id,
            timestamp=when,
            properties=dict(properties),
        )
        groups = {index: str(properties[f"$group_{index}"]) for index in range(5) if f"$group_{index}" in properties}
        person = self._holder.get(distinct_id) or self._pseudo(distinct_id)
        self._events.append(StoredEvent(event, person, 1, when, PersonMode.FULL, when, groups))

    def action(self, name: str, *steps: Mapping[str, JsonValue]) -> int:
        """The id of a new action."""
        read = read_steps(list(steps), self.project)
        with self.begin() as work:
            action = work.actions.add(SavedAction(0, self.project.id, name, "", (), read, False, _MADE, None))
            work.commit()
        return action.id

    def cohort(self, name: str, *filters: JsonValue, members: Collection[UUID] = ()) -> int:
        """The id of a new cohort: of those who meet the filters, or else of these members."""
        group: dict[str, JsonValue] = {"properties": {"type": "AND", "values": list(filters)}}
        new = Cohort(0, self.project.id, name, "", not filters, group if filters else {}, False, _MADE, None)
        with self.begin() as work:
            cohort = work.cohorts.add(new)
            work.commit()
        state = self.begin.state
        for uuid in members:
            number = state.next_id("persons")
            state.persons[number] = Person(number, self.project.id, uuid, {}, _MADE, False, 1, None, ())
            state.members[cohort.id, number] = None
        return cohort.id

    def ask(
        self, request: Mapping[str, Any], now: str = "2020-01-05T00:00:00Z", limit: int = DEFAULT_LIMIT
    ) -> TrendResult:
        """The trend that a request to `insights/trend` asks for, at a time."""
        self.store_all()
        offset = int(request.get("offset", 0))
        query = parse_trends_query(trends_query_of(request), self.project, limit=limit, offset=offset)
        service = TrendService(
            self.begin, self.store, ProcessAnswerCache(), lambda: instant(now, self.project.timezone)
        )
        return service.run(self.project, query)

    def store_all(self) -> None:
        """Store what happened since the last time."""
        if self._events or self._people or self._holders or self._groups:
            self.store.write(self._events, Projection(self._people, holders=self._holders, groups=self._groups))
        self._events, self._people, self._holders, self._groups = [], [], [], []

    def rows(self, request: Mapping[str, Any], now: str = "2020-01-05T00:00:00Z") -> list[dict[str, Any]]:
        """The rows of the answer as JSON."""
        return series_bodies(self.ask(request, now))

    def _pseudo(self, distinct_id: str) -> UUID:
        return uuid5(_NAMESPACE, f"{self.project.id}:{distinct_id}")
