"""Persons changed by hand: properties, deletion, splitting.

Every change is one turn: what it does to persons, their history, the audit log and the deletion queue, its event and
what the event store is to learn are committed together, and every answer after the call knows of it. A call that
changes nothing leaves no trace.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from ..domain import activity
from ..domain.deletions import of_person
from ..domain.errors import HedgerowError, InvalidInput, NotFound
from ..domain.events import Event, PersonMode, Properties, StoredEvent
from ..domain.identity import MAX_PROPERTIES_BYTES, size_of
from ..domain.persons import Person
from ..domain.population import Population, Profile
from ..domain.ports import Clock, UnitOfWork
from ..domain.uuids import uuid7
from .people import PeopleWriter


@dataclass(frozen=True, slots=True)
class BulkDeletion:
    """How many persons were found and how many are gone now; those that could not be deleted, and why."""

    found: int
    deleted: int
    failed: Mapping[UUID, Exception] = field(default_factory=dict)


class PersonEditor:
    """Changes persons of one project at a time.

    `reference` is a person's integer id or uuid, and `NotFound` is raised when there is none; `by` is the id of
    the user who asks, None for a command.
    """

    def __init__(self, people: PeopleWriter, clock: Clock) -> None:
        self._people = people
        self._clock = clock

    def set_properties(
        self, project_id: int, reference: int | UUID, properties: Properties, *, by: int | None
    ) -> Person:
        """The person after the properties are set; others stay. Kept as an event `$set` too.

        Raises `InvalidInput` when they grow beyond what a person may have.
        """
        with self._people.turn() as work:
            person = _find(work, project_id, reference)
            now = self._clock()
            after = {**person.properties, **properties}
            entry = activity.person_updated(person, after, by=by, at=now)
            if entry is None:
                return person
            if size_of(after) > MAX_PROPERTIES_BYTES:
                raise InvalidInput(
                    f"A person's properties may have at most {MAX_PROPERTIES_BYTES} bytes.", "properties"
                )
            work.activity.add([entry])
            return self._rewrite(work, person, properties, (), "$set", {"$set": properties}, now)

    def unset_properties(
        self, project_id: int, reference: int | UUID, keys: Collection[str], *, by: int | None
    ) -> None:
        """Remove properties; keys that the person does not have are passed over. Kept as an event too."""
        with self._people.turn() as work:
            person = _find(work, project_id, reference)
            now = self._clock()
            remaining = {key: value for key, value in person.properties.items() if key not in keys}
            entry = activity.person_properties_deleted(person, remaining, by=by, at=now)
            if entry is None:
                return
            work.activity.add([entry])
            gone = [key for key in person.properties if key not in remaining]
            self._rewrite(work, person, {}, gone, "$delete_person_property", {"$unset": [*gone]}, now)

    def split(
        self,
        project_id: int,
        reference: int | UUID,
        *,
        main: str | None = None,
        only: Sequence[str] | None = None,
        by: int | None,
    ) -> None:
        """Make each of the ids in `only`, or each but `main` (the first by default), a person of its own.

        The person keeps its properties, the new ones have none. Raises `InvalidInput` when an id is not the
        person's.
        """
        with self._people.turn() as work:
            person = _find(work, project_id, reference)
            now = self._clock()
            missing = [one for one in only or () if one not in person.distinct_ids]
            if missing:
                raise InvalidInput(f"not on this person: {missing}", "distinct_ids_to_split")
            if main is not None and main not in person.distinct_ids:
                raise InvalidInput(f"not on this person: {[main]}", "main_distinct_id")
            moved = only
            if moved is None:
                stays = person.distinct_ids[0] if main is None and person.distinct_ids else main
                moved = [one for one in person.distinct_ids if one != stays]
            moved = list(dict.fromkeys(moved))
            if not moved:
                return
            population = work.persons.population((), new=[(project_id, one) for one in moved])
            population.split(population.add(person), moved, now)
            work.activity.add([activity.person_split(person, only, by=by, at=now)])
            self._people.finish(work, (), work.persons.save(population, at=now))

    def delete(
        self,
        project_id: int,
        reference: int | UUID,
        *,
        keep_person: bool = False,
        delete_events: bool = False,
        by: int | None,
    ) -> None:
        """Delete a person unless it is kept, and queue the deletion of its events if asked for.

        Its distinct ids are nobody's afterwards, and so are its events until they are deleted.
        """
        with self._people.turn() as work:
            person = _find(work, project_id, reference)
            self._delete(work, [person], keep_person=keep_person, delete_events=delete_events, by=by)

    def delete_many(
        self,
        project_id: int,
        *,
        uuids: Collection[UUID] = (),
        distinct_ids: Collection[str] = (),
        keep_person: bool = False,
        delete_events: bool = False,
        by: int | None,
    ) -> BulkDeletion:
        """As `delete` for all persons found by uuid or by distinct id; one that fails does not stop the rest."""
        persons: Sequence[Person] = ()
        try:
            with self._people.turn() as work:
                persons = work.persons.lock(project_id, uuids, distinct_ids=distinct_ids)
                self._delete(work, persons, keep_person=keep_person, delete_events=delete_events, by=by)
        except HedgerowError:
            raise
        except Exception:
            if not persons:
                raise
        else:
            return BulkDeletion(len(persons), 0 if keep_person else len(persons))
        failed: dict[UUID, Exception] = {}
        for person in persons:
            try:
                self.delete(project_id, person.id, keep_person=keep_person, delete_events=delete_events, by=by)
            except Exception as error:  # noqa: BLE001 - told to the caller
                failed[person.uuid] = error
        return BulkDeletion(len(persons), 0 if keep_person else len(persons) - len(failed), failed)

    def _delete(
        self, work: UnitOfWork, persons: Sequence[Person], *, keep_person: bool, delete_events: bool, by: int | None
    ) -> None:
        now = self._clock()
        if delete_events:
            work.deletions.request([of_person(one, by=by, at=now, kept=keep_person) for one in persons])
        population = Population({}, set(), {})
        if not keep_person:
            for person in persons:
                population.remove(Profile.of(person))
            work.activity.add([activity.person_deleted(person, by=by, at=now) for person in persons])
        self._people.finish(work, (), work.persons.save(population, at=now))

    def _rewrite(
        self,
        work: UnitOfWork,
        person: Person,
        to_set: Properties,
        to_unset: Sequence[str],
        name: str,
        properties: Properties,
        now: datetime,
    ) -> Person:
        population = Population({}, set(), {})
        profile = population.add(person)
        population.rewrite(profile, to_set, to_unset, now)
        # A person that was split to the last id has none; its own uuid is as good as any that nobody uses.
        distinct_id = person.distinct_ids[0] if person.distinct_ids else str(person.uuid)
        event = Event(person.project_id, uuid7(now), name, distinct_id, now, properties)
        stored = StoredEvent(event, person.uuid, profile.version, person.created_at, PersonMode.FULL, now, {})
        self._people.finish(work, [stored], work.persons.save(population, at=now))
        return replace(person, properties=profile.properties, version=profile.version)


def _find(work: UnitOfWork, project_id: int, reference: int | UUID) -> Person:
    found = work.persons.lock(project_id, [reference])
    if not found:
        raise NotFound
    return found[0]
