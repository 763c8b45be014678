"""Backups of the embedded stores, taken by the process that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import __version__
from ..adapters import backups, migrations
from ..domain.backups import Progress
from ..domain.errors import Conflict
from .bootstrap import Services
from .settings import Settings


def take_backup(services: Services, path: Path, progress: Progress) -> dict[str, Any]:
    """Take a backup of opened stores."""
    with backups.new_folder(path) as folder:
        at = services.backups.take(folder, progress)
        revision = migrations.current(services.relational.engine)
        manifest = backups.write_manifest(folder, at=at, version=__version__, revision=revision)
    return {
        "path": str(path),
        "created_at": at.isoformat(),
        "bytes": sum(size for size, _ in manifest.files.values()),
    }


def check_embedded(settings: Settings) -> None:
    """Raise `Conflict` for stores that are not files in the data folder."""
    if not settings.is_embedded:
        raise Conflict(
            "Only the embedded stores are backed up and restored by this command; "
            "for PostgreSQL use pg_dump and pg_restore."
        )
