"""A worker as a process of its own, with one job that is due and takes as long as a test wants.

`python -m tests.integration.job_process DATABASE REDIS`. The job appends a line to the file `DATABASE.begun`, ends when
there is a file `DATABASE.go`, and then appends a line to `DATABASE.done`.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hedgerow.adapters.job_queue import JobQueue
from hedgerow.adapters.relational import engine as engines
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from hedgerow.domain.ports import UnitOfWorkFactory
from hedgerow.domain.schedules import Claim, Cron, Result, Schedule
from hedgerow.services.schedule import ScheduleService

LEASE = timedelta(seconds=1)
YEARLY = Schedule("slow", Cron("0 0 1 1 *"))


def now() -> datetime:
    return datetime.now(UTC)


def let_it_be_due(begin: UnitOfWorkFactory) -> None:
    """As if the job had been looked for in an earlier year."""
    at = datetime(2020, 1, 1, tzinfo=UTC)
    with begin() as work:
        claim = work.runs.claim(YEARLY.job, at, at=at, until=at)
        assert claim
        work.runs.finish(claim, at=at, result={})
        work.commit()


def schedule_on(database: str) -> ScheduleService:
    return ScheduleService(SqlUnitOfWorkFactory(engines.create(f"sqlite:///{database}")), now, [YEARLY], lease=LEASE)


def perform(job: str, due_at: str, attempt: int) -> None:
    """The function that workers call."""
    database = sys.argv[1]
    schedule_on(database).perform(Claim(job, datetime.fromisoformat(due_at), attempt), lambda: _slow(database))


def _slow(database: str) -> Result:
    _append(f"{database}.begun")
    deadline = time.monotonic() + 60
    while not Path(f"{database}.go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    _append(f"{database}.done")
    return {}


def _append(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("x\n")


if __name__ == "__main__":
    from tests.integration.job_process import perform as found_by_name

    JobQueue(sys.argv[2], found_by_name).work()
