"""Group commit: the requests that wait together are stored together.

One thread takes whatever has queued up, stores it in one go and releases the requests that wait for it. The
longer a commit takes, the more the next one carries, so throughput grows with load and a lone request waits for
one commit only.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from ..domain.accounts import Project
from ..domain.errors import StoreUnavailable
from ..domain.events import Event

Store = Callable[[Sequence[tuple[Project, Sequence[Event]]]], int]


class _Request:
    __slots__ = ("came", "done", "error", "events", "project")

    def __init__(self, project: Project, events: Sequence[Event]) -> None:
        self.project = project
        self.events = events
        self.came = time.monotonic()
        self.done = threading.Event()
        self.error: BaseException | None = None


class Ingester:
    """A bounded queue of requests' events in front of a store.

    `capacity`: how many events may wait before further requests are refused. `batch`: how many one commit takes
    at most (a single larger request still goes in one). `waited` is told how many seconds a commit's first request
    has waited for it.
    """

    def __init__(
        self,
        store: Store,
        *,
        capacity: int = 50_000,
        batch: int = 5_000,
        waited: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._store = store
        self._waited = waited
        self._capacity = capacity
        self._batch = batch
        self._queue: deque[_Request] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ingester", daemon=True)
        self._thread.start()

    def submit(self, project: Project, events: Sequence[Event]) -> None:
        """Return when the events are stored. Raises `StoreUnavailable` when the queue is full or storing failed."""
        request = _Request(project, events)
        with self._changed:
            if self._closed:
                raise StoreUnavailable("The server is shutting down.")
            if self._waiting and self._waiting + len(events) > self._capacity:
                raise StoreUnavailable("Too many events are waiting to be stored.")
            self._queue.append(request)
            self._waiting += len(events)
            self._changed.notify()
        request.done.wait()
        if request.error is not None:
            raise StoreUnavailable("The events could not be stored.") from request.error

    def close(self) -> None:
        """Store what has been accepted, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many events wait to be stored."""
        return self._waiting

    @property
    def is_running(self) -> bool:
        """Whether events that are submitted get stored."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while group := self._take():
            self._waited(time.monotonic() - group[0].came)
            self._store_together(group)
            for request in group:
                request.done.set()

    def _store_together(self, group: Sequence[_Request]) -> None:
        try:
            self._store([(request.project, request.events) for request in group])
        except Exception as error:  # noqa: BLE001 - raised again in the requests' threads
            if len(group) > 1 and not isinstance(error, StoreUnavailable):
                # One request's events must not keep the others' from being stored.
                for request in group:
                    self._store_together([request])
                return
            for request in group:
                request.error = error

    def _take(self) -> list[_Request]:
        with self._changed:
            while not self._queue:
                if self._closed:
                    return []
                self._changed.wait()
            group: list[_Request] = []
            size = 0
            while self._queue and (not group or size + len(self._queue[0].events) <= self._batch):
                request = self._queue.popleft()
                group.append(request)
                size += len(request.events)
            self._waiting -= size
            return group
