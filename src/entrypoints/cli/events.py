"""`hedgerow events`: events from files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..settings import read_settings
from .output import answers

if TYPE_CHECKING:
    from rich.progress import Progress

    from ...services.imports import ImportReport

_FORMATS = ("csv", "jsonl", "parquet")


@click.group()
def events() -> None:
    """Events."""


@events.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", "project_id", required=True, type=int, metavar="ID", help="The project to import into.")
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), help="The file's format; by default its ending tells."
)
@answers
def import_(file: Path, project_id: int, format_: str | None) -> dict[str, Any]:
    """Import events from FILE: one JSON object a line, CSV with a header, or Parquet.

    Each event has event, distinct_id and timestamp, and may have properties, uuid, $set and $set_once. In CSV
    every other column is a property; in Parquet and JSON other names are passed over, so that PostHog's batch
    exports can be read as they are. An event without uuid gets one made from its content, so importing a file
    again imports nothing twice.
    """
    from ...adapters.occurrences import TemporaryOccurrenceCounter
    from ..bootstrap import opened
    from .files import reader_for

    read = reader_for(file, format_)
    with opened(read_settings()) as services, file.open("rb") as source, TemporaryOccurrenceCounter() as occurrences:
        project = services.accounts.project(project_id)
        with _progress(file) as progress:
            task = progress.add_task(file.name, total=file.stat().st_size, imported=0)

            def tell(report: ImportReport) -> None:
                progress.update(task, completed=source.tell(), imported=report.imported)

            report = services.imports.run(project, read(source), occurrences, tell)
            progress.update(task, completed=file.stat().st_size)
    for example in report.examples:
        click.echo(f"Rejected {example}", err=True)
    if report.rejected > len(report.examples):
        click.echo(f"… and {report.rejected - len(report.examples)} more; in all:", err=True)
        for reason, times in report.reasons.most_common():
            click.echo(f"{times:>8}  {reason}", err=True)
    return {
        "read": report.read,
        "imported": report.imported,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
    }


def _progress(file: Path) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[imported]} events"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
