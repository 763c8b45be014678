"""The queue of event deletions in a relational store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.deletions import (
    Backlog,
    Deletion,
    DeletionKind,
    DeletionQuery,
    DeletionRequest,
    DeletionStatus,
    merged,
)
from .batch import batch_of, fetch, insert_batch, run
from .columns import LARGEST, Json, to_micros
from .tables import Row, UserRow

_NO_GROUP = -1
_PENDING = text("delete_verified_at IS NULL")


class EventDeletionRow(Row):
    """A request or a receipt. It outlives the project, the person and who asked.

    Unique among those not verified; so no group is a number too, as no null equals another.
    """

    __tablename__ = "event_deletions"
    __table_args__ = (
        Index(
            "ix_event_deletions_pending",  # the usual name is longer than PostgreSQL takes
            "project_id",
            "deletion_type",
            "key",
            "group_type_index",
            unique=True,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        Index(None, "project_id", "created_at", "id"),
        {"sqlite_strict": True, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    deletion_type: Mapped[int]
    project_id: Mapped[int]
    key: Mapped[str]
    group_type_index: Mapped[int]
    distinct_ids: Mapped[Any] = mapped_column(Json)
    person_ids: Mapped[Any] = mapped_column(Json)
    person_version: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(UserRow.id, ondelete="SET NULL"))
    created_at: Mapped[datetime]
    delete_verified_at: Mapped[datetime | None]
    events_deleted: Mapped[int | None]
    content_hash: Mapped[str | None]
    erased_until: Mapped[datetime | None]
    events_left: Mapped[int | None]
    purged_at: Mapped[datetime | None]


class SqlDeletionRepository:
    """The deletions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def request(self, requests: Sequence[DeletionRequest]) -> None:
        asked = {_place(one): one for one in requests}
        known = (_deletion(row) for row in fetch(self._connection, _PENDING_OF, asked))
        pending = {_place(one.request): one for one in known}
        extended = ((pending[place].id, merged(pending[place].request, asked[place])) for place in pending)
        run(self._connection, _EXTEND, ((number, *_what(one)) for number, one in extended))
        new = (one for place, one in asked.items() if place not in pending)
        run(self._connection, _INSERT, ((*_place(one), one.by, *_what(one)) for one in new))

    def page(self, query: DeletionQuery, *, limit: int, offset: int = 0) -> Sequence[Deletion]:
        statement = _DELETIONS.where(_meets(query))
        statement = statement.order_by(EventDeletionRow.created_at.desc(), EventDeletionRow.id.desc())
        rows = self._connection.execute(statement.limit(limit).offset(min(offset, LARGEST))).all()
        return [_deletion(row) for row in rows]

    def count(self, query: DeletionQuery) -> int:
        statement = select(func.count()).select_from(EventDeletionRow).where(_meets(query))
        return self._connection.execute(statement).scalar_one()

    def backlog(self) -> Backlog:
        statement = select(func.count(), func.min(EventDeletionRow.created_at)).where(_IS_PENDING)
        count, oldest = self._connection.execute(statement).one()
        return Backlog(count, oldest)

    def get(self, deletion_id: int) -> Deletion | None:
        if not 0 < deletion_id <= LARGEST:
            return None
        row = self._connection.execute(_DELETIONS.where(EventDeletionRow.id == deletion_id)).one_or_none()
        return _deletion(row) if row else None

    def pending(self, *, after: int = 0, limit: int | None = None) -> Sequence[Deletion]:
        statement = _DELETIONS.where(_IS_PENDING, EventDeletionRow.id > after)
        rows = self._connection.execute(statement.order_by(EventDeletionRow.id).limit(limit)).all()
        return [_deletion(row) for row in rows]

    def cancel(self, deletion_id: int) -> bool:
        waiting = (EventDeletionRow.id == deletion_id, _IS_PENDING, EventDeletionRow.erased_until.is_(None))
        return self._connection.execute(delete(EventDeletionRow).where(*waiting)).rowcount == 1

    def begin(self, deletions: Sequence[Deletion]) -> set[int]:
        rows = ((one.id, to_micros(one.request.at), one.events_deleted, one.content_hash) for one in deletions)
        return {number for (number,) in fetch(self._connection, _BEGIN, rows)}

    def finish(self, deletions: Sequence[Deletion]) -> set[int]:
        rows = (
            (
                one.id,
                to_micros(one.request.at),
                one.events_left,
                None if one.verified_at is None else to_micros(one.verified_at),
            )
            for one in deletions
        )
        return {number for (number,) in fetch(self._connection, _FINISH, rows)}

    def unpurged(self) -> Sequence[int]:
        found = select(EventDeletionRow.id).where(~_IS_PENDING, EventDeletionRow.purged_at.is_(None))
        return self._connection.execute(found).scalars().all()

    def purged(self, deletion_ids: Sequence[int], *, at: datetime) -> None:
        run(self._connection, _PURGED, ((number, to_micros(at)) for number in deletion_ids))


def _place(request: DeletionRequest) -> tuple[int, int, str, int]:
    group = _NO_GROUP if request.group_type_index is None else request.group_type_index
    return request.project_id, int(request.kind), request.key, group


def _what(request: DeletionRequest) -> tuple[str, str, int, int]:
    ids, persons = _json(request.distinct_ids), _json(request.person_ids)
    return ids, persons, request.person_version, to_micros(request.at)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _meets(query: DeletionQuery) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = []
    if query.project_id is not None:
        found.append(EventDeletionRow.project_id == query.project_id)
    if query.kind is not None:
        found.append(EventDeletionRow.deletion_type == int(query.kind))
    if query.status is not None:
        pending = query.status is DeletionStatus.PENDING
        found.append(_IS_PENDING if pending else EventDeletionRow.delete_verified_at.is_not(None))
    if query.person_uuid is not None:
        found.append(EventDeletionRow.key == str(query.person_uuid))
    return and_(true(), *found)


def _deletion(row: Any) -> Deletion:
    request = DeletionRequest(
        project_id=row.project_id,
        kind=DeletionKind(row.deletion_type),
        key=row.key,
        at=row.created_at,
        by=row.created_by,
        group_type_index=None if row.group_type_index == _NO_GROUP else row.group_type_index,
        distinct_ids=tuple(row.distinct_ids),
        person_ids=tuple(row.person_ids),
        person_version=row.person_version,
    )
    return Deletion(
        row.id,
        request,
        row.delete_verified_at,
        row.events_deleted,
        row.content_hash,
        row.erased_until,
        row.events_left,
        row.purged_at,
    )


# --- statements ---------------------------------------------------------------------------------------------

_IS_PENDING = EventDeletionRow.delete_verified_at.is_(None)
_DELETIONS = select(
    EventDeletionRow.id,
    EventDeletionRow.deletion_type,
    EventDeletionRow.project_id,
    EventDeletionRow.key,
    EventDeletionRow.group_type_index,
    EventDeletionRow.distinct_ids,
    EventDeletionRow.person_ids,
    EventDeletionRow.person_version,
    EventDeletionRow.created_by,
    EventDeletionRow.created_at,
    EventDeletionRow.delete_verified_at,
    EventDeletionRow.events_deleted,
    EventDeletionRow.content_hash,
    EventDeletionRow.erased_until,
    EventDeletionRow.events_left,
    EventDeletionRow.purged_at,
)
_place_columns = (
    EventDeletionRow.project_id,
    EventDeletionRow.deletion_type,
    EventDeletionRow.key,
    EventDeletionRow.group_type_index,
)
_what_columns = (
    EventDeletionRow.distinct_ids,
    EventDeletionRow.person_ids,
    EventDeletionRow.person_version,
    EventDeletionRow.created_at,
)
_asked = batch_of(*_place_columns)
_PENDING_OF = _DELETIONS.join(
    _asked,
    (EventDeletionRow.project_id == _asked.c.project_id)
    & (EventDeletionRow.deletion_type == _asked.c.deletion_type)
    & (EventDeletionRow.key == _asked.c.key)
    & (EventDeletionRow.group_type_index == _asked.c.group_type_index),
).where(_IS_PENDING)
_extended = batch_of(EventDeletionRow.id, *_what_columns)
_EXTEND = (
    update(EventDeletionRow)
    .values({column.key: _extended.c[column.key] for column in _what_columns})
    .where(EventDeletionRow.id == _extended.c.id)
)
_INSERT = insert_batch(*_place_columns, EventDeletionRow.created_by, *_what_columns)

_begun = batch_of(
    EventDeletionRow.id, EventDeletionRow.created_at, EventDeletionRow.events_deleted, EventDeletionRow.content_hash
)
_BEGIN = (
    update(EventDeletionRow)
    .values(
        events_deleted=_begun.c.events_deleted, content_hash=_begun.c.content_hash, erased_until=_begun.c.created_at
    )
    .where(
        EventDeletionRow.id == _begun.c.id,
        EventDeletionRow.created_at == _begun.c.created_at,
        _IS_PENDING,
        or_(EventDeletionRow.erased_until.is_(None), EventDeletionRow.erased_until < EventDeletionRow.created_at),
    )
    .returning(EventDeletionRow.id)
)
_finished = batch_of(
    EventDeletionRow.id, EventDeletionRow.created_at, EventDeletionRow.events_left, EventDeletionRow.delete_verified_at
)
_FINISH = (
    update(EventDeletionRow)
    .values(
        events_left=_finished.c.events_left,
        delete_verified_at=_finished.c.delete_verified_at,
        distinct_ids=case(
            (_finished.c.delete_verified_at.is_(None), EventDeletionRow.distinct_ids), else_=literal([], Json)
        ),
    )
    .where(
        EventDeletionRow.id == _finished.c.id,
        EventDeletionRow.created_at == _finished.c.created_at,
        EventDeletionRow.erased_until == _finished.c.created_at,
        _IS_PENDING,
    )
    .returning(EventDeletionRow.id)
)
_cleaned = batch_of(EventDeletionRow.id, EventDeletionRow.purged_at)
_PURGED = update(EventDeletionRow).values(purged_at=_cleaned.c.purged_at).where(EventDeletionRow.id == _cleaned.c.id)
