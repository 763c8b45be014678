"""`hedgerow backup` and `hedgerow restore`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..settings import read_settings
from .output import answers

if TYPE_CHECKING:
    from ...domain.backups import Progress


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@answers
def backup(path: Path) -> Any:
    """Back up the embedded stores into the new folder PATH, also while the server runs.

    The backup shows one moment: all that was answered before the command began is in it. A running server writes it,
    so PATH must be where the server may write.
    """
    from ..backing_up import check_embedded, take_backup
    from ..bootstrap import opened
    from ..control import ask

    settings = read_settings()
    check_embedded(settings)
    path = path.absolute()
    with _progress("Backing up") as progress:
        done = ask(settings, {"do": "backup", "path": str(path)}, progress)
        if done is not None:
            return done
        with opened(settings) as services:  # no server runs
            return take_backup(services, path, progress)


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the data that is there.")
@answers
def restore(path: Path, force: bool) -> Any:
    """Restore the backup in the folder PATH into the data folder. The server must not run.

    What was erased since the backup is erased again: the database that is replaced knows what that was.
    """
    from ..restoring import restore as restore_backup

    with _progress("Restoring") as progress:
        return restore_backup(read_settings(), path, force=force, progress=progress)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as shown:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, total: int) -> None:
            task = tasks.get(name)
            if task is None:
                task = tasks[name] = shown.add_task(f"{what} {name}")
            shown.update(task, completed=done, total=total)

        yield tell
