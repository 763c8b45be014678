"""Erasing what the relational store keeps of persons and projects that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, and_, delete, func, select, tuple_, update

from ...domain.timeline import PastVersion, properties_at
from .batch import batch_of, fetch, run
from .columns import to_micros
from .tables import DistinctIdRow, PersonHistoryRow, ProjectRow, Row

_QUEUE = "event_deletions"
_ROWS = 1_000


def forget_history(connection: Connection, project_id: int, uuid: UUID, version: int, at: datetime) -> set[int]:
    """Forget a person's versions up to that one, unless it lives on, and those of whom it took over until `at`. The
    integer ids of the latter."""
    _begin_with(connection, project_id, uuid, version)
    found: set[int] = set()
    known = asked = {uuid}
    while asked:
        endings = fetch(connection, _MERGED_INTO, ((project_id, one.hex, to_micros(at)) for one in asked))
        run(connection, _FORGET_UNTIL, ((project_id, row.person_uuid.hex, row.version) for row in endings))
        found.update(row.person_id for row in endings if row.person_id is not None)
        asked = {row.person_uuid for row in endings} - known
        known = known | asked
    return found


def forget_ids(connection: Connection, project_id: int, distinct_ids: Collection[str]) -> None:
    """Forget that ids were seen, but for those that somebody holds."""
    run(connection, _FORGET_IDS, ((project_id, one) for one in distinct_ids))


def erase_project(connection: Connection, project_id: int, limit: int) -> int:
    """Erase at most `limit` rows of what belongs to a project, whatever table it is in; how many. In the end the
    project itself goes."""
    doomed = and_(ProjectRow.id == project_id, ProjectRow.deleted_at.is_not(None))
    if connection.execute(select(ProjectRow.id).where(doomed)).one_or_none() is None:
        return 0
    erased = 0
    for table in reversed(Row.metadata.sorted_tables):
        if "project_id" in table.c and table.name != _QUEUE:
            erased += _erase_rows(connection, table, project_id, limit - erased)
            if erased >= limit:
                return erased
    connection.execute(delete(ProjectRow).where(doomed))
    return erased


def _erase_rows(connection: Connection, table: Table, project_id: int, limit: int) -> int:
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(table.c.project_id == project_id).limit(limit)
    return connection.execute(delete(table).where(key.in_(some))).rowcount


def _begin_with(connection: Connection, project_id: int, uuid: UUID, version: int) -> None:
    own = and_(
        PersonHistoryRow.project_id == project_id,
        PersonHistoryRow.person_uuid == uuid,
        PersonHistoryRow.version <= version,
    )
    last: Any = None

    def versions() -> Iterator[PastVersion]:
        nonlocal last
        columns = (PersonHistoryRow.id, PersonHistoryRow.person_id, *_VERSION)
        for last in connection.execute(
            select(*columns).where(own).order_by(PersonHistoryRow.version, PersonHistoryRow.id)
        ):
            yield PastVersion(last.version, last.set_properties, last.unset_properties, last.snapshot)

    properties = properties_at(versions(), [version])[version]
    if last is None:
        return
    if last.person_id is not None:  # the ending
        connection.execute(delete(PersonHistoryRow).where(own))
        return
    connection.execute(delete(PersonHistoryRow).where(own, PersonHistoryRow.id != last.id))
    whole = {"snapshot": True, "set_properties": properties, "unset_properties": []}
    connection.execute(update(PersonHistoryRow).values(whole).where(PersonHistoryRow.id == last.id))


# --- statements ---------------------------------------------------------------------------------------------

_VERSION = (
    PersonHistoryRow.version,
    PersonHistoryRow.set_properties,
    PersonHistoryRow.unset_properties,
    PersonHistoryRow.snapshot,
)
_takers = batch_of(PersonHistoryRow.project_id, PersonHistoryRow.person_uuid, PersonHistoryRow.at)
_MERGED_INTO = (
    select(
        PersonHistoryRow.person_uuid,
        func.max(PersonHistoryRow.version).label("version"),
        PersonHistoryRow.person_id,
    )
    .select_from(_takers)
    .join(
        PersonHistoryRow,
        (PersonHistoryRow.project_id == _takers.c.project_id)
        & (PersonHistoryRow.merged_into == _takers.c.person_uuid)
        & (PersonHistoryRow.at <= _takers.c.at),
    )
    .group_by(PersonHistoryRow.person_uuid, PersonHistoryRow.person_id)
)
_ended = batch_of(PersonHistoryRow.project_id, PersonHistoryRow.person_uuid, PersonHistoryRow.version)
_FORGET_UNTIL = delete(PersonHistoryRow).where(
    select(_ended.c.version)
    .where(
        _ended.c.project_id == PersonHistoryRow.project_id,
        _ended.c.person_uuid == PersonHistoryRow.person_uuid,
        _ended.c.version >= PersonHistoryRow.version,
    )
    .exists(),
)
_ids = batch_of(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
_FORGET_IDS = delete(DistinctIdRow).where(
    DistinctIdRow.person_id.is_(None),
    tuple_(DistinctIdRow.project_id, DistinctIdRow.distinct_id).in_(select(_ids.c.project_id, _ids.c.distinct_id)),
)
