"""The state of a DuckDB event store at one moment, copied while others write."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import BigInteger, Connection, MetaData, column, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from ...domain.backups import Progress
from ...domain.errors import StoreUnavailable
from .tables import metadata

_ROWS = 500_000
"""How many rows one statement copies: as many as memory holds at their widest."""

_COPY = "hedgerow_copy"


def take_hold(connection: Connection) -> None:
    """Fix the state that the connection's transaction sees: it does with the first look."""
    for table in metadata.sorted_tables:
        connection.execute(select(table).limit(0))


def copy_to(connection: Connection, path: Path, progress: Progress) -> None:
    """Write what the transaction sees to a new file, and end the transaction."""
    literal = str(path).replace("'", "''")  # a name is no value that could be bound
    try:
        connection.exec_driver_sql(f"ATTACH '{literal}' AS {_COPY} (STORAGE_VERSION 'latest')")
        try:
            _copy_tables(connection, path.name, progress)
            connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"DETACH {_COPY}")  # writes all to the file itself
            connection.commit()
    except DBAPIError as error:
        raise StoreUnavailable(f"The events cannot be copied to {path}: {error.orig}") from error


def _copy_tables(connection: Connection, name: str, progress: Progress) -> None:
    row = column("rowid", BigInteger)
    last = {
        table: connection.execute(select(func.coalesce(func.max(row), -1)).select_from(table)).scalar_one() + 1
        for table in metadata.sorted_tables
    }
    done, total = 0, sum(last.values())
    there = MetaData(schema=_COPY)
    for table, end in last.items():
        copied = table.to_metadata(there)
        connection.execute(CreateTable(copied))
        for start in range(0, end, _ROWS):
            rows = select(*table.c).where(row >= start, row < start + _ROWS)
            connection.execute(insert(copied).from_select([one.name for one in table.c], rows))
            done += min(_ROWS, end - start)
            progress(name, done, total)
