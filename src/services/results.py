"""Results kept to be given again, as many as fit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")

MAX_BYTES = 64 * 1024 * 1024


class RecentResults(Generic[V]):
    """The results asked for last, bounded by their sizes together. Each is good for one state of the data only.

    `bytes`: their sizes together. `hits` and `misses`: how many were found when asked for, and how many were not.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[str, tuple[object, V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, state: object) -> V | None:
        """What was kept under a key for this state, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != state:
                self.misses += 1
                return None
            self.hits += 1
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: str, state: object, value: V, size: int) -> None:
        """Keep a result of about `size` bytes in the place of what the key had; the oldest make room for it."""
        with self._lock:
            self._drop(key)
            if size > self._max_bytes:
                return
            self._kept[key] = (state, value, size)
            self.bytes += size
            while self.bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        if dropped := self._kept.pop(key, None):
            self.bytes -= dropped[2]
