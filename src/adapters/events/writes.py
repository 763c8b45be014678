"""How batches get into the tables and how their duplicates are found: every statement takes a whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import orjson
from sqlalchemy import Connection, TextClause, bindparam, text

from ...domain.events import Event
from ...domain.population import Id
from .dialects.duckdb import insert_rows, rows_of
from .rows import Row
from .tables import Instant, events, groups, holders, ids, persons

_DAY = timedelta(hours=24)
_MAX_CLUSTERS = 10


def add_events(connection: Connection, rows: Sequence[Row]) -> None:
    """Append rows of `events`."""
    if rows:
        connection.execute(_insert_events(frozenset().union(*rows)), {"rows": _json(rows)})


def put_persons(connection: Connection, rows: Sequence[Row]) -> None:
    """Put rows of `persons` in the place of older copies; a row older than the copy that is there is left out."""
    if not rows:
        return
    given = [{key: row[key] for key in ("project_id", "uuid", "version")} for row in rows]
    connection.execute(_REMOVE_OLDER_PERSONS, {"rows": _json(given)})
    connection.execute(_insert_persons(frozenset().union(*rows)), {"rows": _json(rows)})


def remove_persons(connection: Connection, gone: Sequence[tuple[int, UUID]]) -> None:
    """Remove the copies of persons."""
    if gone:
        rows = [{"project_id": project, "uuid": uuid} for project, uuid in gone]
        connection.execute(_REMOVE_PERSONS, {"rows": _json(rows)})


def add_ids(connection: Connection, rows: Sequence[Row]) -> None:
    """Append rows of `ids`. One that is there already does no harm."""
    if rows:
        connection.execute(_ADD_IDS, {"rows": _json(rows)})


def put_holders(connection: Connection, held: Sequence[tuple[int, str, UUID]]) -> None:
    """Say who holds distinct ids now; of several about one id the last counts."""
    if not held:
        return
    last: dict[Id, UUID] = {(project, distinct_id): person for project, distinct_id, person in held}
    rows = _json([dict(zip(_HOLDER, (*one, person), strict=True)) for one, person in last.items()])
    connection.execute(_REMOVE_HOLDERS, {"rows": rows})
    connection.execute(_ADD_HOLDERS, {"rows": rows})


def put_groups(connection: Connection, rows: Sequence[Row]) -> None:
    """Put rows of `groups` in the place of those that are there."""
    if rows:
        connection.execute(_REMOVE_GROUPS, {"rows": _json(rows)})
        connection.execute(_ADD_GROUPS, {"rows": _json(rows)})


def stored_within_a_day(connection: Connection, given: Sequence[Event]) -> set[tuple[int, UUID]]:
    """The (project, uuid) of events that are stored with a time at most 24 hours away from the given one."""
    found: set[tuple[int, UUID]] = set()
    for cluster in _clusters(given):
        bounds = {"from": cluster[0].timestamp - _DAY, "until": cluster[-1].timestamp + _DAY}
        uuids = ",".join([event.uuid.hex for event in cluster])
        stored: defaultdict[tuple[int, UUID], list[datetime]] = defaultdict(list)
        for project, uuid, at in connection.execute(_STORED, {"uuids": uuids, **bounds}):
            stored[project, uuid].append(at)
        if stored:  # seldom
            for event in cluster:
                key = (event.project_id, event.uuid)
                if any(abs(at - event.timestamp) <= _DAY for at in stored.get(key, ())):
                    found.add(key)
    return found


def _clusters(given: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in the order of time, apart where no stored event can be near both sides.

    So one event that is old does not make all that was stored since be searched; but many do, at once.
    """
    ordered = sorted(given, key=lambda event: event.timestamp)
    clusters: list[list[Event]] = []
    for event in ordered:
        if not clusters or event.timestamp - clusters[-1][-1].timestamp > 2 * _DAY:
            clusters.append([])
        clusters[-1].append(event)
    yield from clusters if len(clusters) <= _MAX_CLUSTERS else [ordered]


def _json(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows).decode()


# Inserts name only the columns that a batch has something in: each costs time, whether there is or not.


@lru_cache(maxsize=256)
def _insert_events(present: frozenset[str]) -> TextClause:
    return insert_rows(events, *(column.name for column in events.columns if column.name in present))


@lru_cache(maxsize=256)
def _insert_persons(present: frozenset[str]) -> TextClause:
    """For the rows without a copy in the table, which can only be a newer one."""
    rows = rows_of(persons, *(column.name for column in persons.columns if column.name in present))
    return text(f"INSERT INTO persons BY NAME FROM {rows} ANTI JOIN persons USING (project_id, uuid)")


_HOLDER = ("project_id", "distinct_id", "person_id")
_REMOVE_OLDER_PERSONS = text(
    f"DELETE FROM persons USING {rows_of(persons, 'project_id', 'uuid', 'version')} AS given"  # noqa: S608 - names only
    " WHERE persons.project_id = given.project_id AND persons.uuid = given.uuid AND persons.version <= given.version"
)
_REMOVE_PERSONS = text(
    f"DELETE FROM persons USING {rows_of(persons, 'project_id', 'uuid')} AS given"  # noqa: S608
    " WHERE persons.project_id = given.project_id AND persons.uuid = given.uuid"
)
_REMOVE_HOLDERS = text(
    f"DELETE FROM holders USING {rows_of(holders, *_HOLDER)} AS given"  # noqa: S608
    " WHERE holders.project_id = given.project_id AND holders.distinct_id = given.distinct_id"
)
_REMOVE_GROUPS = text(
    f"DELETE FROM groups USING {rows_of(groups, 'project_id', 'index', 'key')} AS given"  # noqa: S608
    " WHERE groups.project_id = given.project_id AND groups.index = given.index AND groups.key = given.key"
)
_ADD_GROUPS = insert_rows(groups, *(column.name for column in groups.columns))
_ADD_IDS = insert_rows(ids, *(column.name for column in ids.columns))
_ADD_HOLDERS = insert_rows(holders, *_HOLDER)
# The uuids as one text: a list that is bound value by value takes longer than the search.
_STORED = (
    text(
        "SELECT project_id, uuid, timestamp FROM events WHERE timestamp BETWEEN :from AND :until"
        " AND uuid IN (SELECT unnest(CAST(string_split(:uuids, ',') AS UUID[])))"
    )
    .bindparams(bindparam("from", type_=Instant), bindparam("until", type_=Instant))
    .columns(events.c.project_id, events.c.uuid, events.c.timestamp)
)
