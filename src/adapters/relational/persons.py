"""Persons: pages, counts and streams of them; changes go through the batch of `population`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVarTuple
from uuid import UUID

import orjson
from sqlalchemy import Connection, Select, Text, cast, func, literal, select, tuple_, type_coerce

from ...domain.events import StoredEvent
from ...domain.persons import Person
from ...domain.population import Id, Population
from ...domain.ports import Outline, PersonPage, PersonQuery, Position, Projection
from ...domain.timeline import PastVersion
from . import erasure, population, projections
from .batch import batch_of, fetch
from .columns import LARGEST, Moment, Number, from_micros
from .filters import conditions
from .tables import DistinctIdRow, PersonCountRow, PersonHistoryRow, PersonRow

_IDS_ON_A_PAGE = 1000

_Columns = TypeVarTuple("_Columns")


class SqlPersonRepository:
    """The persons in a relational store, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def population(self, ids: Collection[Id], *, new: Collection[Id] = ()) -> Population:
        return population.load(self._connection, ids, new)

    def save(self, population_: Population, *, at: datetime) -> Projection:
        return population.save(self._connection, population_, at)

    def lock(
        self, project_id: int, references: Collection[int | UUID], *, distinct_ids: Collection[str] = ()
    ) -> Sequence[Person]:
        population.lock_projects(self._connection, [project_id])
        rows = [
            *fetch(self._connection, _BY_ID, ((project_id, one) for one in references if _is_id(one))),
            *fetch(self._connection, _BY_UUID, ((project_id, one.hex) for one in references if isinstance(one, UUID))),
            # PostgreSQL takes no NUL, and no id that is stored has one.
            *fetch(self._connection, _BY_DISTINCT_ID, ((project_id, one) for one in distinct_ids if "\0" not in one)),
        ]
        each = {row.id: row for row in rows}
        return self._with_ids([each[number] for number in sorted(each)], ids=LARGEST)

    def get(self, project_id: int, reference: int | UUID) -> Person | None:
        if isinstance(reference, int) and not _is_id(reference):
            return None
        by = PersonRow.uuid == reference if isinstance(reference, UUID) else PersonRow.id == reference
        row = self._connection.execute(_PERSONS.where(PersonRow.project_id == project_id, by)).one_or_none()
        return self._with_ids([row], ids=LARGEST)[0] if row else None

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> PersonPage:
        backward = after is not None and after.backward
        statement = _in_order(_PERSONS.where(*conditions(query)), after)
        statement = statement.limit(limit + 1).offset(min(offset, LARGEST))
        rows = self._connection.execute(statement).all()
        persons = self._with_ids(rows[:limit], ids=_IDS_ON_A_PAGE)
        return PersonPage(persons[::-1] if backward else persons, has_more=len(rows) > limit)

    def count(self, query: PersonQuery) -> int:
        if query == PersonQuery(query.project_id):
            counted = select(PersonCountRow.persons).where(PersonCountRow.project_id == query.project_id)
            return self._connection.execute(counted).scalar() or 0
        statement = select(func.count()).select_from(PersonRow).where(*conditions(query))
        return self._connection.execute(statement).scalar_one()

    def ids(
        self, query: PersonQuery, *, limit: int, after: Position | None = None
    ) -> tuple[Sequence[int], Position | None]:
        statement = _in_order(_PLACES.where(*conditions(query)), after).limit(limit)
        rows = self._connection.execute(statement).all()
        ids = [person_id for _, person_id in rows]
        return ids, Position(from_micros(rows[-1][0]), ids[-1]) if rows else None

    def outline(self, project_id: int, ids: Collection[int]) -> Outline:
        found = Outline()
        for documents, most_ids in fetch(self._connection, _OUTLINE, ((project_id, one) for one in ids)):
            properties = orjson.loads(f"[{documents or ''}]")
            found = Outline([*found.properties, *properties], max(found.most_ids, min(most_ids or 0, _IDS_ON_A_PAGE)))
        return found

    def several(self, project_id: int, references: Collection[int | UUID]) -> Sequence[Person]:
        ids = ((project_id, one) for one in references if isinstance(one, int))
        uuids = ((project_id, one.hex) for one in references if isinstance(one, UUID))
        rows = fetch(self._connection, _BY_ID, ids)
        return self._with_ids([*rows, *fetch(self._connection, _BY_UUID, uuids)], ids=_IDS_ON_A_PAGE)

    def held(self, project_id: int, distinct_ids: Collection[str]) -> dict[str, int]:
        given = ((project_id, one) for one in distinct_ids if "\0" not in one)
        return {distinct_id: person_id for distinct_id, person_id in fetch(self._connection, _HELD, given)}  # noqa: C416

    def history(self, project_id: int, uuid: UUID, until: int) -> Iterator[PastVersion]:
        statement = _HISTORY.where(
            PersonHistoryRow.project_id == project_id,
            PersonHistoryRow.person_uuid == uuid,
            PersonHistoryRow.version <= until,
        )
        for version, set_properties, unset, snapshot in self._connection.execute(statement):
            yield PastVersion(version, set_properties, unset, snapshot)

    def forget_history(self, project_id: int, uuid: UUID, version: int, *, at: datetime) -> Collection[int]:
        return erasure.forget_history(self._connection, project_id, uuid, version, at)

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> None:
        erasure.forget_ids(self._connection, project_id, distinct_ids)

    def log(self, events: Sequence[StoredEvent], projection: Projection) -> Projection:
        return projections.log(self._connection, events, projection)

    def unapplied(self, *, after: int = 0) -> Iterator[tuple[Sequence[StoredEvent], Projection]]:
        return projections.unapplied(self._connection, after)

    def clear(self, until: int) -> None:
        projections.clear(self._connection, until)

    def _with_ids(self, rows: Sequence[Any], *, ids: int) -> list[Person]:
        """The persons of these rows, each with its first so many distinct ids, in one more statement."""
        found: dict[int, list[str]] = {row.id: [] for row in rows}
        statement = _DISTINCT_IDS.where(_numbered.c.number <= ids)
        for person_id, distinct_id in fetch(self._connection, statement, ((row.id,) for row in rows)):
            found[person_id].append(distinct_id)
        return [_person(row, found[row.id]) for row in rows]


def _in_order(statement: Select[*_Columns], after: Position | None) -> Select[*_Columns]:
    """Newest first, beyond that place; towards the newest if it says so."""
    backward = after is not None and after.backward
    order = (PersonRow.created_at, PersonRow.id)
    if after is not None:
        # The bare tuples of columns and values, so that the index of the order serves this too.
        here, there = tuple_(*order), tuple_(literal(after.created_at, Moment), literal(after.id, Number))
        statement = statement.where(here > there if backward else here < there)
    return statement.order_by(*(column if backward else column.desc() for column in order))


def _is_id(reference: int | UUID) -> bool:
    return isinstance(reference, int) and 0 < reference <= LARGEST


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

# The moment as the driver gives it: only that of the last row is looked at.
_PLACES = select(type_coerce(PersonRow.created_at, Number), PersonRow.id)

_numbers = batch_of(PersonRow.project_id, PersonRow.id)
_by_number = (PersonRow.project_id == _numbers.c.project_id) & (PersonRow.id == _numbers.c.id)
_BY_ID = _PERSONS.join(_numbers, _by_number)
# One row in all: each that Python gets costs as much as reading its document.
_OUTLINE = (
    select(
        func.aggregate_strings(cast(PersonRow.properties, Text), ","),
        func.max(select(func.count()).where(DistinctIdRow.person_id == PersonRow.id).scalar_subquery()),
    )
    .select_from(PersonRow)
    .join(_numbers, _by_number)
)
_uuids = batch_of(PersonRow.project_id, PersonRow.uuid)
_BY_UUID = _PERSONS.join(_uuids, (PersonRow.project_id == _uuids.c.project_id) & (PersonRow.uuid == _uuids.c.uuid))
_ids = batch_of(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
_BY_DISTINCT_ID = _PERSONS.join(DistinctIdRow, DistinctIdRow.person_id == PersonRow.id).join(
    _ids, (DistinctIdRow.project_id == _ids.c.project_id) & (DistinctIdRow.distinct_id == _ids.c.distinct_id)
)
_HELD = (
    select(DistinctIdRow.distinct_id, DistinctIdRow.person_id)
    .select_from(_ids)
    .join(
        DistinctIdRow,
        (DistinctIdRow.project_id == _ids.c.project_id) & (DistinctIdRow.distinct_id == _ids.c.distinct_id),
    )
    .where(DistinctIdRow.person_id.is_not(None))
)
_HISTORY = select(
    PersonHistoryRow.version,
    PersonHistoryRow.set_properties,
    PersonHistoryRow.unset_properties,
    PersonHistoryRow.snapshot,
).order_by(PersonHistoryRow.version, PersonHistoryRow.id)

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
