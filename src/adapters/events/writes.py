"""How batches get into the tables and how their duplicates are found: every statement takes a whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import Connection, Table, TextClause, bindparam, text

from ...domain.events import Event
from ...domain.population import Id
from .dialects import Dialect
from .rows import Row
from .tables import Instant, events, groups, holders, persons

_DAY = timedelta(hours=24)
_MAX_CLUSTERS = 10


def add_events(connection: Connection, rows: Sequence[Row], sql: Dialect) -> None:
    """Append rows of `events`."""
    if rows:
        connection.execute(_insert_events(frozenset().union(*rows), sql), {"rows": _json(rows)})


def put_persons(connection: Connection, rows: Sequence[Row], sql: Dialect) -> None:
    """Put rows of `persons` in the place of older copies; a row older than the copy that is there is left out."""
    if not rows:
        return
    given = [{key: row[key] for key in ("project_id", "uuid", "version")} for row in rows]
    connection.execute(_remove_older_persons(sql), {"rows": _json(given)})
    connection.execute(_insert_persons(frozenset().union(*rows), sql), {"rows": _json(rows)})


def remove_persons(connection: Connection, gone: Sequence[tuple[int, UUID]], sql: Dialect) -> None:
    """Remove the copies of persons."""
    if gone:
        rows = [{"project_id": project, "uuid": uuid} for project, uuid in gone]
        connection.execute(_remove_persons(sql), {"rows": _json(rows)})


def add_ids(connection: Connection, rows: Sequence[Row], sql: Dialect) -> None:
    """Append rows of `ids`. Of several about one id the last counts."""
    if rows:
        rows = list({(row["project_id"], row["distinct_id"]): row for row in rows}.values())
        connection.execute(text(sql.add_ids()), {"rows": _json(rows)})


def put_holders(connection: Connection, held: Sequence[tuple[int, str, UUID]], sql: Dialect) -> None:
    """Say who holds distinct ids now; of several about one id the last counts."""
    if not held:
        return
    last: dict[Id, UUID] = {(project, distinct_id): person for project, distinct_id, person in held}
    rows = _json([dict(zip(_HOLDER, (*one, person), strict=True)) for one, person in last.items()])
    connection.execute(_remove_holders(sql), {"rows": rows})
    connection.execute(text(sql.insert_rows(holders, _HOLDER)), {"rows": rows})


def put_groups(connection: Connection, rows: Sequence[Row], sql: Dialect) -> None:
    """Put rows of `groups` in the place of those that are there."""
    if rows:
        connection.execute(_remove_groups(sql), {"rows": _json(rows)})
        connection.execute(text(sql.insert_rows(groups, tuple(groups.columns.keys()))), {"rows": _json(rows)})


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


def _insert_events(present: frozenset[str], sql: Dialect) -> TextClause:
    return text(sql.insert_rows(events, tuple(column.name for column in events.columns if column.name in present)))


def _insert_persons(present: frozenset[str], sql: Dialect) -> TextClause:
    """For the rows without a copy in the table, which can only be a newer one."""
    columns = tuple(column.name for column in persons.columns if column.name in present)
    return text(sql.insert_rows(persons, columns, unless_there=True))


_HOLDER = ("project_id", "distinct_id", "person_id")


def _remove_older_persons(sql: Dialect) -> TextClause:
    return _remove(persons, ("project_id", "uuid"), sql, ("version",), " AND persons.version <= given.version")


def _remove_persons(sql: Dialect) -> TextClause:
    return _remove(persons, ("project_id", "uuid"), sql)


def _remove_holders(sql: Dialect) -> TextClause:
    return _remove(holders, ("project_id", "distinct_id"), sql)


def _remove_groups(sql: Dialect) -> TextClause:
    return _remove(groups, ("project_id", "index", "key"), sql)


def _remove(
    table: Table, key: tuple[str, ...], sql: Dialect, more: tuple[str, ...] = (), condition: str = ""
) -> TextClause:
    same = " AND ".join(f"{table.name}.{column} = given.{column}" for column in key)
    rows = sql.rows_of(table, (*key, *more))
    return text(f"DELETE FROM {table.name} USING {rows} AS given WHERE {same}{condition}")  # noqa: S608 - names only


# The uuids as one text: a list that is bound value by value takes longer than the search.
_STORED = (
    text(
        "SELECT project_id, uuid, timestamp FROM events WHERE timestamp BETWEEN :from AND :until"
        " AND uuid IN (SELECT unnest(CAST(string_to_array(:uuids, ',') AS UUID[])))"
    )
    .bindparams(bindparam("from", type_=Instant), bindparam("until", type_=Instant))
    .columns(events.c.project_id, events.c.uuid, events.c.timestamp)
)
