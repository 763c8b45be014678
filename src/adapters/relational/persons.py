"""Persons: pages, counts and streams of them; changes go through the batch of `population`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Text, case, cast, func, literal, select, tuple_

from ...domain.persons import Person
from ...domain.population import Id, Population
from ...domain.ports import PersonPage, PersonQuery, Position, Projection
from ...domain.properties import FilterTree
from . import population, projections
from .batch import batch_of, fetch
from .columns import LARGEST, Moment, Number
from .filters import conditions, tree_holds
from .tables import DistinctIdRow, PersonRow

_IDS_ON_A_PAGE = 1000
_STREAM_ROWS = 1000
_COUNTS = 50  # filters counted at once: a statement has a bound of parameters


class SqlPersonRepository:
    """The persons in a relational store, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def population(self, ids: Collection[Id]) -> Population:
        return population.load(self._connection, ids)

    def save(self, population_: Population, *, at: datetime) -> Projection:
        return population.save(self._connection, population_, at)

    def get(self, project_id: int, reference: int | UUID) -> Person | None:
        if isinstance(reference, int) and not 0 < reference <= LARGEST:
            return None
        by = PersonRow.uuid == reference if isinstance(reference, UUID) else PersonRow.id == reference
        row = self._connection.execute(_PERSONS.where(PersonRow.project_id == project_id, by)).one_or_none()
        return self._with_ids([row], ids=LARGEST)[0] if row else None

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> PersonPage:
        backward = after is not None and after.backward
        order = (PersonRow.created_at, PersonRow.id)
        statement = _PERSONS.where(*conditions(self._connection, query))
        if after is not None:
            # The bare tuples of columns and values, so that the index of the order serves this too.
            here, there = tuple_(*order), tuple_(literal(after.created_at, Moment), literal(after.id, Number))
            statement = statement.where(here > there if backward else here < there)
        statement = statement.order_by(*(column if backward else column.desc() for column in order))
        statement = statement.limit(limit + 1).offset(min(offset, LARGEST))
        rows = self._connection.execute(statement).all()
        persons = self._with_ids(rows[:limit], ids=_IDS_ON_A_PAGE)
        return PersonPage(persons[::-1] if backward else persons, has_more=len(rows) > limit)

    def count(self, query: PersonQuery) -> int:
        statement = select(func.count()).select_from(PersonRow).where(*conditions(self._connection, query))
        return self._connection.execute(statement).scalar_one()

    def counts(self, project_id: int, wheres: Sequence[FilterTree]) -> Sequence[int]:
        found: list[int] = []
        for start in range(0, len(wheres), _COUNTS):
            met = (tree_holds(self._connection, project_id, where) for where in wheres[start : start + _COUNTS])
            columns = [func.count(case((one, 1))).label(f"count_{place}") for place, one in enumerate(met)]
            statement = select(*columns).select_from(PersonRow).where(PersonRow.project_id == project_id)
            found += self._connection.execute(statement).one()
        return found

    def uuids(self, query: PersonQuery, *, limit: int) -> Sequence[UUID]:
        statement = select(PersonRow.uuid).where(*conditions(self._connection, query)).limit(limit)
        return list(self._connection.execute(statement).scalars())

    def stream(self, query: PersonQuery, *, limit: int | None = None) -> Iterator[Person]:
        """Page by page: constant memory without a cursor that stays open while a slow client reads."""
        left = LARGEST if limit is None else limit
        after: Position | None = None
        while left:
            page = self.page(query, limit=min(left, _STREAM_ROWS), after=after)
            yield from page.rows
            if not page.has_more:
                return
            left -= len(page.rows)
            after = Position(page.rows[-1].created_at, page.rows[-1].id)

    def unapplied(self) -> Sequence[Projection]:
        return projections.unapplied(self._connection)

    def clear(self, marks: Collection[int]) -> None:
        projections.clear(self._connection, marks)

    def _with_ids(self, rows: Sequence[Any], *, ids: int) -> list[Person]:
        """The persons of these rows, each with its first so many distinct ids, in one more statement."""
        found: dict[int, list[str]] = {row.id: [] for row in rows}
        statement = _DISTINCT_IDS.where(_numbered.c.number <= ids)
        for person_id, distinct_id in fetch(self._connection, statement, ((row.id,) for row in rows)):
            found[person_id].append(distinct_id)
        return [_person(row, found[row.id]) for row in rows]


def _person(row: Any, distinct_ids: Sequence[str]) -> Person:
    return Person(
        id=row.id,
        project_id=row.project_id,
        uuid=row.uuid,
        properties=orjson.loads(row.properties),
        created_at=row.created_at,
        is_identified=row.is_identified,
        version=row.version,
        last_seen_at=row.last_seen_at,
        distinct_ids=tuple(distinct_ids),
    )


_PERSONS = select(
    PersonRow.id,
    PersonRow.project_id,
    PersonRow.uuid,
    cast(PersonRow.properties, Text).label("properties"),
    PersonRow.created_at,
    PersonRow.is_identified,
    PersonRow.version,
    PersonRow.last_seen_at,
)

_of = batch_of(DistinctIdRow.person_id)
_numbered = (
    select(
        DistinctIdRow.person_id,
        DistinctIdRow.distinct_id,
        DistinctIdRow.id,
        func.row_number().over(partition_by=DistinctIdRow.person_id, order_by=DistinctIdRow.id).label("number"),
    )
    .where(DistinctIdRow.person_id.in_(select(_of.c.person_id)))
    .subquery()
)
_DISTINCT_IDS = select(_numbered.c.person_id, _numbered.c.distinct_id).order_by(_numbered.c.person_id, _numbered.c.id)
