"""What is written waits a moment, and is there for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hedgerow.adapters.events.changes import Changes
from hedgerow.adapters.events.pending import Pending
from hedgerow.domain.errors import StoreUnavailable


class Table:
    """Takes changes when it may, and remembers their marks."""

    def __init__(self) -> None:
        self.marks: list[int | None] = []
        self.is_open = threading.Event()
        self.is_open.set()
        self.entered = threading.Event()
        self.failure: Exception | None = None

    def apply(self, changes: Changes) -> None:
        self.entered.set()
        self.is_open.wait(10)
        if self.failure:
            raise self.failure
        self.marks.append(changes.mark)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def pending(table: Table) -> Iterator[Pending]:
    opened = Pending(table.apply)
    yield opened
    opened.close()


def test_whoever_asks_finds_all_that_was_added(table: Table, pending: Pending) -> None:
    pending.flush()
    assert table.marks == []
    pending.add(Changes(1))
    pending.add(Changes(2))
    pending.flush()
    assert table.marks[-1] == 2


def test_those_who_ask_together_wait_for_one_writing(table: Table, pending: Pending) -> None:
    table.is_open.clear()
    pending.add(Changes(1))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(pending.flush) for _ in range(8)]
        assert table.entered.wait(10)
        assert not any(one.done() for one in asked)
        table.is_open.set()
        for one in asked:
            one.result(10)
    assert table.marks == [1]


def test_what_failed_is_written_before_what_came_later(table: Table, pending: Pending) -> None:
    table.failure = StoreUnavailable("The disk is full.")
    pending.add(Changes(1))
    with pytest.raises(StoreUnavailable):
        pending.flush()
    pending.add(Changes(2))
    with pytest.raises(StoreUnavailable):
        pending.flush()
    table.failure = None
    pending.flush()
    assert table.marks == [1, 2]


def test_what_waits_is_written_when_it_is_closed(table: Table) -> None:
    pending = Pending(table.apply)
    pending.add(Changes(1))
    pending.close()
    assert table.marks == [1]


def test_nobody_needs_to_ask(table: Table, pending: Pending) -> None:
    pending.add(Changes(1))
    assert table.entered.wait(10)
