"""Which events of these days are certainly new: without a look into the table, which grows with every day's events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from ...domain.events import Event

_PRIME = 2**61 - 1
_ROUNDS = 7
_BITS_EACH = 32  # with as many rounds, one of 90,000 is taken for known
_SMALLEST = 2**17  # bits
_LARGEST = 2**28  # 32 MB, for eight million events

_log = structlog.get_logger()


class RecentUuids:
    """A Bloom filter for each day from two before this to two after it.

    `read` gives the uuids of the events that are stored, or were written, with a time from one to before another. Where
    the filter of a day is not there yet, its events may all be known.
    """

    def __init__(self, read: Callable[[datetime, datetime], Iterator[Sequence[UUID]]]) -> None:
        self._read = read
        self._days: dict[int, _Filter] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._filling: threading.Thread | None = None

    def perhaps(self, events: Sequence[Event]) -> list[Event]:
        """The events that may have been stored before, with a time within a day."""
        today = datetime.now(UTC).toordinal()
        self._prepare(today)
        days = self._days
        found = []
        for event in events:
            day, number = event.timestamp.toordinal(), event.uuid.int
            for near in (day, day - 1, day + 1):
                known = days.get(near)
                if known is None or known.may_have(number):
                    found.append(event)
                    break
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

    def _prepare(self, today: int) -> None:
        """Have the filters of these days, larger ones for those that are full."""
        wanted = range(today - 2, today + 3)
        if all(day in self._days and not self._days[day].is_full for day in wanted):
            return
        if self._filling is not None and self._filling.is_alive():
            return
        with self._lock:
            known = {day: self._days.get(day) for day in wanted}
            fresh = {day: _Filter(one) for day, one in known.items() if one is None or one.is_full}
            self._days = {day: one for day, one in (known | fresh).items() if one is not None}
        self._filling = threading.Thread(target=self._fill, args=(fresh,), name="recent uuids", daemon=True)
        self._filling.start()

    def _fill(self, fresh: dict[int, _Filter]) -> None:
        try:
            for day, one in fresh.items():
                start = datetime.fromordinal(day).replace(tzinfo=UTC)
                for uuids in self._read(start, start + timedelta(days=1)):
                    if self._closed:
                        return
                    with self._lock:
                        for uuid in uuids:
                            one.add(uuid.int)
                one.is_filled = True
        except Exception as error:  # noqa: BLE001 - the table can be asked instead
            _log.warning("Duplicates are looked for in the table.", reason=str(error))
            with self._lock:
                self._days = {day: one for day, one in self._days.items() if one.is_filled}


class _Filter:
    """Numbers, of which it can tell that they are not among them. While it is not filled, the smaller one `before` it
    tells, if there is one."""

    def __init__(self, before: _Filter | None) -> None:
        self._before = before
        size = min(before.size * 8, _LARGEST) if before else _SMALLEST
        self._bits = bytearray(size // 8)
        self._mask = size - 1
        self._count = 0
        self.is_filled = False

    @property
    def size(self) -> int:
        """Bits."""
        return self._mask + 1

    @property
    def is_full(self) -> bool:
        """Whether a larger one would tell more."""
        return self.is_filled and self._count * _BITS_EACH > self.size and self.size < _LARGEST

    def add(self, number: int) -> None:
        """Have it among them."""
        self._count += 1
        mixed = number % _PRIME
        step = mixed >> 30 | 1
        for _ in range(_ROUNDS):
            self._bits[(mixed & self._mask) >> 3] |= 1 << (mixed & 7)
            mixed += step
        if not self.is_filled and self._before is not None:
            self._before.add(number)

    def may_have(self, number: int) -> bool:
        """Whether it may be among them."""
        if not self.is_filled:
            return self._before is None or self._before.may_have(number)
        mixed = number % _PRIME
        step = mixed >> 30 | 1
        for _ in range(_ROUNDS):
            if not self._bits[(mixed & self._mask) >> 3] & 1 << (mixed & 7):
                return False
            mixed += step
        return True
