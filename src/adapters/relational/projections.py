"""The projection log: what changed about persons and is not yet known to be in the event store.

An entry names persons and ids; their state is read when it is asked for, so that entries may be applied late,
twice or together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Text, cast, delete, insert, select

from ...domain.persons import person_uuid
from ...domain.ports import PersonCopy, Projection
from . import groups
from .batch import batch_of, fetch
from .tables import DistinctIdRow, PersonRow, ProjectionLogRow


def log(connection: Connection, projection: Projection) -> Projection:
    """The projection with its mark; one that says nothing is not logged."""
    if not (projection.people or projection.gone or projection.holders or projection.ids or projection.groups):
        return projection
    payload = {
        "people": [(copy.project_id, copy.uuid.hex) for copy in projection.people],
        "gone": [(project_id, uuid.hex) for project_id, uuid in projection.gone],
        "holders": [(project_id, distinct_id) for project_id, distinct_id, _ in projection.holders],
        "ids": [(project_id, distinct_id) for project_id, distinct_id, _ in projection.ids],
        "groups": [(group.project_id, group.index, group.key) for group in projection.groups],
    }
    statement = insert(ProjectionLogRow).values(payload=payload).returning(ProjectionLogRow.id)
    return replace(projection, mark=connection.execute(statement).scalar_one())


def unapplied(connection: Connection, after: int) -> Sequence[Projection]:
    """The projections logged after that mark, oldest first, with the present state of what they name."""
    statement = select(ProjectionLogRow.id, ProjectionLogRow.payload).where(ProjectionLogRow.id > after)
    statement = statement.order_by(ProjectionLogRow.id)
    return [_present(connection, mark, payload) for mark, payload in connection.execute(statement).all()]


def clear(connection: Connection, until: int) -> None:
    connection.execute(delete(ProjectionLogRow).where(ProjectionLogRow.id <= until))


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
