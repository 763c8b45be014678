"""Folders with backups: complete or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from ..domain.backups import EVENTS_FILE, PEOPLE_FILE, Manifest
from ..domain.errors import Conflict, InvalidInput

_MANIFEST = "backup.json"
_FORMAT = 1


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write a backup in. It gets its name, and is durable, when all went well; otherwise it is removed.

    Raises `Conflict` when there is something under the name already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Conflict(f"{path} exists already and is not empty.")
    partial = path.with_name(path.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        yield partial
        for file in partial.iterdir():
            _sync(file)
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise Conflict(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_manifest(folder: Path, *, at: datetime, version: str, revision: str) -> Manifest:
    """Say beside the files what they are."""
    files = {name: _measure(folder / name) for name in (PEOPLE_FILE, EVENTS_FILE)}
    manifest = Manifest(at, version, revision, files)
    body = {"format": _FORMAT, "created_at": at, "version": version, "revision": revision, "files": files}
    (folder / _MANIFEST).write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What the backup in a folder is. Raises `InvalidInput` when there is none, or it is not as it was written."""
    try:
        body = orjson.loads((folder / _MANIFEST).read_bytes())
        if body["format"] != _FORMAT:
            raise InvalidInput(f"{folder} is a backup in a form that a newer Hedgerow made.")
        manifest = Manifest(
            datetime.fromisoformat(body["created_at"]),
            body["version"],
            body["revision"],
            {name: (size, digest) for name, (size, digest) in body["files"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput(f"{folder} is no backup: it has no {_MANIFEST} that can be read.") from None
    for name in (PEOPLE_FILE, EVENTS_FILE):
        file = folder / name
        if not file.is_file() or _measure(file) != manifest.files.get(name):
            raise InvalidInput(f"{file} is damaged: it is not the file that was written.")
    return manifest


def _measure(file: Path) -> tuple[int, str]:
    with file.open("rb") as content:
        return file.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
