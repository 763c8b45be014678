"""The audit log in a relational store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, Index, Select, and_, false, func, select, union_all, update
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.activity import Entry, erased
from ...domain.activity_log import ActivityQuery, SignedEntry
from .batch import batch_of, fetch, insert_batch, run
from .columns import LARGEST, Json, to_micros
from .tables import Row, UserRow


class ActivityRow(Row):
    """An entry. It outlives what it is about and who wrote it, so nothing is referred to."""

    __tablename__ = "activity"
    __table_args__ = (
        Index(None, "project_id", "created_at", "id"),
        Index(None, "project_id", "scope", "item_id", "created_at", "id"),
        {"sqlite_strict": True},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int | None]
    user_id: Mapped[int | None]
    activity: Mapped[str]
    scope: Mapped[str]
    item_id: Mapped[str]
    detail: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime]


class SqlActivityRepository:
    """The entries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entries: Iterable[Entry]) -> None:
        rows = (
            (
                entry.id.hex,
                entry.project_id,
                entry.user_id,
                entry.activity,
                entry.scope,
                entry.item_id,
                _json(entry.detail),
                to_micros(entry.created_at),
            )
            for entry in entries
        )
        run(self._connection, _INSERT, rows)

    def page(self, query: ActivityQuery, *, limit: int, offset: int = 0) -> Sequence[SignedEntry]:
        # Each place is walked in the order of its index; together they would have to be sorted.
        until = min(offset + limit, LARGEST)
        places = [
            select(ActivityRow.id, ActivityRow.created_at).where(here).order_by(*_NEWEST_FIRST).limit(until).subquery()
            for here in _places(query)
        ]
        found = union_all(*(select(place) for place in places)).subquery()
        newest = select(found.c.id).order_by(found.c.created_at.desc(), found.c.id.desc())
        ids = newest.limit(limit).offset(min(offset, LARGEST)).subquery()
        rows = self._connection.execute(_SIGNED.join(ids, ActivityRow.id == ids.c.id).order_by(*_NEWEST_FIRST)).all()
        return [SignedEntry(_entry(row), row.first_name or "", row.email or "") for row in rows]

    def count(self, query: ActivityQuery) -> int:
        counts = (select(func.count()).select_from(ActivityRow).where(here) for here in _places(query))
        return sum(self._connection.execute(count).scalar_one() for count in counts)

    def erase(self, project_id: int, person_ids: Collection[int]) -> None:
        rows = fetch(self._connection, _OF_PERSONS, ((project_id, str(one)) for one in person_ids))
        emptied = (erased(_entry(row)) for row in rows)
        run(self._connection, _REWRITE, ((entry.id.hex, _json(entry.detail)) for entry in emptied))


def _places(query: ActivityQuery) -> list[ColumnElement[bool]]:
    """What the entries of the project meet, and what those of no project do, which no person is without."""
    conditions = _conditions(query)
    places = [and_(ActivityRow.project_id == query.project_id, *conditions)]
    if set(query.scopes) != {"Person"}:
        places.append(and_(ActivityRow.project_id.is_(None), *conditions))
    return places


def _conditions(query: ActivityQuery) -> list[ColumnElement[bool]]:
    if any("\0" in (one or "") for one in (*query.scopes, query.item_id, query.activity)):
        return [false()]  # nothing stored contains it, and PostgreSQL does not take it
    found: list[ColumnElement[bool]] = []
    if query.scopes:
        found.append(ActivityRow.scope.in_(query.scopes))
    if query.item_id is not None:
        found.append(ActivityRow.item_id == query.item_id)
    if query.user_id is not None:
        found.append(ActivityRow.user_id == query.user_id)
    if query.activity is not None:
        found.append(ActivityRow.activity == query.activity)
    return found


def _entry(row: Any) -> Entry:
    return Entry(
        id=row.id,
        project_id=row.project_id,
        user_id=row.user_id,
        activity=row.activity,
        scope=row.scope,
        item_id=row.item_id,
        detail=row.detail,
        created_at=row.created_at,
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


# --- statements ---------------------------------------------------------------------------------------------

_entry_columns = (
    ActivityRow.id,
    ActivityRow.project_id,
    ActivityRow.user_id,
    ActivityRow.activity,
    ActivityRow.scope,
    ActivityRow.item_id,
    ActivityRow.detail,
    ActivityRow.created_at,
)
_NEWEST_FIRST = (ActivityRow.created_at.desc(), ActivityRow.id.desc())
_SIGNED: Select[Any] = (
    select(*_entry_columns, UserRow.first_name, UserRow.email)
    .select_from(ActivityRow)
    .outerjoin(UserRow, UserRow.id == ActivityRow.user_id)
)
_INSERT = insert_batch(
    ActivityRow.id,
    ActivityRow.project_id,
    ActivityRow.user_id,
    ActivityRow.activity,
    ActivityRow.scope,
    ActivityRow.item_id,
    ActivityRow.detail,
    ActivityRow.created_at,
)
_items = batch_of(ActivityRow.project_id, ActivityRow.item_id)
_OF_PERSONS = select(*_entry_columns).join(
    _items,
    (ActivityRow.project_id == _items.c.project_id)
    & (ActivityRow.scope == "Person")
    & (ActivityRow.item_id == _items.c.item_id),
)
_details = batch_of(ActivityRow.id, ActivityRow.detail)
_REWRITE = update(ActivityRow).values(detail=_details.c.detail).where(ActivityRow.id == _details.c.id)
