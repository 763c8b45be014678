"""Copies of both stores as they were at one moment."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

PEOPLE_FILE = "hedgerow.db"
EVENTS_FILE = "events.duckdb"


class Progress(Protocol):
    """Is told how far something is."""

    def __call__(self, name: str, done: int, total: int, /) -> None:
        """Of the file of that name `done` parts of `total` are written."""


class Snapshot(Protocol):
    """The state of a store at the moment at which this was made, whatever is written since."""

    def __call__(self, path: Path, progress: Progress, /) -> None:
        """Write it to a new file, which the store can be opened on."""


class Snapshots(Protocol):
    """A store that can be copied while it is used."""

    def __call__(self) -> AbstractContextManager[Snapshot]:
        """Its state now, kept until the context ends."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is: the moment it shows, the version that made it, the database's revision, and of each file
    the size in bytes and the SHA-256."""

    created_at: datetime
    version: str
    revision: str
    files: dict[str, tuple[int, str]]
