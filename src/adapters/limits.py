"""Rate limits: the accepted requests of every key, in this process or in Redis for all processes."""

from __future__ import annotations

import threading
from collections import deque

import structlog
from redis import Redis, RedisError

from ..domain.limits import Budget, Standing, check, standing

log = structlog.get_logger()

_REDIS_SECONDS = 0.5
"""A limit is not worth a longer wait."""


class ProcessRateLimiter:
    """The requests of this process."""

    def __init__(self) -> None:
        self._accepted: dict[tuple[str, Budget], deque[float]] = {}
        self._turn = threading.Lock()

    def __len__(self) -> int:
        """How many keys' requests are remembered, each budget by itself."""
        return len(self._accepted)

    def take(self, key_id: str, budget: Budget, now: float) -> Standing:
        with self._turn:
            accepted = self._accepted.get((key_id, budget))
            if accepted is None:
                self._forget_idle(now)
                accepted = self._accepted[key_id, budget] = deque(maxlen=budget.remembered)
            wait = check(accepted, now, budget)
            if wait is None:
                accepted.append(now)
            return standing(accepted, now, budget, wait)

    def _forget_idle(self, now: float) -> None:
        """So that keys of old take no memory for ever."""
        for key, accepted in list(self._accepted.items()):
            if now - accepted[-1] >= key[1].longest:
                del self._accepted[key]


class RedisRateLimiter:
    """The requests of all processes that share a Redis. While it cannot be reached, each process counts its own."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS)
        self._script = self._redis.register_script(_TAKE)
        self._own = ProcessRateLimiter()

    def take(self, key_id: str, budget: Budget, now: float) -> Standing:
        windows = [number for window in budget.windows for number in (window.requests, window.seconds)]
        try:
            wait, limit, remaining, reset = self._script(
                keys=[f"hedgerow:limits:{budget.scope}:{key_id}"],
                args=[repr(now), budget.remembered, budget.longest, *windows],
            )
        except RedisError as error:
            log.warning("rate limits are counted per process: Redis cannot be reached", error=str(error))
            return self._own.take(key_id, budget, now)
        return Standing(int(wait) or None, int(limit), int(remaining), int(reset))

    def close(self) -> None:
        self._redis.close()


# `domain.limits.check`, the note that a request was accepted, and `domain.limits.standing`, at once for all processes.
# Answers the wait, or 0, and the standing.
_TAKE = """
local now = tonumber(ARGV[1])
local longest = 0
for place = 4, #ARGV, 2 do
  local seconds = tonumber(ARGV[place + 1])
  local oldest = redis.call('LINDEX', KEYS[1], -tonumber(ARGV[place]))
  if oldest and now - tonumber(oldest) < seconds then
    longest = math.max(longest, math.ceil(seconds - (now - tonumber(oldest))))
  end
end
if longest == 0 then
  redis.call('RPUSH', KEYS[1], ARGV[1])
  redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
local length = redis.call('LLEN', KEYS[1])
local limit, remaining, reset
for place = 4, #ARGV, 2 do
  local requests, seconds = tonumber(ARGV[place]), tonumber(ARGV[place + 1])
  local low, high = 0, length
  while low < high do
    local middle = math.floor((low + high) / 2)
    if tonumber(redis.call('LINDEX', KEYS[1], middle)) > now - seconds then high = middle else low = middle + 1 end
  end
  local left, expires = math.max(requests - (length - low), 0), 0
  if low < length then
    expires = math.ceil(seconds - (now - tonumber(redis.call('LINDEX', KEYS[1], low))))
  end
  if not limit or left < remaining or (left == remaining and requests < limit) then
    limit, remaining, reset = requests, left, expires
  end
end
return {longest, limit, remaining, reset}
"""
