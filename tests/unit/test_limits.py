"""Rate limits: budgets and the sliding window."""

import math
from collections import deque

import pytest
from hedgerow.domain.limits import (
    DEFAULT,
    INSIGHTS,
    PERSONS,
    PERSONS_DELETE,
    QUERY,
    Budget,
    Standing,
    Window,
    budget_of,
    check,
    standing,
    throttled_text,
)
from hypothesis import given
from hypothesis import strategies as st

TWO_A_MINUTE = Budget("small", (Window(2, 60),))
TWO_A_MINUTE_THREE_AN_HOUR = Budget("small", (Window(2, 60), Window(3, 3600)))


@pytest.mark.parametrize(
    ("budget", "scope", "windows"),
    [
        (PERSONS, "persons", {60: 240}),
        (PERSONS_DELETE, "persons_delete", {60: 480, 3600: 4800}),
        (INSIGHTS, "insights", {60: 240, 3600: 1200}),
        (QUERY, "query", {60: 240, 3600: 2400}),
        (DEFAULT, "default", {60: 480, 3600: 4800}),
    ],
)
def test_the_budgets_are_those_documented(budget: Budget, scope: str, windows: dict[int, int]) -> None:
    assert budget.scope == scope
    assert {window.seconds: window.requests for window in budget.windows} == windows


@pytest.mark.parametrize(
    ("method", "route", "budget"),
    [
        ("GET", "/persons", PERSONS),
        ("GET", "/persons.csv", PERSONS),
        ("PATCH", "/persons/<person_id>", PERSONS),
        ("POST", "persons/<person_id>/split/", PERSONS),
        ("GET", "/persons/deletion_status", PERSONS),
        ("DELETE", "/persons/<person_id>", PERSONS_DELETE),
        ("POST", "/persons/bulk_delete", PERSONS_DELETE),
        ("POST", "/persons/<person_id>/delete_events/", PERSONS_DELETE),
        ("POST", "/persons/<person_id>/delete_recordings", PERSONS_DELETE),
        ("POST", "/persons/<person_id>/delete_property", PERSONS),
        ("GET", "/insights", INSIGHTS),
        ("POST", "/insights/trend", INSIGHTS),
        ("DELETE", "/insights/<insight_id>", INSIGHTS),
        ("POST", "/query", QUERY),
        ("GET", "/cohorts/<cohort_id>/persons", DEFAULT),
        ("DELETE", "/actions/<action_id>", DEFAULT),
        ("GET", "", DEFAULT),
    ],
)
def test_each_route_has_its_budget(method: str, route: str, budget: Budget) -> None:
    assert budget_of(method, route) is budget


def test_the_standing_is_that_of_the_window_with_the_fewest_requests_left() -> None:
    budget = TWO_A_MINUTE_THREE_AN_HOUR
    assert standing([], 100.0, budget, None) == Standing(None, 2, 2, 0)
    assert standing([94.0], 100.0, budget, None) == Standing(None, 2, 1, 54)
    assert standing([10.0, 20.0, 99.5], 100.0, budget, None) == Standing(None, 3, 0, 3510)


def test_within_the_budget_nothing_waits() -> None:
    assert check([], 100.0, TWO_A_MINUTE) is None
    assert check([99.0], 100.0, TWO_A_MINUTE) is None


def test_the_wait_lasts_until_the_oldest_of_the_window_expires() -> None:
    assert check([94.0, 99.0], 100.0, TWO_A_MINUTE) == 54
    assert check([94.0, 99.0], 100.5, TWO_A_MINUTE) == 54
    assert check([94.0, 99.0], 153.9, TWO_A_MINUTE) == 1
    assert check([94.0, 99.0], 154.0, TWO_A_MINUTE) is None


def test_a_full_window_at_one_moment_waits_its_whole_length() -> None:
    now = 1764000000.123
    assert check([now, now], now, TWO_A_MINUTE) == 60


def test_of_several_limits_the_longest_wait_counts() -> None:
    assert check([10.0, 94.0, 99.0], 100.0, TWO_A_MINUTE_THREE_AN_HOUR) == 3510
    assert check([10.0, 20.0, 30.0], 100.0, TWO_A_MINUTE_THREE_AN_HOUR) == 3510


def test_what_was_accepted_before_the_window_does_not_count() -> None:
    assert check([1.0, 2.0, 3.0, 99.0], 100.0, TWO_A_MINUTE) is None


def test_the_text_counts_seconds() -> None:
    assert throttled_text(54) == "Request was throttled. Expected available in 54 seconds."
    assert throttled_text(1) == "Request was throttled. Expected available in 1 second."


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted))
def test_no_window_ever_holds_more_than_its_limit(arrivals: list[float]) -> None:
    budget = Budget("small", (Window(3, 5), Window(7, 30)))
    accepted: list[float] = []
    for now in arrivals:
        if check(accepted, now, budget) is None:
            accepted.append(now)
    for window in budget.windows:
        for now in accepted:
            assert sum(0 <= now - at < window.seconds for at in accepted) <= window.requests


@given(st.lists(st.integers(0, 100), max_size=40).map(sorted))
def test_whoever_waits_as_told_is_accepted_and_not_a_second_before(arrivals: list[int]) -> None:
    budget = Budget("small", (Window(3, 5), Window(7, 30)))
    accepted: list[float] = []
    for now in arrivals:
        wait = check(accepted, now, budget)
        if wait is None:
            accepted.append(now)
            continue
        assert check(accepted, now + wait, budget) is None
        assert wait == 1 or check(accepted, now + wait - 1, budget) is not None


@given(st.lists(st.floats(0, 100), max_size=40).map(sorted))
def test_the_latest_requests_are_enough_to_know(arrivals: list[float]) -> None:
    budget = Budget("small", (Window(3, 5), Window(7, 30)))
    assert budget.remembered == 7
    accepted: list[float] = []
    latest: deque[float] = deque(maxlen=budget.remembered)
    for now in arrivals:
        wait = check(accepted, now, budget)
        assert check(latest, now, budget) == wait
        assert wait is None or (wait >= 1 and wait <= math.ceil(30))
        if wait is None:
            accepted.append(now)
            latest.append(now)
