"""What every `RateLimiter` promises. A subclass gives the fixture `limiter`, which remembers no request yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

from hedgerow.domain.limits import Budget, RateLimiter, Window, check, standing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOW = 1_764_000_000.123
SMALL = Budget("small", (Window(2, 60), Window(3, 3600)))

_names = count()

# Every example has a key of its own, so one limiter may serve them all; each adapter's class runs the same law.
_on_one_limiter = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


class RateLimiterContract:
    """See the module."""

    def test_what_fits_is_accepted_and_the_rest_told_to_wait(self, limiter: RateLimiter) -> None:
        assert limiter.take("k", SMALL, NOW).wait is None
        assert limiter.take("k", SMALL, NOW + 5.5).wait is None
        assert limiter.take("k", SMALL, NOW + 6).wait == 54
        assert limiter.take("k", SMALL, NOW + 59.9).wait == 1
        assert limiter.take("k", SMALL, NOW + 60).wait is None
        assert limiter.take("k", SMALL, NOW + 200).wait == 3400

    def test_105_a_refused_request_does_not_lengthen_the_wait(self, limiter: RateLimiter) -> None:
        for _ in range(2):
            limiter.take("k", SMALL, NOW)
        assert [limiter.take("k", SMALL, NOW + second).wait for second in (10, 20, 30)] == [50, 40, 30]
        assert limiter.take("k", SMALL, NOW + 60).wait is None

    def test_every_key_has_every_budget_for_itself(self, limiter: RateLimiter) -> None:
        other = Budget("other", SMALL.windows)
        for _ in range(2):
            limiter.take("k", SMALL, NOW)
        assert limiter.take("k", SMALL, NOW).wait == 60
        assert limiter.take("k", other, NOW).wait is None
        assert limiter.take("k2", SMALL, NOW).wait is None

    def test_parallel_requests_never_get_more_than_the_budget(self, limiter: RateLimiter) -> None:
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda _: limiter.take("k", Budget("one", (Window(10, 60),)), NOW).wait, range(80))
            )
        assert answers.count(None) == 10

    @_on_one_limiter
    @given(arrivals=st.lists(st.floats(0, 100), max_size=30).map(sorted))
    def test_it_decides_as_the_rule_does(self, limiter: RateLimiter, arrivals: list[float]) -> None:
        budget, key = Budget("law", (Window(3, 5), Window(7, 30))), f"k{next(_names)}"
        accepted: list[float] = []
        for arrival in arrivals:
            expected = check(accepted, arrival, budget)
            if expected is None:
                accepted.append(arrival)
            assert limiter.take(key, budget, arrival) == standing(accepted, arrival, budget, expected)
