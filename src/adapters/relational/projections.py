"""The log: what is not yet known to be in the event store.

An entry has events, and names persons and ids; their state is read when it is asked for, so that what it says of
them may be applied late, twice or together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Text, cast, delete, insert, select

from ...domain.events import StoredEvent
from ...domain.persons import person_uuid
from ...domain.ports import PersonCopy, Projection
from . import groups
from .batch import batch_of, fetch
from .logged_events import read_events, write_events
from .tables import DistinctIdRow, PersonRow, ProjectionLogRow


def log(connection: Connection, events: Sequence[StoredEvent], projection: Projection) -> Projection:
    """Keep both; the projection with its mark."""
    if not events and not projection:
        return projection
    parts: list[bytes | None] = [*write_events(events)]
    *earlier, last = parts or [None]
    for part in earlier:
        _insert(connection, part, Projection())
    return replace(projection, mark=_insert(connection, last, projection))


def unapplied(connection: Connection, after: int) -> Iterator[tuple[Sequence[StoredEvent], Projection]]:
    """What was logged after that mark, oldest first, with the present state of what it names."""
    row = ProjectionLogRow
    marks = connection.execute(select(row.id).where(row.id > after).order_by(row.id)).scalars().all()
    for mark in marks:  # one at a time: each may be large
        payload, events = connection.execute(select(row.payload, row.events).where(row.id == mark)).one()
        yield read_events(events) if events else [], _present(connection, mark, payload)


def clear(connection: Connection, until: int) -> None:
    connection.execute(delete(ProjectionLogRow).where(ProjectionLogRow.id <= until))


def _insert(connection: Connection, events: bytes | None, projection: Projection) -> int:
    payload = {
        "people": [(copy.project_id, copy.uuid.hex) for copy in projection.people],
        "gone": [(project_id, uuid.hex) for project_id, uuid in projection.gone],
        "holders": [(project_id, distinct_id) for project_id, distinct_id, _ in projection.holders],
        "ids": [(project_id, distinct_id) for project_id, distinct_id, _ in projection.ids],
        "groups": [(group.project_id, group.index, group.key) for group in projection.groups],
    }
    statement = insert(ProjectionLogRow).values(payload=payload, events=events).returning(ProjectionLogRow.id)
    return connection.execute(statement).scalar_one()


def _present(connection: Connection, mark: int, payload: dict[str, Any]) -> Projection:
    named = {(project_id, UUID(uuid)) for kind in ("people", "gone") for project_id, uuid in payload[kind]}
    people = [
        PersonCopy(project_id, uuid, version, properties.encode(), *rest)
        for project_id, uuid, version, properties, *rest in fetch(
            connection, _PEOPLE, ((project_id, uuid.hex) for project_id, uuid in named)
        )
    ]
    living = {(copy.project_id, copy.uuid) for copy in people}
    holders = [
        (project_id, distinct_id, uuid or person_uuid(project_id, distinct_id))
        for project_id, distinct_id, uuid in fetch(connection, _HOLDERS, payload["holders"])
    ]
    ids = [tuple(row) for row in fetch(connection, _HOLDERS, payload.get("ids", ())) if row[2] is not None]
    described = groups.described(connection, payload.get("groups", ()))
    return Projection(people, sorted(named - living), holders, ids, described, mark)


# --- statements ---------------------------------------------------------------------------------------------

_uuids = batch_of(PersonRow.project_id, PersonRow.uuid)
_PEOPLE = (
    select(
        PersonRow.project_id,
        PersonRow.uuid,
        PersonRow.version,
        cast(PersonRow.properties, Text),
        PersonRow.id,
        PersonRow.created_at,
        PersonRow.updated_at,
    )
    .select_from(_uuids)
    .join(PersonRow, (PersonRow.project_id == _uuids.c.project_id) & (PersonRow.uuid == _uuids.c.uuid))
)
_ids = batch_of(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
_HOLDERS = (
    select(DistinctIdRow.project_id, DistinctIdRow.distinct_id, PersonRow.uuid)
    .select_from(_ids)
    .join(
        DistinctIdRow,
        (DistinctIdRow.project_id == _ids.c.project_id) & (DistinctIdRow.distinct_id == _ids.c.distinct_id),
    )
    .outerjoin(PersonRow, PersonRow.id == DistinctIdRow.person_id)
)
