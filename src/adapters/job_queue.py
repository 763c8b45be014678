"""The queue between scheduler and workers: RQ on Redis.

It carries claims and nothing else. What is due, done, failed and to be tried again is in the relational store, so a
message that is lost, late or delivered twice changes nothing: the claim is made again, or is no longer good.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from ..domain.errors import InvalidInput, StoreUnavailable
from ..domain.schedules import Claim

LONGEST = 4 * 60 * 60
"""Seconds that a job may take; then it fails, and goes on in another attempt."""

_DAY = 24 * 60 * 60
_log = logging.getLogger(__name__)


class JobQueue:
    """One queue of claims on the Redis at a URL. `perform` is the function that does a claim, given its job, its time
    as ISO 8601 and its attempt; workers find it by its name."""

    def __init__(self, url: str, perform: Callable[[str, str, int], None]) -> None:
        try:
            self._connection = Redis.from_url(url, socket_connect_timeout=5, health_check_interval=30)
        except ValueError as error:
            raise InvalidInput(f"HEDGEROW_REDIS_URL: {error}") from None
        self._queue = Queue("hedgerow", connection=self._connection, serializer=JSONSerializer)
        self._perform = perform

    def put(self, claim: Claim) -> None:
        """Hand a claim to the workers, in place of an earlier one that none has taken. Raises `StoreUnavailable`."""
        try:
            if claim.attempt > 1:
                self._queue.remove(_name(claim, claim.attempt - 1))
            self._queue.enqueue_call(
                self._perform,
                args=(claim.job, claim.due_at.isoformat(), claim.attempt),
                job_id=_name(claim, claim.attempt),
                description=f"{claim.job} of {claim.due_at.isoformat()}",
                timeout=LONGEST,
                ttl=_DAY,
                result_ttl=_DAY,
                failure_ttl=_DAY,
            )
        except RedisError as error:
            raise StoreUnavailable(f"The queue cannot be reached: {error}") from error

    def work(self) -> None:
        """Do what comes, a job at a time in a process of its own, until SIGTERM or SIGINT; the job in hand is
        finished first, and a second signal ends it. Redis may come and go meanwhile."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                _Worker(self._queue, self._connection, stop).work(logging_level=None)
                stop.wait(1)  # it ends by itself only when Redis fails it at an awkward moment
            except RedisError as error:
                _log.warning("Redis cannot be reached: %s", error)
                stop.wait(1)
            except StopRequested:
                return

    def close(self) -> None:
        self._connection.close()


class _Worker(Worker):
    """RQ's worker, which can be begun anew in the same process."""

    def __init__(self, queue: Queue, connection: Redis, stop: threading.Event) -> None:
        self._stop = stop
        super().__init__([queue], connection=connection, serializer=JSONSerializer, worker_ttl=60)

    def request_stop(self, signum: int, frame: Any) -> None:
        self._stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        if self._stop.is_set():
            raise StopRequested

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # whoever stops all processes at once means the worker's way


def _name(claim: Claim, attempt: int) -> str:
    return f"{claim.job}-{claim.due_at:%Y%m%dT%H%M}-{attempt}"
