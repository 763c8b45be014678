"""Leaving nothing in the files of what has been erased."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from ...domain.errors import StoreUnavailable

_PATIENCE = 60  # seconds until the last reader of an older state must have ended
_PAUSE = 0.05


def compact(engine: Engine) -> None:
    """Rewrite an SQLite file without what was deleted from it, and empty its log. Writers wait meanwhile, readers do
    not. On PostgreSQL its own upkeep does this, in its time. Raises `StoreUnavailable` when the file is too busy.

    SQLite's `secure_delete` would keep writers waiting less and is not enough: it writes over rows that are deleted,
    but not over copies of them that were left in pages when those were split.
    """
    if engine.dialect.name != "sqlite":
        return
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        try:
            cursor.execute("VACUUM")
            until = time.monotonic() + _PATIENCE
            # Whoever reads an older state keeps the log in use; the next one begins after it.
            while cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > until:
                    raise StoreUnavailable("The relational store is too busy to be compacted.")
                time.sleep(_PAUSE)
        finally:
            cursor.close()
    finally:
        raw.close()
