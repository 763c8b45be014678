"""The answers that processes share, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hedgerow.adapters.answers import RedisAnswerCache
from hedgerow.domain.errors import StoreUnavailable

from tests.contracts.answer_cache import AnswerCacheContract


@pytest.fixture
def cache(redis_url: str, redis: Any) -> Iterator[RedisAnswerCache]:
    cache = RedisAnswerCache(redis_url, "1")
    yield cache
    cache.close()


class TestRedisAnswerCache(AnswerCacheContract):
    pass


def test_processes_of_one_version_share_what_is_kept(redis_url: str, cache: RedisAnswerCache) -> None:
    cache.put("a", b"kept")
    for version, found in (("1", b"kept"), ("2", None)):
        other = RedisAnswerCache(redis_url, version)
        assert other.get("a") == found
        other.close()


def test_clearing_leaves_nothing_of_other_versions_and_everything_else(
    redis_url: str, cache: RedisAnswerCache, redis: Any
) -> None:
    redis.set("other", b"stays")
    other = RedisAnswerCache(redis_url, "2")
    for each in (cache, other):
        each.put("a", b"kept")
    cache.clear()
    assert redis.keys("*") == [b"other"]
    other.close()


def test_nothing_is_kept_for_ever(cache: RedisAnswerCache, redis: Any) -> None:
    cache.put("a", b"kept")
    (key,) = redis.keys("*")
    assert 86_000 < redis.ttl(key) <= 86_400


def test_without_redis_nothing_is_kept() -> None:
    cache = RedisAnswerCache("redis://127.0.0.1:1/0", "1")
    cache.put("a", b"kept")
    assert cache.get("a") is None
    with pytest.raises(StoreUnavailable):
        cache.clear()
    cache.close()
