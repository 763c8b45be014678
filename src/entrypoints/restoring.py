"""Restoring a backup into the data folder, without bringing back what has been erased since it was taken."""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from ..adapters import backups, migrations
from ..adapters.relational.erasures import Erased, erased_since, take_over_receipts
from ..domain.backups import EVENTS_FILE, PEOPLE_FILE, Progress
from ..domain.deletions import DeletionKind, DeletionRequest
from ..domain.errors import Conflict, HedgerowError, InvalidInput, NotFound
from .backing_up import check_embedded
from .bootstrap import Services, now, open_relational, opened
from .settings import Settings

_STAGED = ".restoring"
_LOGS = {PEOPLE_FILE: ("-wal", "-shm"), EVENTS_FILE: (".wal",)}
_BLOCK = 16 * 1024 * 1024


def restore(settings: Settings, backup: Path, *, force: bool, progress: Progress) -> dict[str, Any]:
    """Replace what is in the data folder by a backup; what that was and what is to be erased again.

    Everything is prepared beside the present files, which two renames replace at the end: whatever fails before,
    nothing has changed. Raises `Conflict` or `InvalidInput`.
    """
    check_embedded(settings)
    manifest = backups.read_manifest(backup)
    if not migrations.is_known(manifest.revision):
        raise InvalidInput(f"{backup} was made by a newer Hedgerow, {manifest.version}.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    present = settings.data_dir / PEOPLE_FILE
    if not force and any((settings.data_dir / name).exists() for name in _LOGS):
        raise Conflict(f"There is data in {settings.data_dir} already; --force replaces it.")
    with _held(settings.data_dir / EVENTS_FILE):
        staged = settings.model_copy(update={"data_dir": settings.data_dir / _STAGED})
        shutil.rmtree(staged.data_dir, ignore_errors=True)
        try:
            staged.data_dir.mkdir(mode=0o700)
            for name in _LOGS:
                _copy(backup / name, staged.data_dir / name, progress)
            erased = _erase_again(settings, staged, present) if present.exists() else {}
            for name, logs in _LOGS.items():
                for log in logs:
                    (settings.data_dir / (name + log)).unlink(missing_ok=True)
                (staged.data_dir / name).replace(settings.data_dir / name)
        finally:
            shutil.rmtree(staged.data_dir, ignore_errors=True)
    return {"created_at": manifest.created_at.isoformat(), "version": manifest.version, **erased}


def _erase_again(settings: Settings, staged: Settings, present: Path) -> dict[str, Any]:
    """Delete in the staged stores what the present database says was to be erased."""
    restored = staged.data_dir / PEOPLE_FILE
    try:
        open_relational(settings).close()  # both of one form now, and the present one's log in its file
        open_relational(staged).close()
        found = erased_since(restored, present)
        receipts = take_over_receipts(restored, present)
    except (sqlite3.Error, HedgerowError) as error:
        raise Conflict(
            f"What has been erased since the backup cannot be read from {present}: {error}. "
            "Move that file away to restore without it."
        ) from error
    with opened(staged) as services:
        for deletion_id in found.cancelled:
            with suppress(Conflict):  # it had been begun when the backup was taken
                services.deletions.cancel(deletion_id, by=None)
        _delete(services, found)
        if found.is_anything:
            services.deletions.drain()  # now: for what was erased once there is no time to wait
    return {
        "receipts": receipts,
        "persons_erased_again": len(found.gone) + len(found.kept),
        "projects_erased_again": len(found.projects),
    }


def _delete(services: Services, erased: Erased) -> None:
    for keep_person, persons in ((False, erased.gone), (True, erased.kept)):
        of_project: defaultdict[int, list[UUID]] = defaultdict(list)
        for project_id, uuid in persons:
            of_project[project_id].append(uuid)
        for project_id, uuids in of_project.items():
            services.person_edits.delete_many(
                project_id, uuids=uuids, keep_person=keep_person, delete_events=True, by=None
            )
    at = now()
    requests = [
        DeletionRequest(project_id, DeletionKind.PERSON, key, at, None, distinct_ids=ids)
        for project_id, key, ids in erased.ids
    ]
    for project_id in erased.projects:
        with suppress(NotFound):  # it was deleted before the backup, and waits in its queue
            services.accounts.delete_project(project_id)
    with services.relational.begin() as work:
        work.deletions.request(requests)
        work.commit()


def _copy(source: Path, target: Path, progress: Progress) -> None:
    size = source.stat().st_size
    with source.open("rb") as read, target.open("xb") as written:
        while block := read.read(_BLOCK):
            written.write(block)
            progress(target.name, written.tell(), size)


@contextmanager
def _held(events: Path) -> Iterator[None]:
    """Keep servers away as long as this lasts, by the lock that DuckDB takes; the file need not be sound."""
    if not events.exists():
        yield
        return
    with events.open("rb+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"{events} is in use: stop the server first.") from None
        yield
