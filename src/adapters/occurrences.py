"""Counting repeated lines of a file of any size: on disk, in a temporary SQLite database."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_VARIABLES = 500


class TemporaryOccurrenceCounter:
    """An `OccurrenceCounter` whose memory does not grow with the file. A context manager."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="hedgerow-import-")
        self._database = sqlite3.connect(Path(self._folder.name) / "occurrences.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def next(self, digests: Sequence[bytes]) -> list[int]:
        """For each digest the number of its earlier occurrences."""
        counts = Counter(self._earlier(digests))
        result = []
        for digest in digests:
            result.append(counts[digest])
            counts[digest] += 1
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", counts.items())
        self._database.execute("COMMIT")
        return result

    def _earlier(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for start in range(0, len(digests), _VARIABLES):
            part = digests[start : start + _VARIABLES]
            marks = ",".join("?" * len(part))
            found.update(self._database.execute(f"SELECT digest, n FROM seen WHERE digest IN ({marks})", part))  # noqa: S608 - only marks
        return found
