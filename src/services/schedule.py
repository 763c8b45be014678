"""Scheduled jobs: who does what is due, exactly once, whatever dies in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from ..domain.errors import StoreUnavailable
from ..domain.ports import Clock, UnitOfWorkFactory
from ..domain.schedules import Claim, Result, Run, Schedule

LEASE = timedelta(seconds=30)
"""So long after a process died, others may take over what it was doing; far more than clocks may differ."""

PAUSE = timedelta(minutes=5)
"""A job that failed rests so long before it is tried again."""


class Interrupted(Exception):
    """The process is to end: what it was doing is to go on elsewhere."""


class ScheduleService:
    """Claims and performs what is due.

    The runs in the relational store are the only truth. A claim is good for a lease, which is renewed while the job
    runs; so a run whose process was killed, or whose message a queue lost, is claimed again. Jobs must bear being
    done twice.
    """

    def __init__(
        self, begin: UnitOfWorkFactory, clock: Clock, schedules: Sequence[Schedule], *, lease: timedelta = LEASE
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._schedules = schedules
        self._lease = lease

    def claim_due(self, job: str | None = None) -> list[Claim]:
        """Claim everything that is due now, or what one job is due for. Reads only, unless something is due.

        A job that is looked for the first time has missed nothing: it is due from its next time on.
        """
        now = self._clock()
        with self._begin(write=False) as work:
            latest = {run.claim.job: run for run in work.runs.latest()}
        due = {
            schedule.job: due_at
            for schedule in self._schedules
            if job in (None, schedule.job)
            and (due_at := _due_at(schedule.cron.latest(now), latest.get(schedule.job), now)) is not None
        }
        if not due:
            return []
        with self._begin() as work:
            claims = [work.runs.claim(name, due_at, at=now, until=now + self._lease) for name, due_at in due.items()]
            found = [claim for claim in claims if claim is not None]
            for claim in found:
                if claim.job not in latest:
                    work.runs.finish(claim, at=now, result={})
            work.commit()
        return [claim for claim in found if claim.job in latest]

    def perform(self, claim: Claim, body: Callable[[], Result]) -> Result | None:
        """Do a job and record what it did; None, and nothing is done, when the claim is no longer good.

        What the job raises is recorded and raised again; the run will be claimed anew after a pause, or as soon as
        the lease has run out when the job was `Interrupted`.
        """
        if not self._extend(claim):
            return None
        with self._leased(claim):
            try:
                result = body()
            except Interrupted:
                return None
            except Exception as error:
                with self._begin() as work:
                    work.runs.fail(claim, until=self._clock() + PAUSE, error=f"{type(error).__name__}: {error}")
                    work.commit()
                raise
        with self._begin() as work:
            work.runs.finish(claim, at=self._clock(), result=result)
            work.commit()
        return result

    @contextmanager
    def _leased(self, claim: Claim) -> Iterator[None]:
        """Renew the lease beside the job."""
        done = threading.Event()

        def renew() -> None:
            while not done.wait(self._lease.total_seconds() / 3):
                try:
                    if not self._extend(claim):
                        return
                except StoreUnavailable:
                    continue  # there is time for another attempt before the lease runs out

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _extend(self, claim: Claim) -> bool:
        with self._begin() as work:
            good = work.runs.extend(claim, until=self._clock() + self._lease)
            work.commit()
        return good


def _due_at(due_at: datetime, latest: Run | None, now: datetime) -> datetime | None:
    """The due time that is to be claimed, if any: a new one, or the latest if nobody is about to finish it."""
    if latest is None or latest.claim.due_at < due_at:
        return due_at
    free = latest.finished_at is None and latest.leased_until <= now
    return latest.claim.due_at if free else None
