"""The rate limiter of one process."""

from __future__ import annotations

import pytest
from hedgerow.adapters.limits import ProcessRateLimiter

from tests.contracts.rate_limiter import NOW, SMALL, RateLimiterContract


@pytest.fixture
def limiter() -> ProcessRateLimiter:
    return ProcessRateLimiter()


class TestProcessRateLimiter(RateLimiterContract):
    pass


def test_keys_that_are_not_used_any_more_take_no_memory(limiter: ProcessRateLimiter) -> None:
    for number in range(100):
        limiter.take(f"old{number}", SMALL, NOW)
    limiter.take("young", SMALL, NOW + 3599)
    assert len(limiter) == 101
    limiter.take("new", SMALL, NOW + 3601)
    assert len(limiter) == 2
