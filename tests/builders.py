"""What tests are about, with defaults for everything that they are not about."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from hedgerow.domain import identity
from hedgerow.domain.events import Event, Properties, StoredEvent
from hedgerow.domain.normalisation import IngestionWarning
from hedgerow.domain.persons import person_uuid
from hedgerow.domain.population import Holder, Id, Population, Profile, Revision
from hedgerow.domain.ports import PersonCopy

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def an_event(
    name: str = "viewed",
    distinct_id: str = "u1",
    properties: Properties | None = None,
    *,
    at: datetime = NOON,
    project_id: int = 1,
    uuid: UUID | None = None,
    **more: Any,
) -> Event:
    """A normalised event. Further arguments are properties whose names begin with `$`, without it."""
    properties = {**(properties or {}), **{f"${key}": value for key, value in more.items()}}
    return Event(project_id, uuid or uuid4(), name, distinct_id, at, properties)


def a_copy(
    project_id: int,
    uuid: UUID,
    properties: Properties,
    *,
    version: int = 1,
    id: int = 1,
    created_at: datetime = NOON,
    updated_at: datetime = NOON,
) -> PersonCopy:
    """What an event store is told of a person."""
    return PersonCopy(project_id, uuid, version, orjson.dumps(properties), id, created_at, updated_at)


class People:
    """Persons kept from batch to batch as plainly as a repository could, and the events stored with them.

    `at_event` are the properties the person of each stored event had after it, None without a person.
    """

    def __init__(self) -> None:
        self.profiles: dict[int, Profile] = {}
        self.ids: dict[Id, tuple[int | None, bool]] = {}
        self.events: list[StoredEvent] = []
        self.at_event: list[Properties | None] = []
        self.overrides: dict[Id, UUID] = {}
        self.went: dict[UUID, UUID] = {}
        self.revisions: list[Revision] = []
        self.group_types: dict[int, dict[str, int]] = defaultdict(dict)
        self.groups: dict[tuple[int, int, str], Properties] = {}
        self.warnings: list[IngestionWarning] = []
        self._numbers = itertools.count(1)

    def capture(self, *events: Event, update_all: bool = False) -> list[StoredEvent]:
        """Store events as one batch."""
        population = self._load({(event.project_id, one) for event in events for one in identity.ids_of(event)})
        stored = []
        for event in events:
            one = identity.process(event, population, now=NOON, warn=self.warnings.append, update_all=update_all)
            if one is None:
                continue
            stored.append(one)
            profile = population.find(event.project_id, event.distinct_id)
            self.at_event.append(dict(profile.properties) if profile else None)
        self._save(population)
        self.events += stored
        return stored

    def find(self, distinct_id: str, project_id: int = 1) -> Profile | None:
        """Who holds an id."""
        number, _ = self.ids.get((project_id, distinct_id), (None, False))
        return None if number is None else self.profiles[number]

    def __getitem__(self, distinct_id: str) -> Profile:
        profile = self.find(distinct_id)
        assert profile is not None, f"nobody holds {distinct_id}"
        return profile

    def ids_of(self, profile: Profile) -> set[str]:
        return {distinct_id for (_, distinct_id), (number, _) in self.ids.items() if number == profile.id}

    def owner(self, stored: StoredEvent) -> UUID:
        """Whose event it is for a reader now."""
        event = stored.event
        return self.overrides.get((event.project_id, event.distinct_id), stored.person_id)

    def current(self, event: Event) -> UUID:
        """Who holds an event's id now, or would."""
        profile = self.find(event.distinct_id, event.project_id)
        return profile.uuid if profile else person_uuid(event.project_id, event.distinct_id)

    def history(self, uuid: UUID, version: int) -> Properties:
        """A person's properties at a version, from the revisions alone."""
        properties: Properties = {}
        for revision in self.revisions:
            if revision.profile.uuid != uuid or revision.version > version:
                continue
            properties = revision.set_properties if revision.snapshot else {**properties, **revision.set_properties}
            properties = {key: value for key, value in properties.items() if key not in revision.unset_properties}
        return properties

    def kinds(self) -> list[str]:
        """The kinds of the warnings so far."""
        return [warning.kind for warning in self.warnings]

    def _load(self, ids: set[Id]) -> Population:
        loaded: dict[int, Profile] = {}
        holders = {}
        for key in ids & self.ids.keys():
            number, personless = self.ids[key]
            if number is not None and number not in loaded:
                loaded[number] = replace(self.profiles[number], changed=False)
            holders[key] = Holder(None if number is None else loaded[number], personless)
        living = {(profile.project_id, profile.uuid) for profile in self.profiles.values()}
        candidates = {(project_id, person_uuid(project_id, one)) for project_id, one in ids}
        types = {project_id: dict(self.group_types[project_id]) for project_id, _ in ids}
        return Population(holders, living & candidates, types)

    def _save(self, population: Population) -> None:
        merged = population.merged
        living = [profile for profile in population.created if profile not in merged]
        living += [profile for holder in population.holders.values() if (profile := holder.profile)]
        for profile in living:
            assert profile not in merged, "a merged person still holds an id"
            profile.id = profile.id or next(self._numbers)
            stored = self.profiles.get(profile.id)
            if stored is None or profile.changed:
                self.profiles[profile.id] = profile
            else:
                assert _state(stored) == _state(profile), "a change would not have been saved"
        for gone, into in merged.items():
            self.went[gone.uuid] = into.uuid
            if gone.id is None:
                continue
            del self.profiles[gone.id]
            for key, (number, personless) in self.ids.items():
                if number == gone.id:
                    self.ids[key] = (into.id, personless)
                    self.overrides[key] = into.uuid
        for key in population.seen:
            self.ids[key] = (None, population.holders[key].personless)
        for key, profile in population.attached.items():
            self.ids[key] = (profile.id, population.holders[key].personless)
        self.overrides.update({key: profile.uuid for key, profile in population.reattributed.items()})
        self.revisions += population.revisions
        for (project_id, name), index in population.new_group_types.items():
            self.group_types[project_id][name] = index
        for group, properties in population.groups.items():
            self.groups[group] = {**self.groups.get(group, {}), **properties}


def _state(profile: Profile) -> tuple[object, ...]:
    return (
        profile.properties,
        profile.created_at,
        profile.is_identified,
        profile.version,
        profile.last_seen_at,
    )
