"""What trends were answered with, kept to be given again: in this process, or in Redis for all processes."""

from __future__ import annotations

import threading
from collections import OrderedDict

import structlog
from redis import Redis, RedisError

from ..domain.errors import StoreUnavailable

log = structlog.get_logger()

_PROCESS_BYTES = 64 * 1024 * 1024
_REDIS_BYTES = 16 * 1024 * 1024  # of one answer
_REDIS_SECONDS = 0.5  # waiting longer is no better than asking the event store
_DAY = 24 * 60 * 60
_PREFIX = "hedgerow:answers:"


class ProcessAnswerCache:
    """The answers asked for last, bounded by their sizes together."""

    def __init__(self, max_bytes: int = _PROCESS_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._turn = threading.Lock()

    def get(self, key: str) -> bytes | None:
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: str, kept: bytes) -> None:
        with self._turn:
            self._drop(key)
            if len(kept) > self._max_bytes:
                return
            self._kept[key] = kept
            self._bytes += len(kept)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._turn:
            self._kept.clear()
            self._bytes = 0

    def close(self) -> None:
        """Nothing holds it."""

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._kept.pop(key, b""))


class RedisAnswerCache:
    """The answers of all processes of this version that share a Redis, for a day each. While it cannot be reached,
    nothing is kept."""

    def __init__(self, url: str, version: str) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS)
        self._prefix = f"{_PREFIX}{version}:"

    def get(self, key: str) -> bytes | None:
        try:
            kept = self._redis.get(self._prefix + key)
        except RedisError as error:
            _tell(error)
            return None
        return kept if isinstance(kept, bytes) else None

    def put(self, key: str, kept: bytes) -> None:
        try:
            if len(kept) > _REDIS_BYTES:
                self._redis.delete(self._prefix + key)
            else:
                self._redis.set(self._prefix + key, kept, ex=_DAY)
        except RedisError as error:
            _tell(error)

    def clear(self) -> None:
        try:
            with self._redis.pipeline(transaction=False) as together:
                for key in self._redis.scan_iter(f"{_PREFIX}*", count=1_000):
                    together.unlink(key)
                together.execute()
        except RedisError as error:
            raise StoreUnavailable(f"Kept answers cannot be removed from Redis: {error}") from error

    def close(self) -> None:
        self._redis.close()


def _tell(error: RedisError) -> None:
    log.warning("answers are not kept: Redis cannot be reached", error=str(error))
