"""Persons in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson

from ...domain.conditions import text_of
from ...domain.events import StoredEvent
from ...domain.groups import Group
from ...domain.people_index import FoundPage, needs_index
from ...domain.persons import Person, person_uuid
from ...domain.population import Holder, Id, Population, Profile
from ...domain.ports import Outline, PersonCopy, PersonPage, PersonQuery, Position, Projection
from ...domain.timeline import PastVersion, properties_at
from .state import State

_IDS_ON_A_PAGE = 1000


class MemoryPersonRepository:
    """The persons of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def population(self, ids: Collection[Id], *, new: Collection[Id] = ()) -> Population:
        profiles: dict[int, Profile] = {}
        holders: dict[Id, Holder] = {}
        for key in ids:
            if key not in self._state.ids:
                continue
            person_id, personless = self._state.ids[key]
            if person_id is not None and person_id not in profiles:
                profiles[person_id] = Profile.of(self._state.persons[person_id])
            holders[key] = Holder(None if person_id is None else profiles[person_id], personless)
        living = {(person.project_id, person.uuid) for person in self._state.persons.values()}
        types: dict[int, dict[str, int]] = {project_id: {} for project_id, _ in ids}
        for (project_id, name), index in self._state.group_types.items():
            if project_id in types:
                types[project_id][name] = index
        wanted = {(key[0], person_uuid(*key)) for key in (*ids, *new)}
        last_versions: dict[tuple[int, UUID], int] = {}
        for revision in self._state.history.values():
            whose = (revision.profile.project_id, revision.profile.uuid)
            if whose in wanted:
                last_versions[whose] = max(last_versions.get(whose, 0), revision.version)
        return Population(holders, living & wanted, types, last_versions)

    def save(self, population: Population, *, at: datetime) -> Projection:
        merged = population.merged
        removed = {profile.id for profile in population.removed}
        left = {profile.id: into for profile, into in merged.items() if profile.id is not None}
        for person_id in (*left, *removed):
            if person_id is not None:
                del self._state.persons[person_id]
        people = []
        for profile in [*(one for one in population.created if one not in merged), *population.changed]:
            if profile.id is None:
                profile.id = self._state.next_id("persons")
            person = self._state.persons[profile.id] = _person(profile.id, profile)
            self._state.updated_at[profile.id] = at
            people.append(_copy(person, at))

        holders: dict[Id, UUID] = {}
        self._move_members(left, removed)
        for key, (holder_id, personless) in self._state.ids.items():
            if holder_id in left:
                self._state.ids[key] = (left[holder_id].id, personless)
                holders[key] = left[holder_id].uuid
            elif holder_id is not None and holder_id in removed:
                self._state.ids[key] = (None, False)
                holders[key] = person_uuid(*key)
        for key in {**population.attached, **dict.fromkeys(population.seen)}:
            holder = population.holders[key]
            self._state.ids.pop(key, None)
            self._state.ids[key] = (holder.profile.id if holder.profile else None, holder.personless)
        for key, profile in population.reattributed.items():
            holders[key] = profile.uuid

        for revision in (*population.revisions, *population.endings(at)):
            self._state.history[self._state.next_id("history")] = revision
        self._state.group_types.update(population.new_group_types)
        for group, properties in population.groups.items():
            self._state.groups[group] = {**self._state.groups.get(group, {}), **properties}
        groups = [Group(*group, self._state.groups[group]) for group in population.groups]

        living = {(person.project_id, person.uuid) for person in self._state.persons.values()}
        return Projection(
            people,
            [
                (profile.project_id, profile.uuid)
                for profile in (*merged, *population.removed)
                if profile.id is not None and (profile.project_id, profile.uuid) not in living
            ],
            [(*key, uuid) for key, uuid in holders.items()],
            [(*key, profile.uuid) for key, profile in population.attached.items()],
            groups,
        )

    def lock(
        self, project_id: int, references: Collection[int | UUID], *, distinct_ids: Collection[str] = ()
    ) -> Sequence[Person]:
        holders = {self._state.ids.get((project_id, one), (None, False))[0] for one in distinct_ids}
        return [
            one
            for one in sorted(self._all(project_id, ids=None), key=lambda person: person.id)
            if one.id in holders or one.id in references or one.uuid in references
        ]

    def get(self, project_id: int, reference: int | UUID) -> Person | None:
        for person in self._all(project_id, ids=None):
            if reference in (person.id, person.uuid):
                return person
        return None

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> PersonPage:
        persons = {one.id: one for one in self._matching(query)}
        places = (Position(one.created_at, one.id) for one in persons.values())
        found = FoundPage.of(places, limit, offset, after)
        return PersonPage([persons[place.id] for place in found.places], found.has_more)

    def count(self, query: PersonQuery) -> int:
        return len(self._matching(query))

    def ids(
        self, query: PersonQuery, *, limit: int, after: Position | None = None
    ) -> tuple[Sequence[int], Position | None]:
        rows = self.page(query, limit=limit, after=after).rows
        return [one.id for one in rows], Position(*_place(rows[-1])) if rows else None

    def outline(self, project_id: int, ids: Collection[int]) -> Outline:
        persons = self.several(project_id, ids)
        most = max((len(one.distinct_ids) for one in persons), default=0)
        return Outline([one.properties for one in persons], most)

    def several(self, project_id: int, references: Collection[int | UUID]) -> Sequence[Person]:
        everybody = self._all(project_id, ids=_IDS_ON_A_PAGE)
        return [one for one in everybody if one.id in references or one.uuid in references]

    def held(self, project_id: int, distinct_ids: Collection[str]) -> dict[str, int]:
        holders = {one: self._state.ids.get((project_id, one), (None, False))[0] for one in distinct_ids}
        return {one: person_id for one, person_id in holders.items() if person_id is not None}

    def history(self, project_id: int, uuid: UUID, until: int) -> Iterator[PastVersion]:
        for past in sorted(self._state.history.values(), key=lambda one: one.version):
            if (past.profile.project_id, past.profile.uuid) == (project_id, uuid) and past.version <= until:
                yield PastVersion(past.version, past.set_properties, past.unset_properties, past.snapshot)

    def forget_history(self, project_id: int, uuid: UUID, version: int, *, at: datetime) -> Collection[int]:
        history = self._state.history
        own = [
            (one.version, number)
            for number, one in history.items()
            if (one.profile.project_id, one.profile.uuid) == (project_id, uuid) and one.version <= version
        ]
        if own:
            past, last = self.history(project_id, uuid, version), max(own)[1]
            whole = properties_at(past, [version])[version]
            begins = replace(history[last], set_properties=whole, unset_properties=(), snapshot=True)
            for _, number in own:
                del history[number]
            if not begins.ending:
                history[last] = begins
        return self._forget_merged(project_id, uuid, at, {uuid})

    def _forget_merged(self, project_id: int, into: UUID, at: datetime, known: set[UUID]) -> set[int]:
        found: set[int] = set()
        for ending in list(self._state.history.values()):
            profile = ending.profile
            merged = ending.merged_into and (ending.merged_into.project_id, ending.merged_into.uuid)
            if merged != (project_id, into) or ending.at > at:
                continue
            for number, one in list(self._state.history.items()):
                same = (one.profile.project_id, one.profile.uuid) == (project_id, profile.uuid)
                if same and one.version <= ending.version:
                    del self._state.history[number]
            if profile.id is not None:
                found.add(profile.id)
            if profile.uuid not in known:
                found |= self._forget_merged(project_id, profile.uuid, at, known | {profile.uuid})
        return found

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> None:
        for one in distinct_ids:
            if self._state.ids.get((project_id, one), (None, False))[0] is None:
                self._state.ids.pop((project_id, one), None)

    def log(self, events: Sequence[StoredEvent], projection: Projection) -> Projection:
        if not events and not projection:
            return projection
        projection = replace(projection, mark=self._state.next_id("log"))
        self._state.log[projection.mark or 0] = events, projection
        return projection

    def unapplied(self, *, after: int = 0) -> Iterator[tuple[Sequence[StoredEvent], Projection]]:
        for mark, (events, projection) in self._state.log.items():
            if mark > after:
                yield events, self._present(projection)

    def clear(self, until: int) -> None:
        for mark in [mark for mark in self._state.log if mark <= until]:
            del self._state.log[mark]

    def _present(self, projection: Projection) -> Projection:
        named = {(copy.project_id, copy.uuid) for copy in projection.people} | set(projection.gone)
        living = {(person.project_id, person.uuid): person for person in self._state.persons.values()}
        people = [_copy(living[key], self._state.updated_at[living[key].id]) for key in named if key in living]
        holders = [
            (project_id, distinct_id, self._holder(project_id, distinct_id) or person_uuid(project_id, distinct_id))
            for project_id, distinct_id, _ in projection.holders
        ]
        ids = [
            (project_id, distinct_id, holder)
            for project_id, distinct_id, _ in projection.ids
            if (holder := self._holder(project_id, distinct_id))
        ]
        groups = [
            replace(group, properties=self._state.groups[group.project_id, group.index, group.key])
            for group in projection.groups
        ]
        return Projection(people, sorted(named - living.keys()), holders, ids, groups, projection.mark)

    def _move_members(self, left: Mapping[int, Profile], removed: Collection[int | None]) -> None:
        for cohort_id, person_id in list(self._state.members):
            into = left.get(person_id)
            if into or person_id in removed:
                del self._state.members[cohort_id, person_id]
            if into:
                self._state.members[cohort_id, into.id or 0] = None

    def _holder(self, project_id: int, distinct_id: str) -> UUID | None:
        person_id, _ = self._state.ids.get((project_id, distinct_id), (None, False))
        return None if person_id is None else self._state.persons[person_id].uuid

    def _matching(self, query: PersonQuery) -> list[Person]:
        if needs_index(query):
            raise ValueError("Such a query is for the index of people.")
        found = [one for one in self._all(query.project_id, ids=_IDS_ON_A_PAGE) if self._matches(one, query)]
        return sorted(found, key=_place, reverse=True)

    def _matches(self, person: Person, query: PersonQuery) -> bool:
        if query.distinct_id is not None:
            holder, _ = self._state.ids.get((query.project_id, query.distinct_id), (None, False))
            if holder != person.id:
                return False
        return query.email is None or text_of(person.properties.get("email")) == query.email

    def _all(self, project_id: int, *, ids: int | None) -> list[Person]:
        """The project's persons, each with its first so many distinct ids."""
        found: dict[int, list[str]] = {
            person.id: [] for person in self._state.persons.values() if person.project_id == project_id
        }
        for (_, distinct_id), (person_id, _) in self._state.ids.items():
            if person_id in found:
                found[person_id].append(distinct_id)
        persons = self._state.persons
        return [replace(persons[one], distinct_ids=tuple(held[:ids])) for one, held in found.items()]


def _place(person: Person) -> tuple[datetime, int]:
    return person.created_at, person.id


def _person(person_id: int, profile: Profile) -> Person:
    return Person(
        person_id,
        profile.project_id,
        profile.uuid,
        profile.properties,
        profile.created_at,
        profile.is_identified,
        profile.version,
        profile.last_seen_at,
        distinct_ids=(),
    )


def _copy(person: Person, at: datetime) -> PersonCopy:
    return PersonCopy(
        person.project_id,
        person.uuid,
        person.version,
        orjson.dumps(person.properties),
        person.id,
        person.created_at,
        at,
    )
