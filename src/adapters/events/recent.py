"""Which events of these days are certainly new: without a look into the table, which grows with every day's events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from ...domain.events import Event

_PRIME = 2**61 - 1
_ROUNDS = 5
_BITS_EACH = 40  # with as many rounds, one new event of 45,000 is taken for a known one
_FEWEST = 4_000
_MOST = 8_000_000  # 40 MB; more than so many are told less well

_log = structlog.get_logger()


class RecentUuids:
    """A Bloom filter for each day from two before this to two after it.

    `count` tells how many events are stored, or were written, with a time from one to before another, `read` gives
    their uuids as numbers. Where the filter of a day is not there yet, its events may all be known.
    """

    def __init__(
        self,
        count: Callable[[datetime, datetime], int],
        read: Callable[[datetime, datetime], Iterator[Sequence[int]]],
    ) -> None:
        self._count = count
        self._read = read
        self._days: dict[int, _Filter] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._filling: threading.Thread | None = None

    def perhaps(self, events: Sequence[Event]) -> list[Event]:
        """The events that may have been stored before, with a time within a day."""
        self._prepare(datetime.now(UTC).toordinal())
        near: dict[int, list[_Filter] | None] = {}
        found = []
        for event in events:
            day = event.timestamp.toordinal()
            if day not in near:
                near[day] = self._near(day)
            filters = near[day]
            if filters is None or any(one.may_have(event.uuid.int) for one in filters):
                found.append(event)
        return found

    def add(self, events: Iterable[tuple[UUID, datetime]]) -> None:
        """These are stored from now on."""
        with self._lock:
            for uuid, at in events:
                known = self._days.get(at.toordinal())
                if known is not None:
                    known.add(uuid.int)

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        if self._filling is not None:
            self._filling.join()

    def _near(self, day: int) -> list[_Filter] | None:
        """The filters that tell of events within a day of that day's, but for empty ones; None if they cannot tell."""
        filters = [self._days.get(one) for one in (day, day - 1, day + 1)]
        if not all(one and one.tells for one in filters):
            return None
        return [one for one in filters if one and not one.is_empty]

    def _prepare(self, today: int) -> None:
        """Have the filters of these days, larger ones for those that are full."""
        wanted = range(today - 2, today + 3)
        if all(day in self._days and not self._days[day].is_full for day in wanted):
            return
        if self._filling is None or not self._filling.is_alive():
            self._filling = threading.Thread(target=self._fill, args=(wanted,), name="recent uuids", daemon=True)
            self._filling.start()

    def _fill(self, wanted: range) -> None:
        try:
            for day in wanted:
                start = datetime.fromordinal(day).replace(tzinfo=UTC)
                end = start + timedelta(days=1)
                before = self._days.get(day)
                if before is not None and not before.is_full:
                    continue
                fresh = _Filter(self._count(start, end) * 4, before)
                with self._lock:
                    self._days[day] = fresh  # what is added from now on is in it, what was before is read
                for uuids in self._read(start, end):
                    if self._closed:
                        return
                    with self._lock:
                        for uuid in uuids:
                            fresh.add(uuid)
                fresh.fill()
        except Exception as error:  # noqa: BLE001 - the table can be asked instead
            _log.warning("Duplicates are looked for in the table.", reason=str(error))
            with self._lock:
                self._days = {day: one for day, one in self._days.items() if one.is_filled}
        with self._lock:
            self._days = {day: one for day, one in self._days.items() if day in wanted}


class _Filter:
    """Numbers, of which it can tell that they are not among them. While it is not filled, the smaller one `before` it
    tells, if there is one."""

    def __init__(self, capacity: int, before: _Filter | None) -> None:
        self._capacity = min(max(capacity, _FEWEST), _MOST)
        size = 1 << (self._capacity * _BITS_EACH - 1).bit_length()
        self._bits = bytearray(size // 8)
        self._mask = size - 1
        self._count = 0
        self._before = before
        self.is_filled = False

    def fill(self) -> None:
        """Have everything that belongs into it."""
        self.is_filled = True
        self._before = None

    @property
    def tells(self) -> bool:
        """Whether it can tell."""
        return self.is_filled or self._before is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is among them."""
        return not self._count and self._before is None

    @property
    def is_full(self) -> bool:
        """Whether a larger one would tell more."""
        return self.is_filled and self._count > self._capacity < _MOST

    def add(self, number: int) -> None:
        """Have it among them."""
        self._count += 1
        bits, mask = self._bits, self._mask
        mixed = number % _PRIME
        step = mixed >> 30 | 1
        for _ in range(_ROUNDS):
            bits[(mixed & mask) >> 3] |= 1 << (mixed & 7)
            mixed += step
        if before := self._before:
            before.add(number)

    def may_have(self, number: int) -> bool:
        """Whether it may be among them."""
        if before := self._before:
            return before.may_have(number)
        bits, mask = self._bits, self._mask
        mixed = number % _PRIME
        step = mixed >> 30 | 1
        for _ in range(_ROUNDS):
            if not bits[(mixed & mask) >> 3] & 1 << (mixed & 7):
                return False
            mixed += step
        return True
