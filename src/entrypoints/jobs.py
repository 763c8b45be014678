"""The scheduled jobs: what each does, and who looks for those that are due.

An embedded server does them in a thread of its own. With workers, the scheduler claims them, a queue on Redis carries
the claims, and a worker performs them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from ..domain.errors import HedgerowError
from ..domain.schedules import Claim, Result
from ..services.rounds import no_pause
from ..services.schedule import Interrupted, ScheduleService
from .bootstrap import Services, now, opened
from .draining import drain
from .settings import read_settings

if TYPE_CHECKING:
    from ..adapters.job_queue import JobQueue

EVERY = 10.0
"""Seconds between two looks: with the lease of 30, what a killed process was doing goes on within a minute."""

PATIENCE = 5.0
"""Seconds that a server's end waits for a job in hand; one that takes longer is taken up at the next start."""

_log = structlog.get_logger()


def bodies(services: Services, pause: Callable[[], None] = no_pause) -> Mapping[str, Callable[[], Result]]:
    """What each scheduled job does, by name. All bear being done twice, and call `pause` now and then, which may
    raise `Interrupted`."""

    def retention() -> Result:
        return {"removed": sum(expired.events for expired in services.retention.apply(now(), pause=pause))}

    return {
        "drain": lambda: drain(services, lambda *_: pause()),
        "retention": retention,
        "squash": lambda: {"folded": services.maintenance.squash(pause)},
    }


def perform(job: str, due_at: str, attempt: int) -> None:
    """Do what a message of the queue says: the arguments are those of a claim, its time as ISO 8601."""
    with opened(read_settings()) as services:
        claim = Claim(job, datetime.fromisoformat(due_at), attempt)
        do(services.relational.schedule, claim, bodies(services)[job])


def do(schedule: ScheduleService, claim: Claim, body: Callable[[], Result]) -> None:
    """Perform a claim and log what came of it."""
    log = _log.bind(job=claim.job, due_at=claim.due_at.isoformat(), attempt=claim.attempt)
    try:
        result = schedule.perform(claim, body)
    except HedgerowError as error:
        log.warning("job failed", detail=error.detail)
    except Exception:
        log.exception("job failed")
    else:
        if result is not None:
            log.info("job done", **result)


def hand_out(schedule: ScheduleService, queue: JobQueue, stop: threading.Event, *, every: float = EVERY) -> None:
    """Hand what is due to the workers, until told to stop."""

    def tick() -> None:
        for claim in schedule.claim_due():
            queue.put(claim)

    tick_until(stop, tick, every=every)


def tick_until(stop: threading.Event, tick: Callable[[], object], *, every: float = EVERY) -> None:
    """Tick now and every so many seconds, whatever goes wrong, until told to stop."""
    while True:
        try:
            tick()
        except HedgerowError as error:
            _log.warning("due jobs could not be looked for", detail=error.detail)
        except Exception:  # noqa: BLE001 - there is a next time
            _log.exception("due jobs could not be looked for")
        if stop.wait(every):
            return


class Ticker:
    """A thread of the server that does what is due."""

    def __init__(self, services: Services, *, every: float = EVERY) -> None:
        self._services = services
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=tick_until, args=(self._stop, self._tick), kwargs={"every": every}, name="jobs", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more, and wait a little for the job in hand."""
        self._stop.set()
        self._thread.join(PATIENCE)

    def _tick(self) -> None:
        schedule, known = self._services.relational.schedule, bodies(self._services, self._pause)
        for claim in schedule.claim_due():
            if self._stop.is_set():
                return
            do(schedule, claim, known[claim.job])

    def _pause(self) -> None:
        if self._stop.is_set():
            raise Interrupted
