"""Persons: found and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from ..domain.errors import NotFound
from ..domain.persons import Person
from ..domain.ports import PersonQuery, Position, UnitOfWorkFactory
from .cohorts import resolved

INTEGER_ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PersonList:
    """One page in list order, the exact number of matching persons, and where the pages beside it begin."""

    rows: Sequence[Person]
    count: int
    next: Position | None
    previous: Position | None


class PersonService:
    """Reads persons of one project at a time."""

    def __init__(self, begin: UnitOfWorkFactory) -> None:
        self._begin = begin

    def get(self, project_id: int, reference: int | UUID) -> Person:
        """One person by integer id or uuid. Raises `NotFound`."""
        with self._begin(write=False) as work:
            person = work.persons.get(project_id, reference)
        if person is None:
            raise NotFound
        return person

    def list(self, query: PersonQuery, *, limit: int, offset: int = 0, position: Position | None = None) -> PersonList:
        """A page, newest first, from an offset or from a position that an earlier page gave."""
        with self._begin(write=False) as work:
            query = resolved(work, query)
            page = work.persons.page(query, limit=limit, offset=offset, after=position)
            count = work.persons.count(query)
        rows = page.rows
        if not rows:
            return PersonList(rows, count, None, None)
        first, last = rows[0], rows[-1]
        more_after, more_before = page.has_more, offset > 0 or position is not None
        if position is not None and position.backward:
            more_after, more_before = True, page.has_more
        return PersonList(
            rows,
            count,
            Position(last.created_at, last.id) if more_after else None,
            Position(first.created_at, first.id, backward=True) if more_before else None,
        )

    def stream(self, query: PersonQuery, *, limit: int | None = None) -> Iterator[Person]:
        """All matching persons in list order, in constant memory."""
        with self._begin(write=False) as work:
            yield from work.persons.stream(resolved(work, query), limit=limit)
