"""The drain of the deletion queue, as commands, the control of a server and the schedule run it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..domain.backups import Progress
from ..services.deletions import Drained
from .bootstrap import Services


def drain(services: Services, progress: Progress) -> dict[str, int]:
    """Carry out what waits in the deletion queue; how many requests and events that was."""

    def report(done: Drained) -> None:
        progress("deletions", done.drained, done.drained)

    return asdict(services.deletions.drain(report))


def drain_if_due(services: Services, progress: Progress) -> dict[str, Any]:
    """The same if HEDGEROW_DELETION_SCHEDULE has come since the last drain that it asked for, by whomever."""
    schedule = services.relational.schedule
    for claim in schedule.claim_due("drain"):
        done = schedule.perform(claim, lambda: drain(services, progress))
        if done is not None:
            return dict(done)
    with services.relational.begin(write=False) as work:
        return asdict(Drained(pending=work.deletions.backlog().count))
