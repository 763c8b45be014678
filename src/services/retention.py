"""Retention: events go when they are older than their project keeps them. Persons stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..domain.accounts import Project
from ..domain.ports import EventStore, UnitOfWorkFactory
from .rounds import in_rounds, no_pause


@dataclass(frozen=True, slots=True)
class Expired:
    """A project's events from before a time: how many there are, or were and are removed."""

    project: Project
    before: datetime
    events: int


class RetentionService:
    """Removes what projects no longer keep."""

    def __init__(self, begin: UnitOfWorkFactory, events: EventStore) -> None:
        self._begin = begin
        self._events = events

    def apply(self, now: datetime, *, dry_run: bool = False, pause: Callable[[], None] = no_pause) -> Sequence[Expired]:
        """Remove the events that are older than their project's `retention_days`, or only count them; by project.

        Ending it midway loses nothing, and running it twice removes nothing more. `pause` is called between rounds and
        may raise to end it.
        """
        with self._begin(write=False) as work:
            projects = work.accounts.projects()
        return [self._apply(project, now, dry_run, pause) for project in projects if project.retention_days]

    def _apply(self, project: Project, now: datetime, dry_run: bool, pause: Callable[[], None]) -> Expired:
        before = now - timedelta(days=project.retention_days or 0)
        if dry_run:
            return Expired(project, before, self._events.count_before(project.id, before))
        removed = in_rounds(lambda limit: self._events.remove_before(project.id, before, limit), pause)
        return Expired(project, before, removed)
