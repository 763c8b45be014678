"""Which events are certainly new, told without looking."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hedgerow.adapters.events.recent import RecentUuids
from hedgerow.domain.events import Event
from hypothesis import given
from hypothesis import strategies as st

DAY = timedelta(days=1)


class Table:
    """Events that are stored already; reading them waits until it may go on."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.failure: Exception | None = None

    def count(self, start: datetime, end: datetime) -> int:
        return sum(start <= event.timestamp < end for event in self.events)

    def read(self, start: datetime, end: datetime) -> Iterator[list[int]]:
        self.may_go_on.wait(10)
        if self.failure:
            raise self.failure
        for event in self.events:
            if start <= event.timestamp < end:
                yield [event.uuid.int]


def an_event(ago: timedelta = timedelta(0), uuid: UUID | None = None) -> Event:
    return Event(1, uuid or uuid4(), "seen", "ann", datetime.now(UTC) - ago, {})


def ready(table: Table) -> RecentUuids:
    recent = RecentUuids(table.count, table.read)
    recent.perhaps([])
    finish(recent)
    return recent


def finish(recent: RecentUuids) -> None:
    """Wait until all is read."""
    assert recent._filling
    recent._filling.join()


def add(recent: RecentUuids, *events: Event) -> None:
    recent.add((event.uuid, event.timestamp) for event in events)


def test_new_events_are_told_from_stored_ones() -> None:
    stored, written, new = an_event(), an_event(), [an_event() for _ in range(100)]
    recent = ready(Table(stored))
    add(recent, written)
    assert recent.perhaps([stored, *new, written]) == [stored, written]


def test_until_all_is_read_everything_may_be_known() -> None:
    table = Table()
    table.may_go_on.clear()
    recent = RecentUuids(table.count, table.read)
    new, written = an_event(), an_event()
    assert recent.perhaps([new]) == [new]
    table.events.append(written)
    add(recent, written)
    table.may_go_on.set()
    finish(recent)
    assert recent.perhaps([new, written]) == [written]


@given(st.floats(-1, 1))
def test_an_event_of_the_same_uuid_up_to_a_day_away_is_known(days: float) -> None:
    stored = an_event()
    recent = ready(Table(stored))
    again = stored._replace(timestamp=stored.timestamp + days * DAY)
    assert recent.perhaps([again]) == [again]


@pytest.mark.parametrize("days", [-400, 3, 400])
def test_of_other_days_everything_may_be_known(days: int) -> None:
    event = an_event(days * DAY)
    assert ready(Table()).perhaps([event]) == [event]


def test_nothing_is_forgotten_as_more_comes() -> None:
    table = Table()
    recent = RecentUuids(table.count, table.read)
    for _ in range(12):
        more = [an_event() for _ in range(1_000)]
        recent.perhaps(more)
        add(recent, *more)
        table.events += more
        assert recent.perhaps(table.events) == table.events
    finish(recent)
    assert recent.perhaps(table.events) == table.events
    assert len(recent.perhaps([an_event() for _ in range(1_000)])) < 10


def test_when_it_cannot_be_read_everything_may_be_known() -> None:
    table = Table()
    table.failure = OSError("gone")
    event = an_event()
    assert ready(table).perhaps([event]) == [event]
