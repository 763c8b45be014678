"""Group commit: what waits together is stored together, and nobody suffers for another's events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import pytest
from hedgerow.adapters.ingester import Ingester
from hedgerow.domain.accounts import Project
from hedgerow.domain.errors import StoreUnavailable
from hedgerow.domain.events import Event

from tests.builders import an_event

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = Project(1, UUID(int=1), "Default", "phc_test", "UTC", 0, EPOCH, EPOCH)
SECONDS = 10


class Store:
    """Keeps what it is given. While `busy`, it takes one group and then waits to be let go on."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.attempts = 0
        self._taken, self._free = threading.Event(), threading.Event()
        self._free.set()

    def __call__(self, requests: Sequence[tuple[Project, Sequence[Event]]]) -> int:
        self.attempts += 1
        names = [event.name for _, events in requests for event in events]
        self._taken.set()
        assert self._free.wait(SECONDS)
        for name in names:
            if name in self.refused:
                raise self.refused[name]
        self.groups.append(names)
        return len(names)

    @contextmanager
    def busy(self, ingester: Ingester, pool: ThreadPoolExecutor) -> Iterator[Future[None]]:
        """Busy with a first request, of which nothing more is heard until the end."""
        self._taken.clear()
        self._free.clear()
        first = pool.submit(submit, ingester, "first")
        assert self._taken.wait(SECONDS)
        try:
            yield first
        finally:
            self._free.set()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def submit(ingester: Ingester, *names: str) -> None:
    ingester.submit(PROJECT, [an_event(name) for name in names])


def until(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    deadline = monotonic() + SECONDS
    while not condition():
        assert monotonic() < deadline, "It never came to that."


def enqueue(ingester: Ingester, pool: ThreadPoolExecutor, *requests: tuple[str, ...]) -> list[Future[None]]:
    """Submit requests that will wait, one after the other."""
    futures = []
    for request in requests:
        expected = ingester.waiting + len(request)
        futures.append(pool.submit(submit, ingester, *request))
        until(lambda expected=expected: ingester.waiting == expected)  # type: ignore[misc]
    return futures


def finish(*futures: Future[None]) -> None:
    for future in futures:
        future.result(SECONDS)


def test_it_returns_when_the_events_are_stored(store: Store) -> None:
    ingester = Ingester(store)
    submit(ingester, "a", "b")
    assert store.groups == [["a", "b"]]
    ingester.close()


def test_requests_that_wait_together_are_stored_together_in_their_order(store: Store, pool: ThreadPoolExecutor) -> None:
    ingester = Ingester(store)
    with store.busy(ingester, pool) as first:
        others = enqueue(ingester, pool, ("a", "b"), ("c",), ("d",))
        assert not any(future.done() for future in (first, *others))
    finish(first, *others)
    assert store.groups == [["first"], ["a", "b", "c", "d"]]
    assert ingester.waiting == 0
    ingester.close()


def test_a_group_is_no_larger_than_a_batch_unless_one_request_is(store: Store, pool: ThreadPoolExecutor) -> None:
    ingester = Ingester(store, batch=3)
    with store.busy(ingester, pool) as first:
        others = enqueue(ingester, pool, ("a", "b"), ("c",), ("d",), tuple("efgh"), ("i",))
    finish(first, *others)
    assert store.groups == [["first"], ["a", "b", "c"], ["d"], ["e", "f", "g", "h"], ["i"]]
    ingester.close()


def test_a_request_that_cannot_be_stored_fails_alone(store: Store, pool: ThreadPoolExecutor) -> None:
    store.refused["bad"] = ValueError("no")
    ingester = Ingester(store)
    with store.busy(ingester, pool) as first:
        a, bad, b = enqueue(ingester, pool, ("a",), ("bad",), ("b",))
    finish(first, a, b)
    with pytest.raises(StoreUnavailable) as failure:
        finish(bad)
    assert failure.value.__cause__ is store.refused["bad"]
    assert store.groups == [["first"], ["a"], ["b"]]
    ingester.close()


def test_a_request_that_fails_is_not_tried_twice(store: Store) -> None:
    store.refused["bad"] = ValueError("no")
    ingester = Ingester(store)
    with pytest.raises(StoreUnavailable):
        submit(ingester, "bad")
    assert store.attempts == 1
    submit(ingester, "good")
    assert store.groups == [["good"]]
    ingester.close()


def test_a_store_that_is_away_is_not_asked_for_each_request(store: Store, pool: ThreadPoolExecutor) -> None:
    store.refused["b"] = StoreUnavailable("away")
    ingester = Ingester(store)
    with store.busy(ingester, pool) as first:
        others = enqueue(ingester, pool, ("a",), ("b",), ("c",))
    finish(first)
    for other in others:
        with pytest.raises(StoreUnavailable):
            finish(other)
    assert store.attempts == 2
    ingester.close()


def test_a_full_queue_refuses_and_recovers(store: Store, pool: ThreadPoolExecutor) -> None:
    ingester = Ingester(store, capacity=3)
    with store.busy(ingester, pool) as first:
        waiting = enqueue(ingester, pool, ("a", "b"))
        with pytest.raises(StoreUnavailable):
            submit(ingester, "c", "d")
        waiting += enqueue(ingester, pool, ("e",))
    finish(first, *waiting)
    submit(ingester, "f")
    assert store.groups == [["first"], ["a", "b", "e"], ["f"]]
    ingester.close()


def test_a_request_larger_than_the_queue_is_taken_when_nothing_waits(store: Store) -> None:
    ingester = Ingester(store, capacity=2)
    submit(ingester, "a", "b", "c")
    assert store.groups == [["a", "b", "c"]]
    ingester.close()


def test_closing_stores_what_was_accepted_and_takes_nothing_more(store: Store, pool: ThreadPoolExecutor) -> None:
    ingester = Ingester(store, batch=1)
    with store.busy(ingester, pool) as first:
        waiting = enqueue(ingester, pool, ("a",), ("b",))
        closing = pool.submit(ingester.close)
    finish(closing, first, *waiting)
    assert store.groups == [["first"], ["a"], ["b"]]
    with pytest.raises(StoreUnavailable):
        submit(ingester, "c")
    ingester.close()
