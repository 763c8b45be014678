"""The drain of the deletion queue, as commands and the control of a server run it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..domain.backups import Progress
from ..services.deletions import Drained
from .bootstrap import Services


def drain_deletions(services: Services, progress: Progress) -> dict[str, Any]:
    """Carry out what waits in the deletion queue; how many requests and events that was."""

    def report(done: Drained) -> None:
        progress("deletions", done.drained, done.drained)

    return asdict(services.deletions.drain(report))
