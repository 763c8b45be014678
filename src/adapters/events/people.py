"""Persons found in their copy, by looking through the columns that a query names.

Measured with a million persons on two cores: a filter on one property takes 10 to 70 ms, a search through e-mails,
names and distinct ids 30 to 80 ms, whatever is searched for and however many it finds, but for parts that the ids of
half of all persons have: 130 ms. Indexes in the relational
store are no match for that: no index serves properties that clients name. Those of trigrams are quicker for rare
texts, and take several hundred milliseconds for common ones (the exact count needs every match), do nothing for
one or two letters, and cost a third more time for every person saved.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from ...domain.conditions import OneOf, lower
from ...domain.errors import InvalidInput
from ...domain.people_index import FoundPage
from ...domain.ports import PersonQuery, Position
from ...domain.properties import And, Filter, FilterTree, Or, PersonIn, Source
from ...domain.uuids import parse_uuid
from .dialects import Dialect
from .filters import holds
from .slots import PropertySlots
from .tables import BETWEEN, Instant, holders, ids, persons

_CHUNK = 10_000
_COUNTED = 50  # filters counted in one look
_FEW = 1_000  # persons named one by one in a statement, or put in order here
_LARGEST = 2**63 - 1
_UTC = ZoneInfo("UTC")

Holding = Sequence[UUID] | Select[Any]
"""Persons by uuid; as a statement if they are a great many."""


class SqlPeopleIndex:
    """The persons' copy of an event store."""

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        slots: PropertySlots,
        zone: Callable[[int], ZoneInfo],
        has_holders: Callable[[int], bool],
        sql: Dialect,
    ) -> None:
        self._transaction = transaction
        self._slots = slots
        self._zone = zone
        self._has_holders = has_holders
        self._sql = sql

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> FoundPage:
        with self._transaction() as connection:
            holding = self._holding(connection, query)
            places = self._matching(query, holding, persons.c.created_at, persons.c.id)
            if isinstance(holding, Select):
                return _page(connection, places.cte("found"), limit, offset, after)
            few = connection.execute(places.limit(_FEW + 1)).all()
            if len(few) <= _FEW:
                return FoundPage.of([Position(*row) for row in few], limit, offset, after)
            # The page of so many is found early: to look again for the count is quicker than to keep them all.
            return _page(connection, places.cte("found").prefix_with("NOT MATERIALIZED"), limit, offset, after)

    def count(self, query: PersonQuery) -> int:
        with self._transaction() as connection:
            statement = self._matching(query, self._holding(connection, query), func.count())
            number: int = connection.execute(statement).scalar_one()
            return number

    def counts(self, project_id: int, wheres: Sequence[FilterTree]) -> Sequence[int]:
        query = PersonQuery(project_id)
        found: list[int] = []
        for start in range(0, len(wheres), _COUNTED):
            met = [self._tree(query, where) for where in wheres[start : start + _COUNTED]]
            columns = [func.count(case((one, 1))).label(f"count_{place}") for place, one in enumerate(met)]
            with self._transaction() as connection:
                found += connection.execute(self._matching(query, (), *columns)).one()
        return found

    def uuids(self, query: PersonQuery, *, limit: int) -> Sequence[UUID]:
        with self._transaction() as connection:
            statement = self._matching(query, self._holding(connection, query), persons.c.uuid).limit(limit)
            return list(connection.execute(statement).scalars())

    def ids(self, query: PersonQuery, *, limit: int | None = None) -> Sequence[int]:
        found = array("q")
        with self._transaction() as connection:
            statement = _in_order(self._matching(query, self._holding(connection, query), persons.c.id), persons.c)
            result = connection.execute(statement.limit(limit))
            while rows := result.fetchmany(_CHUNK):
                found.extend(person_id for (person_id,) in rows)
        return found

    def values(self, project_id: int, key: str, *, part: str, limit: int) -> Sequence[tuple[str, int]]:
        text = self._slots.text(persons, project_id, "person", key)
        texts = select(text.label("text")).where(persons.c.project_id == project_id).subquery()
        found, number = texts.c.text, func.count()
        statement = select(found, number).where(found != literal_column("''"))
        if part:
            statement = statement.where(self._sql.contains(found, lower(part)))
        statement = statement.group_by(found).order_by(number.desc(), found).limit(limit)
        with self._transaction() as connection:
            return [(value, count) for value, count in connection.execute(statement)]

    def _holding(self, connection: Connection, query: PersonQuery) -> Holding:
        """Who holds an id that the search finds: ids are looked through once for all, unless a great many match."""
        if query.search is None or _is_nowhere(query.search):
            return ()
        found = self._holders(query.project_id, self._sql.found_in(ids.c.search, lower(query.search)))
        few = connection.execute(found.limit(_FEW + 1)).scalars().all()
        return few if len(few) <= _FEW else found

    def _matching(self, query: PersonQuery, holding: Holding, *columns: ColumnElement[Any]) -> Select[Any]:
        """The columns of the persons who match."""
        conditions = [persons.c.project_id == query.project_id]
        if query.search is not None:
            conditions.append(_is_found(query.search, holding, self._sql))
        if query.distinct_id is not None:
            held = self._holders(query.project_id, ids.c.distinct_id == query.distinct_id)
            conditions.append(persons.c.uuid.in_(held))
        if query.email is not None:
            conditions.append(holds(OneOf((query.email,)), self._text(query, "email"), lambda: _UTC, self._sql))
        if query.updated_after is not None:
            conditions.append(persons.c.updated_at > bindparam(None, query.updated_after, Instant))
        if query.where is not None:
            conditions.append(self._tree(query, query.where))
        return select(*columns).select_from(persons).where(*conditions)

    def _holders(self, project_id: int, condition: ColumnElement[bool]) -> Select[Any]:
        """Who holds the ids of the condition now."""
        of_project = and_(ids.c.project_id == project_id, condition)
        if not self._has_holders(project_id):
            return select(ids.c.person_id).where(of_project)
        moved = and_(holders.c.project_id == project_id, holders.c.distinct_id == ids.c.distinct_id)
        now = func.coalesce(holders.c.person_id, ids.c.person_id)
        return select(now).select_from(ids.outerjoin(holders, moved)).where(of_project)

    def _tree(self, query: PersonQuery, tree: FilterTree) -> ColumnElement[bool]:
        match tree:
            case And():
                return and_(true(), *(self._tree(query, child) for child in tree.children))
            case Or():
                return or_(false(), *(self._tree(query, child) for child in tree.children))
            case Filter() if tree.operand.source is Source.PERSON:
                text = self._text(query, tree.operand.key)
                return holds(tree.condition, text, lambda: self._zone(query.project_id), self._sql)
            case PersonIn(uuids, negated):
                one_of = true() if uuids is None else self._sql.one_of(persons.c.uuid, uuids)
                return not_(one_of) if negated else one_of
        raise InvalidInput("This filter does not work on persons.", "properties")

    def _text(self, query: PersonQuery, key: str) -> ColumnElement[Any]:
        return self._slots.text(persons, query.project_id, "person", key)


def _is_nowhere(search: str) -> bool:
    """Nothing that is stored contains it."""
    return "\0" in search or BETWEEN in search


def _is_found(search: str, holding: Holding, sql: Dialect) -> ColumnElement[bool]:
    if _is_nowhere(search):
        return false()
    ways = [sql.found_in(persons.c.search, lower(search))]
    if isinstance(holding, Select):
        ways.append(persons.c.uuid.in_(holding))
    elif holding:
        ways.append(sql.one_of(persons.c.uuid, holding))
    if uuid := parse_uuid(search):
        ways.append(persons.c.uuid == uuid)
    return or_(*ways)


def _page(connection: Connection, found: CTE, limit: int, offset: int, after: Position | None) -> FoundPage:
    backward = after is not None and after.backward
    beyond = true() if after is None else _beyond(after, found.c)
    page = _in_order(select(*found.c).where(beyond), found.c, backward=backward)
    row = page.limit(limit + 1).offset(min(offset, _LARGEST - limit - 1)).subquery("page")
    total = select(func.count().label("persons")).select_from(found).subquery("total")
    # The number is there even if the page is empty.
    statement = select(row.c.created_at, row.c.id, total.c.persons).select_from(total.outerjoin(row, true()))
    rows = connection.execute(_in_order(statement, row.c, backward=backward)).all()
    places = [Position(created_at, person_id) for created_at, person_id, _ in rows[:limit] if person_id is not None]
    return FoundPage(places[::-1] if backward else places, len(rows) > limit, rows[0].persons)


def _in_order(
    statement: Select[Any], columns: ReadOnlyColumnCollection[str, Any], *, backward: bool = False
) -> Select[Any]:
    order = (columns.created_at, columns.id)
    return statement.order_by(*(column if backward else column.desc() for column in order))


def _beyond(after: Position, columns: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """In a form whose first part PostgreSQL's index of the order serves."""
    at, person_id = bindparam(None, after.created_at, Instant), bindparam(None, after.id, BigInteger)
    if after.backward:
        return and_(columns.created_at >= at, or_(columns.created_at > at, columns.id > person_id))
    return and_(columns.created_at <= at, or_(columns.created_at < at, columns.id < person_id))
