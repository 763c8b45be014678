"""Finding and erasing the events that a deletion covers, and what is known of who had which distinct id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, CursorResult, TextClause, delete, select, text

from ...domain.erasure import Contents, Covered, OfGroup, OfIds, OfPersons, OfProject, contents, event_line
from ...domain.population import Id
from .dialects.duckdb import rows_of
from .tables import events, groups, holders, ids, persons

_CHUNK = 5_000


def contents_of(connection: Connection, covered: Covered) -> list[Contents]:
    """What the covered events hold: of each person, or one in all. Read in bounded memory."""
    if not isinstance(covered, OfPersons):
        found = connection.execute(select(*_CONTENT).where(_holds(covered)))
        return [contents(_line(row) for row in _rows(found))]
    totals = [Contents()] * len(covered.parts)
    places: defaultdict[Id, list[tuple[datetime, int]]] = defaultdict(list)
    for place, part in enumerate(covered.parts):
        for distinct_id in part.distinct_ids:
            places[part.project_id, distinct_id].append((part.until, place))
    asked_for = {"rows": _json(covered.parts)}
    # Counting needs no column that is large: finding nothing, as a recount should, takes a tenth of reading all.
    if not places or not connection.scalar(_COUNT_OF_IDS, asked_for):
        return totals
    for row in _rows(connection.execute(_OF_IDS, asked_for)):
        asked = places[row.project_id, row.distinct_id]
        first = next(place for until, place in asked if row.created_at <= until)
        totals[first] += contents([_line(row)])
    return totals


def erase(connection: Connection, covered: Covered, limit: int) -> int:
    """Erase at most `limit` covered events; how many."""
    if isinstance(covered, OfPersons):
        if not any(part.distinct_ids for part in covered.parts):
            return 0
        done = connection.execute(_ERASE_OF_IDS, {"rows": _json(covered.parts), "limit": limit})
    elif isinstance(covered, OfGroup):
        group = {"project_id": covered.project_id, "key": covered.key, "limit": limit}
        done = connection.execute(_ERASE_OF_GROUP[covered.index], group)
    else:
        done = connection.execute(_ERASE_OF_PROJECT, {"project_id": covered.project_id, "limit": limit})
    return int(done.scalar_one())


def forget_ids(connection: Connection, project_id: int, distinct_ids: Collection[str]) -> set[str]:
    """Forget who has those of the distinct ids that no event bears; which these are."""
    if not distinct_ids:
        return set()
    asked = {"rows": _ids(project_id, distinct_ids)}
    unused = set(distinct_ids) - set(connection.execute(_USED, asked).scalars())
    if unused:
        for statement in _FORGET:
            connection.execute(statement, {"rows": _ids(project_id, unused)})
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
_GIVEN = rows_of(events, "project_id", "distinct_id", "created_at")
_ASKED = rows_of(ids, "project_id", "distinct_id")
# Only names of this module and of the tables are written into the SQL.
_JOINED = (
    f"FROM events JOIN {_GIVEN} AS given ON events.project_id = given.project_id"
    " AND events.distinct_id = given.distinct_id AND events.created_at <= given.created_at"
)
_OF_IDS = text(f"SELECT {', '.join(map(str, _CONTENT))} {_JOINED}").columns(*_CONTENT)
_COUNT_OF_IDS = text(f"SELECT count(*) {_JOINED}")


def _erasing(which: str) -> TextClause:
    # By row number, as there is no other way to say how many; those are stable within a transaction.
    return text(f"DELETE FROM events WHERE rowid IN (SELECT events.rowid {which} LIMIT :limit)")  # noqa: S608


_ERASE_OF_IDS = _erasing(_JOINED)
_ERASE_OF_PROJECT = _erasing("FROM events WHERE project_id = :project_id")
_ERASE_OF_GROUP = [_erasing(f"FROM events WHERE project_id = :project_id AND group_{n} = :key") for n in range(5)]
_USED = text(f"SELECT DISTINCT distinct_id FROM events SEMI JOIN {_ASKED} AS given USING (project_id, distinct_id)")  # noqa: S608
_FORGET = [
    text(
        f"DELETE FROM {table} USING {_ASKED} AS given"  # noqa: S608
        f" WHERE {table}.project_id = given.project_id AND {table}.distinct_id = given.distinct_id"
    )
    for table in ("ids", "holders")
]
