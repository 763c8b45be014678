"""Finding and erasing the events that a deletion covers, and what is known of who had which distinct id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, CursorResult, Table, TextClause, TextualSelect, delete, select, text

from ...domain.erasure import Contents, Covered, OfGroup, OfIds, OfPersons, OfProject, contents, event_line
from ...domain.population import Id
from .dialects import Dialect
from .tables import events, groups, holders, ids, persons

_CHUNK = 5_000


def contents_of(connection: Connection, covered: Covered, sql: Dialect) -> list[Contents]:
    """What the covered events hold: of each person, or one in all. Read in bounded memory."""
    if not isinstance(covered, OfPersons):
        found = connection.execute(select(*_CONTENT).where(_holds(covered)))
        return [contents(_line(row) for row in _rows(found))]
    totals = [Contents()] * len(covered.parts)
    places: defaultdict[Id, list[tuple[datetime, int]]] = defaultdict(list)
    for place, part in enumerate(covered.parts):
        for distinct_id in part.distinct_ids:
            places[part.project_id, distinct_id].append((part.until, place))
    if not places:
        return totals
    asked_for = {"rows": _json(covered.parts)}
    # In two steps, as only the second needs columns that are large: and a recount, which finds nothing, never does.
    parts = connection.execute(text(f"SELECT DISTINCT {sql.PART} {_joined(sql)}"), asked_for).scalars().all()
    if not parts:
        return totals
    within, bound = sql.in_parts(parts)
    for row in _rows(connection.execute(_of_ids(within, sql), asked_for | bound)):
        asked = places[row.project_id, row.distinct_id]
        first = next(place for until, place in asked if row.created_at <= until)
        totals[first] += contents([_line(row)])
    return totals


def erase(connection: Connection, covered: Covered, limit: int, sql: Dialect) -> int:
    """Erase at most `limit` covered events; how many."""
    if isinstance(covered, OfPersons):
        if not any(part.distinct_ids for part in covered.parts):
            return 0
        done = connection.execute(_erasing(_joined(sql), sql), {"rows": _json(covered.parts), "limit": limit})
    elif isinstance(covered, OfGroup):
        group = {"project_id": covered.project_id, "key": covered.key, "limit": limit}
        done = connection.execute(_erasing(f"{_OF_PROJECT} AND group_{covered.index} = :key", sql), group)
    else:
        done = connection.execute(_erasing(_OF_PROJECT, sql), {"project_id": covered.project_id, "limit": limit})
    return int(done.scalar_one())


def forget_ids(connection: Connection, project_id: int, distinct_ids: Collection[str], sql: Dialect) -> set[str]:
    """Forget who has those of the distinct ids that no event bears; which these are."""
    if not distinct_ids:
        return set()
    asked = {"rows": _ids(project_id, distinct_ids)}
    unused = set(distinct_ids) - set(connection.execute(_used(sql), asked).scalars())
    if unused:
        for table in (ids, holders):
            connection.execute(_forget(table, sql), {"rows": _ids(project_id, unused)})
    return unused


def forget_project(connection: Connection, project_id: int) -> None:
    """Forget all persons, groups and distinct ids of a project."""
    for table in (persons, groups, ids, holders):
        connection.execute(delete(table).where(table.c.project_id == project_id))


def _holds(covered: OfGroup | OfProject) -> ColumnElement[bool]:
    own = events.c.project_id == covered.project_id
    return own & (events.c[f"group_{covered.index}"] == covered.key) if isinstance(covered, OfGroup) else own


def _rows(result: CursorResult[Any]) -> Iterator[Any]:
    while rows := result.fetchmany(_CHUNK):
        yield from rows


def _line(row: Any) -> bytes:
    return event_line(row.uuid, row.event, row.distinct_id, row.timestamp, row.properties)


def _json(parts: Sequence[OfIds]) -> str:
    """The ids, each once, until the latest time that any part says."""
    until: dict[Id, datetime] = {}
    for part in parts:
        for distinct_id in part.distinct_ids:
            key = (part.project_id, distinct_id)
            until[key] = max(part.until, until.get(key, part.until))
    rows = [{"project_id": project, "distinct_id": one, "created_at": at} for (project, one), at in until.items()]
    return orjson.dumps(rows).decode()


def _ids(project_id: int, distinct_ids: Collection[str]) -> str:
    return orjson.dumps([{"project_id": project_id, "distinct_id": one} for one in distinct_ids]).decode()


# --- statements ---------------------------------------------------------------------------------------------

_CONTENT = tuple(
    events.c[name] for name in ("project_id", "uuid", "event", "distinct_id", "timestamp", "created_at", "properties")
)
_OF_PROJECT = "FROM events WHERE project_id = :project_id"
# Only names of this module and of the tables are written into the SQL.


def _joined(sql: Dialect) -> str:
    given = sql.rows_of(events, ("project_id", "distinct_id", "created_at"))
    return (
        f"FROM events JOIN {given} AS given ON events.project_id = given.project_id"
        " AND events.distinct_id = given.distinct_id AND events.created_at <= given.created_at"
    )


def _of_ids(within: str, sql: Dialect) -> TextualSelect:
    return text(f"SELECT {', '.join(map(str, _CONTENT))} {_joined(sql)} WHERE {within}").columns(*_CONTENT)


def _erasing(which: str, sql: Dialect) -> TextClause:
    # By row number, as there is no other way to say how many; those are stable within a transaction.
    row = sql.ROW
    return text(sql.counted(f"DELETE FROM events WHERE {row} IN (SELECT events.{row} {which} LIMIT :limit)"))  # noqa: S608


def _used(sql: Dialect) -> TextClause:
    return text(
        f"SELECT DISTINCT events.distinct_id FROM events JOIN {sql.rows_of(ids, _ID)} AS given"  # noqa: S608
        " ON events.project_id = given.project_id AND events.distinct_id = given.distinct_id"
    )


def _forget(table: Table, sql: Dialect) -> TextClause:
    return text(
        f"DELETE FROM {table.name} USING {sql.rows_of(ids, _ID)} AS given"  # noqa: S608
        f" WHERE {table.name}.project_id = given.project_id AND {table.name}.distinct_id = given.distinct_id"
    )


_ID = ("project_id", "distinct_id")
