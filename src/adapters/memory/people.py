"""Persons found by looking at each, and what was stored alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ...domain.conditions import lower, text_of
from ...domain.errors import InvalidInput
from ...domain.events import PersonMode, Properties, StoredEvent
from ...domain.people_index import FoundPage
from ...domain.population import Id
from ...domain.ports import PersonCopy, PersonQuery, Position
from ...domain.properties import FilterTree, Operand, Source, matches
from ...domain.timeline import Run
from ...domain.uuids import parse_uuid


class MemoryPeopleIndex:
    """The copies of an event store's persons, and who got and who holds which distinct id."""

    def __init__(
        self,
        people: Mapping[tuple[int, UUID], PersonCopy],
        holders: Mapping[Id, UUID],
        ids: Mapping[Id, UUID],
        zone: Callable[[int], ZoneInfo],
    ) -> None:
        self._people = people
        self._holders = holders
        self._ids = ids
        self._zone = zone

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> FoundPage:
        places = (Position(one.created_at, one.id) for one in self._matching(query))
        return FoundPage.of(places, limit, offset, after)

    def count(self, query: PersonQuery) -> int:
        return len(self._matching(query))

    def counts(self, project_id: int, wheres: Sequence[FilterTree]) -> Sequence[int]:
        return [self.count(PersonQuery(project_id, where=where)) for where in wheres]

    def uuids(self, query: PersonQuery, *, limit: int) -> Sequence[UUID]:
        return [one.uuid for one in self._matching(query)][:limit]

    def ids(self, query: PersonQuery, *, limit: int | None = None) -> Sequence[int]:
        return [one.id for one in self._matching(query)][:limit]

    def values(self, project_id: int, key: str, *, part: str, limit: int) -> Sequence[tuple[str, int]]:
        texts = (text_of(_properties(one).get(key)) for one in self._of(project_id))
        counts = Counter(text for text in texts if text and lower(part) in lower(text))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0].encode()))[:limit]

    def _of(self, project_id: int) -> list[PersonCopy]:
        return [one for (project, _), one in self._people.items() if project == project_id]

    def _matching(self, query: PersonQuery) -> list[PersonCopy]:
        found = [one for one in self._of(query.project_id) if self._matches(one, query)]
        return sorted(found, key=_place, reverse=True)

    def _matches(self, person: PersonCopy, query: PersonQuery) -> bool:
        properties = _properties(person)

        def read(operand: Operand) -> str | None:
            if operand.source is not Source.PERSON:
                _refuse(operand)
            return text_of(properties.get(operand.key))

        if query.distinct_id is not None and query.distinct_id not in self._held_by(person):
            return False
        if query.email is not None and text_of(properties.get("email")) != query.email:
            return False
        if query.search is not None and not self._is_found(person, properties, query.search):
            return False
        if query.updated_after is not None and person.updated_at <= query.updated_after:
            return False
        return query.where is None or matches(
            query.where,
            read=read,
            in_cohort=_refuse,
            evaluate=_refuse,
            is_one_of=lambda uuids: uuids is None or person.uuid in uuids,
            zone=self._zone(query.project_id),
        )

    def _is_found(self, person: PersonCopy, properties: Properties, search: str) -> bool:
        texts = (text_of(properties.get("email")), text_of(properties.get("name")), *self._held_by(person))
        return parse_uuid(search) == person.uuid or any(text and lower(search) in lower(text) for text in texts)

    def _held_by(self, person: PersonCopy) -> list[str]:
        return [
            key[1]
            for key, uuid in self._ids.items()
            if key[0] == person.project_id and self._holders.get(key, uuid) == person.uuid
        ]


def runs_of(found: Sequence[StoredEvent]) -> list[Run]:
    """Events in the order of time, those that were stored alike as one."""
    ordered = sorted(found, key=lambda one: (one.event.timestamp, one.created_at, one.event.uuid))
    runs = []
    for (person, version, has_person, set_properties), alike in groupby(ordered, _stored):
        events = list(alike)
        value = orjson.loads(set_properties or b"{}")
        own = value if isinstance(value, dict) else {}
        runs.append(Run(events[0].event.timestamp, len(events), person, version, has_person, own))
    return runs


def _stored(one: StoredEvent) -> tuple[UUID, int, bool, bytes | None]:
    has_person = one.person_mode is PersonMode.FULL and one.person_created_at is not None
    own = one.event.properties.get("$set")
    return one.person_id, one.person_version, has_person, orjson.dumps(own) if has_person and own is not None else None


def _properties(person: PersonCopy) -> Properties:
    properties: Properties = orjson.loads(person.properties_json)
    return properties


def _place(person: PersonCopy) -> tuple[datetime, int]:
    return person.created_at, person.id


def _refuse(_: object) -> NoReturn:
    raise InvalidInput("This filter does not work on persons.", "properties")
