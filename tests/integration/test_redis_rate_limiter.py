"""The rate limiter that processes share, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hedgerow.adapters.limits import RedisRateLimiter

from tests.contracts.rate_limiter import NOW, SMALL, RateLimiterContract


@pytest.fixture
def limiter(redis_url: str, redis: Any) -> Iterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(redis_url)
    yield limiter
    limiter.close()


class TestRedisRateLimiter(RateLimiterContract):
    pass


def test_two_processes_share_one_budget(redis_url: str, limiter: RedisRateLimiter) -> None:
    other = RedisRateLimiter(redis_url)
    assert limiter.take("k", SMALL, NOW).wait is None
    assert other.take("k", SMALL, NOW).wait is None
    assert [one.take("k", SMALL, NOW).wait for one in (limiter, other)] == [60, 60]
    other.close()


def test_only_what_counts_is_kept_and_not_for_ever(limiter: RedisRateLimiter, redis: Any) -> None:
    for number in range(10):
        limiter.take("k", SMALL, NOW + 4000 * number)
    (key,) = redis.keys("*")
    assert redis.llen(key) == SMALL.remembered
    assert 3590 <= redis.ttl(key) <= 3600


def test_without_redis_each_process_counts_its_own() -> None:
    limiter = RedisRateLimiter("redis://127.0.0.1:1/0")
    assert [limiter.take("k", SMALL, NOW).wait for _ in range(3)] == [None, None, 60]
    limiter.close()
