"""Capture: from normalised events to stored ones, with their persons."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from ..domain import identity
from ..domain.accounts import Project
from ..domain.events import Event
from ..domain.ports import Clock, EventStore, UnitOfWorkFactory
from .people import PeopleWriter

_PROJECT_SECONDS = 1.0
_DAY = timedelta(days=1)


class CaptureService:
    """Finds the project of a token, and stores groups of requests' events."""

    def __init__(
        self,
        begin: UnitOfWorkFactory,
        events: EventStore,
        people: PeopleWriter,
        clock: Clock,
        warn: identity.Warn,
    ) -> None:
        self._begin = begin
        self._events = events
        self._people = people
        self._clock = clock
        self._warn = warn
        self._projects: dict[str, tuple[float, Project]] = {}

    def project_of(self, token: str) -> Project | None:
        """The project of a token, or None. What is known is trusted for a second: settings may lag that long."""
        known = self._projects.get(token)
        now = time.monotonic()
        if known and known[0] > now:
            return known[1]
        with self._begin(write=False) as work:
            project = work.accounts.project_by_token(token)
        if project is None:
            self._projects.pop(token, None)
            return None
        self._projects[token] = (now + _PROJECT_SECONDS, project)
        return project

    def store(self, requests: Sequence[tuple[Project, Sequence[Event]]]) -> int:
        """Store the events of several requests at once, in order, durably, with all they do to persons.

        Events already stored are passed over without effect. The number of events that were new.
        """
        projects = {project.id: project for project, _ in requests}
        events = [event for _, events in requests for event in events]
        with self._people.turn() as work:
            events = self._new(events)
            if not events:
                return 0
            now = self._clock()
            ids = {(event.project_id, one) for event in events for one in identity.ids_of(event)}
            population = work.persons.population(ids)
            stored = []
            for event in events:
                update_all = projects[event.project_id].person_properties_update_all
                one = identity.process(event, population, now=now, warn=self._warn, update_all=update_all)
                if one is not None:
                    stored.append(one)
            projection = work.persons.save(population, at=now)
            self._people.finish(work, stored, projection)
        return len(stored)

    def _new(self, events: Sequence[Event]) -> list[Event]:
        """The events without those already stored and without repetitions of a uuid within a day."""
        known = self._events.duplicates(events)
        seen: dict[tuple[int, UUID], dict[int, datetime]] = {}
        new = []
        for event in events:
            key = (event.project_id, event.uuid)
            if key in known:
                continue
            # Two times within a day are of the same date or of neighbours, so no more than three need a look.
            days = seen.setdefault(key, {})
            date = event.timestamp.toordinal()
            if days and any(
                abs(event.timestamp - days[near]) <= _DAY for near in (date - 1, date, date + 1) if near in days
            ):
                continue
            days[date] = event.timestamp
            new.append(event)
        return new
