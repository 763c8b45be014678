"""`hedgerow deletions`: the queue of event deletions, and its receipts."""

from __future__ import annotations

import sys
from typing import Any

import click

from ...domain.deletions import Deletion, DeletionKind, DeletionQuery
from ..settings import read_settings
from .output import answers


@click.group()
def deletions() -> None:
    """Event deletions: what is to be erased, and the receipts of what has been."""


@deletions.command("list")
@click.option("--project", "project_id", type=int, metavar="ID", help="Only this project's, also when it is gone.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="At most so many.")
@answers
def list_(project_id: int | None, limit: int) -> list[dict[str, Any]]:
    """List the deletions, newest first. Works beside a running server."""
    from ..bootstrap import deletion_queue

    with deletion_queue() as queue:
        page = queue.page(DeletionQuery(project_id, kind=None), limit=limit)
    return [deletion_body(one) for one in page.rows]


@deletions.command()
@click.argument("deletion_id", type=int, metavar="ID")
@answers
def cancel(deletion_id: int) -> dict[str, Any]:
    """Take a pending deletion back. Works beside a running server.

    A project that was deleted is there again. What has been carried out, or begun, cannot be taken back.
    """
    from ..bootstrap import deletion_queue

    with deletion_queue() as queue:
        return deletion_body(queue.cancel(deletion_id, by=None))


@deletions.command()
@click.option("--if-due", is_flag=True, help="Only if HEDGEROW_DELETION_SCHEDULE has come since the last drain.")
@answers
def drain(if_due: bool) -> Any:
    """Erase now what waits for it, and rewrite the files without it.

    A running server does it, and goes on serving. Ending this midway is safe: run it again.
    """
    from .. import draining
    from ..bootstrap import opened
    from ..control import ask

    settings = read_settings()
    done = ask(settings, {"do": "drain", "if_due": if_due}, _tell)
    if done is not None:
        return done
    with opened(settings) as services:
        return (draining.drain_if_due if if_due else draining.drain)(services, _tell)


def deletion_body(deletion: Deletion) -> dict[str, Any]:
    """A deletion as the commands show it."""
    request = deletion.request
    return {
        "id": deletion.id,
        "project_id": request.project_id,
        "type": _KINDS[request.kind],
        "key": request.key,
        "status": deletion.status.value,
        "created_by": request.by,
        "created_at": request.at.isoformat(),
        "delete_verified_at": deletion.verified_at.isoformat() if deletion.verified_at else None,
        "events_deleted": deletion.events_deleted,
        "events_left": deletion.events_left,
        "content_hash": deletion.content_hash,
        "purged_at": deletion.purged_at.isoformat() if deletion.purged_at else None,
    }


_KINDS = {
    DeletionKind.TEAM: "Team",
    DeletionKind.PERSON: "Person",
    DeletionKind.GROUP: "Group",
    DeletionKind.COHORT_STALE: "Cohort_stale",
    DeletionKind.COHORT_FULL: "Cohort_full",
}


def _tell(_: str, done: int, __: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} requests", err=True, nl=False)
