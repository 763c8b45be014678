"""`hedgerow retention`: how long events are kept."""

from __future__ import annotations

from typing import Any

import click

from ..settings import read_settings
from .output import answers


@click.group()
def retention() -> None:
    """How long projects keep their events: see `projects update --retention-days`."""


@retention.command("run")
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@answers
def run(dry_run: bool) -> Any:
    """Remove the events that are older than their project keeps them. Persons stay.

    A running server does it, and goes on serving.
    """
    from ..bootstrap import opened
    from ..control import ask
    from ..retaining import apply_retention

    settings = read_settings()
    done = ask(settings, {"do": "retention", "dry_run": dry_run})
    if done is not None:
        return done
    with opened(settings) as services:
        return apply_retention(services, dry_run=dry_run)
