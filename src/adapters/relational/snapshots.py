"""The state of a SQLite database at one moment, copied while others write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from ...domain.backups import Progress, Snapshot
from ...domain.errors import StoreUnavailable

_PAGES = 4_096


@contextmanager
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    """The present state, kept by a transaction that reads: in WAL mode it holds up nobody."""
    path = Path(engine.url.database or "")
    # A connection of its own: to copy 16 GB takes longer than any other may be used.
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as source:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # it begins with the first look

        def copy(target: Path, progress: Progress) -> None:
            def tell(_: int, remaining: int, total: int) -> None:
                progress(target.name, total - remaining, total)

            try:
                with closing(sqlite3.connect(target)) as copied:
                    source.backup(copied, pages=_PAGES, progress=tell, sleep=0)
            except sqlite3.Error as error:
                raise StoreUnavailable(f"{path} cannot be copied to {target}: {error}.") from error

        yield copy
