"""Folding what is known of merges into the events, so that queries need not look it up.

An event says whom it was stored with, and `holders` names those ids whose events belong to somebody else since. Step
by step the events, and the ids that people are searched by, come to say so themselves; when all do, `holders` is
emptied. Answers are the same at every step, so it may stop at any and go on later.
"""

from __future__ import annotations

from sqlalchemy import Connection, TextClause, delete, select, text

from .dialects import Dialect
from .tables import holders


def fold(connection: Connection, limit: int, sql: Dialect) -> int:
    """Fold at most `limit` rows; how many. Fewer than `limit` when nothing is left, and `holders` is empty then."""
    if not connection.scalar(select(select(holders).exists())):
        return 0
    folded = 0
    for table, changes in _FOLDS.items():
        statement = _update(table, changes, sql)
        folded += int(connection.execute(statement, {"limit": limit - folded}).scalar_one())
        if folded >= limit:
            return folded
    connection.execute(delete(holders))
    return folded


def _update(table: str, changes: str, sql: Dialect) -> TextClause:
    # By row number: those are stable within a transaction. A row is left alone once it is folded.
    row = f"{table}.{sql.ROW}"
    return text(
        sql.counted(
            f"UPDATE {table} SET {changes} FROM ("  # noqa: S608 - the module's own words
            f"SELECT {row} AS number, holders.person_id AS holder FROM {table} JOIN holders"
            f" ON {table}.project_id = holders.project_id AND {table}.distinct_id = holders.distinct_id"
            f" WHERE {table}.person_id <> holders.person_id LIMIT :limit"
            f") AS found WHERE {row} = found.number"
        )
    )


_FOLDS = {
    "events": "stored_person_id = coalesce(events.stored_person_id, events.person_id), person_id = found.holder",
    "ids": "person_id = found.holder",
}
