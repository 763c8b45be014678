"""Persons: found and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from ..domain.errors import NotFound
from ..domain.people_index import FoundPage, PeopleIndex, needs_index
from ..domain.persons import Person
from ..domain.ports import Outline, PersonQuery, Position, UnitOfWorkFactory
from .cohorts import resolved

INTEGER_ID_MAX = 2**63 - 1
MAX_VALUES = 20
_STREAM_ROWS = 1000


@dataclass(frozen=True, slots=True)
class PersonList:
    """One page in list order, the exact number of matching persons, and where the pages beside it begin."""

    rows: Sequence[Person]
    count: int
    next: Position | None
    previous: Position | None


class PersonService:
    """Reads persons of one project at a time."""

    def __init__(self, begin: UnitOfWorkFactory, index: PeopleIndex) -> None:
        self._begin = begin
        self._index = index

    def get(self, project_id: int, reference: int | UUID) -> Person:
        """One person by integer id or uuid. Raises `NotFound`."""
        with self._begin(write=False) as work:
            person = work.persons.get(project_id, reference)
        if person is None:
            raise NotFound
        return person

    def list(self, query: PersonQuery, *, limit: int, offset: int = 0, position: Position | None = None) -> PersonList:
        """A page, newest first, from an offset or from a position that an earlier page gave."""
        query = self._resolved(query)
        rows, found = self._find(query, limit, offset, position)
        if not found.places:
            return PersonList(rows, found.count, None, None)
        first, last = found.places[0], found.places[-1]
        more_after, more_before = found.has_more, offset > 0 or position is not None
        if position is not None and position.backward:
            more_after, more_before = True, found.has_more
        return PersonList(
            rows,
            found.count,
            last if more_after else None,
            replace(first, backward=True) if more_before else None,
        )

    def stream(self, query: PersonQuery, *, limit: int | None = None) -> Iterator[Person]:
        """All matching persons in list order, in constant memory (8 bytes a person if they are looked for).

        Page by page, each in a transaction of its own: a slow reader holds up nobody. Who exists throughout comes once.
        """
        for ids in self._ids(query, limit):
            yield from self._several(query.project_id, ids)

    def outlines(self, query: PersonQuery, *, limit: int | None = None) -> Iterator[Outline]:
        """Of the persons that `stream` would give, some at a time, likewise; much quicker than these."""
        for ids in self._ids(query, limit):
            with self._begin(write=False) as work:
                outline = work.persons.outline(query.project_id, ids)
            yield outline

    def by_distinct_ids(self, project_id: int, distinct_ids: Sequence[str]) -> dict[str, Person]:
        """The persons who hold these distinct ids, by distinct id, with at most 1,000 ids each."""
        with self._begin(write=False) as work:
            held = work.persons.held(project_id, distinct_ids)
            persons = {one.id: one for one in work.persons.several(project_id, set(held.values()))}
        return {one: persons[held[one]] for one in dict.fromkeys(distinct_ids) if one in held}

    def by_uuids(self, project_id: int, uuids: Sequence[UUID]) -> dict[UUID, Person]:
        """The persons with these uuids, by uuid, with at most 1,000 ids each."""
        with self._begin(write=False) as work:
            persons = {one.uuid: one for one in work.persons.several(project_id, set(uuids))}
        return {one: persons[one] for one in dict.fromkeys(uuids) if one in persons}

    def values(self, project_id: int, key: str, *, part: str) -> Sequence[tuple[str, int]]:
        """The most frequent values of a property that contain `part` in any case, as text, and how many have each."""
        return self._index.values(project_id, key, part=part, limit=MAX_VALUES)

    def _resolved(self, query: PersonQuery) -> PersonQuery:
        """The query with what its filters on cohorts mean. Raises `InvalidInput` for an unknown cohort."""
        if query.where is None:
            return query
        with self._begin(write=False) as work:
            return resolved(work, query)

    def _ids(self, query: PersonQuery, limit: int | None) -> Iterator[Sequence[int]]:
        """The integer ids of all matching persons in list order, some at a time."""
        query = self._resolved(query)
        if needs_index(query):
            found = self._index.ids(query, limit=limit)
            yield from (found[start : start + _STREAM_ROWS] for start in range(0, len(found), _STREAM_ROWS))
            return
        left, after = limit, None
        while left is None or left > 0:
            rows = _STREAM_ROWS if left is None else min(left, _STREAM_ROWS)
            with self._begin(write=False) as work:
                ids, after = work.persons.ids(query, limit=rows, after=after)
            if not ids:
                return
            yield ids
            left = None if left is None else left - len(ids)

    def _find(
        self, query: PersonQuery, limit: int, offset: int, position: Position | None
    ) -> tuple[Sequence[Person], FoundPage]:
        """The rows, and where they are."""
        if needs_index(query):
            found = self._index.page(query, limit=limit, offset=offset, after=position)
            return self._several(query.project_id, [place.id for place in found.places]), found
        with self._begin(write=False) as work:
            page = work.persons.page(query, limit=limit, offset=offset, after=position)
            count = work.persons.count(query)
        return page.rows, FoundPage([_place(one) for one in page.rows], page.has_more, count)

    def _several(self, project_id: int, ids: Sequence[int]) -> Sequence[Person]:
        """Those that still exist, in the order of the ids."""
        with self._begin(write=False) as work:
            persons = {one.id: one for one in work.persons.several(project_id, ids)}
        return [persons[one] for one in ids if one in persons]


def _place(person: Person) -> Position:
    return Position(person.created_at, person.id)
