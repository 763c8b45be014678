"""How batches get into the tables and how their duplicates are found: every statement takes a whole batch.

`rows` is the JSON list of the batch, "" for an empty one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    TextClause,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
)

from ...domain.events import Event
from .dialects import Dialect
from .tables import Instant, applied, events, groups, holders, persons

_DAY = timedelta(hours=24)
_MAX_CLUSTERS = 10
_SOME = 1_000


def add_events(connection: Connection, columns: Collection[str], rows: str, sql: Dialect) -> None:
    """Append rows of `events`."""
    if rows:
        connection.execute(_insert_events(columns, sql), {"rows": rows})


def put_persons(connection: Connection, columns: Collection[str], rows: str, sql: Dialect) -> None:
    """Put rows of `persons` in the place of older copies; a row older than the copy that is there is left out."""
    if rows:
        connection.execute(_remove_older_persons(sql), {"rows": rows})
        connection.execute(_insert_persons(columns, sql), {"rows": rows})


def remove_persons(connection: Connection, rows: str, sql: Dialect) -> None:
    """Remove the copies of persons, of which the rows have project and uuid."""
    if rows:
        connection.execute(_remove_persons(sql), {"rows": rows})


def add_ids(connection: Connection, rows: str, sql: Dialect) -> None:
    """Append rows of `ids`, no two about one id."""
    if rows:
        connection.execute(text(sql.add_ids()), {"rows": rows})


def put_holders(connection: Connection, rows: str, sql: Dialect) -> None:
    """Put rows of `holders`, no two about one id, in the place of those that are there."""
    if rows:
        connection.execute(_remove_holders(sql), {"rows": rows})
        connection.execute(text(sql.insert_rows(holders, tuple(holders.columns.keys()))), {"rows": rows})


def put_groups(connection: Connection, rows: str, sql: Dialect) -> None:
    """Put rows of `groups`, no two about one group, in the place of those that are there."""
    if rows:
        connection.execute(_remove_groups(sql), {"rows": rows})
        connection.execute(text(sql.insert_rows(groups, tuple(groups.columns.keys()))), {"rows": rows})


def set_mark(connection: Connection, mark: int) -> None:
    """Say which projection was the last."""
    connection.execute(delete(applied))
    connection.execute(insert(applied), {"mark": mark})


def mark_of(connection: Connection) -> int:
    """Which projection was the last, 0 for none."""
    mark: int | None = connection.scalar(select(applied.c.mark))
    return mark or 0


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
                if within_a_day(event, stored.get(key, ())):
                    found.add(key)
    return found


def within_a_day(event: Event, times: Iterable[datetime]) -> bool:
    """Whether one of the times is at most 24 hours away from the event's."""
    return any(abs(at - event.timestamp) <= _DAY for at in times)


def count_between(connection: Connection, start: datetime, end: datetime) -> int:
    """How many events have a time from one to before another."""
    return connection.execute(select(func.count()).select_from(events).where(_between(start, end))).scalar_one()


def uuids_between(connection: Connection, start: datetime, end: datetime) -> Iterator[list[int]]:
    """Their uuids as numbers, some at a time; in no more memory than an hour's take."""
    hour = func.date_trunc("hour", events.c.timestamp, type_=Instant)
    hours = select(hour).where(_between(start, end)).distinct().order_by(hour)
    for first in connection.execute(hours).scalars().all():
        # As bytes, since a UUID takes several times as long to make.
        uuids = select(cast(events.c.uuid, LargeBinary)).where(_between(first, first + timedelta(hours=1)))
        found = connection.execute(uuids)
        while rows := found.fetchmany(_SOME):
            yield [int.from_bytes(uuid) for (uuid,) in rows]


def _between(start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(
        events.c.timestamp >= bindparam(None, start, Instant), events.c.timestamp < bindparam(None, end, Instant)
    )


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


# Inserts name only the columns that a batch has something in: each costs time, whether there is or not.


def _insert_events(present: Collection[str], sql: Dialect) -> TextClause:
    return text(sql.insert_rows(events, tuple(column.name for column in events.columns if column.name in present)))


def _insert_persons(present: Collection[str], sql: Dialect) -> TextClause:
    """For the rows without a copy in the table, which can only be a newer one."""
    columns = tuple(column.name for column in persons.columns if column.name in present)
    return text(sql.insert_rows(persons, columns, unless_there=True))


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
