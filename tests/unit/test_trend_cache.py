"""Trends that are given again: only while nothing has changed that they depend on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from hedgerow.adapters.answers import ProcessAnswerCache
from hedgerow.adapters.memory.events import MemoryEventStore
from hedgerow.domain.accounts import Project
from hedgerow.domain.refresh import Refresh
from hedgerow.domain.trend_requests import trends_query_of
from hedgerow.domain.trends_query import parse_trends_query
from hedgerow.entrypoints.trend_answers import series_bodies
from hedgerow.services.trends import TrendResult, TrendService

from ..contracts.trend_case import SIGN_UP, events
from ..trend_fixtures import World, instant


@dataclass
class Asked:
    """A world, and one service that is asked again and again at a time that may be moved."""

    world: World
    now: datetime = field(default_factory=lambda: instant("2020-01-04 10:30"))

    def __post_init__(self) -> None:
        self.service = TrendService(self.world.begin, self.world.store, ProcessAnswerCache(), lambda: self.now)

    def ask(
        self, request: dict[str, Any] = SIGN_UP, refresh: Refresh = Refresh.IF_STALE, salt: str = "", **project: Any
    ) -> TrendResult | None:
        self.world.store_all()
        of: Project = replace(self.world.project, **project)
        query = parse_trends_query(trends_query_of(request), of)
        return self.service.answer(of, query, refresh, salt)

    def is_cached(self, request: dict[str, Any] = SIGN_UP, **options: Any) -> bool:
        result = self.ask(request, **options)
        assert result is not None
        return result.is_cached


@pytest.fixture
def asked() -> Asked:
    world = World(MemoryEventStore())
    world.person("p", plan="pro")
    world.event("sign up", "2020-01-04 10:00", "p")
    return Asked(world)


def test_the_same_question_gets_the_same_answer_with_the_time_at_which_it_was_computed(asked: Asked) -> None:
    first = asked.ask()
    asked.now = instant("2020-01-04 10:31")
    again = asked.ask()
    assert first is not None
    assert again is not None
    assert (first.is_cached, again.is_cached) == (False, True)
    assert again.computed_at == first.computed_at == instant("2020-01-04 10:30")
    assert [row.data for row in again.rows] == [row.data for row in first.rows]


def test_a_new_event_or_a_change_of_persons_makes_it_stale(asked: Asked) -> None:
    assert not asked.is_cached()
    asked.world.event("other", "2010-01-01", "q")
    assert not asked.is_cached()
    asked.world.person("r")
    assert not asked.is_cached()
    assert asked.is_cached()


def test_events_of_another_project_do_not_matter(asked: Asked) -> None:
    asked.ask()
    asked.world.event_of("sign up", "2020-01-04", "p", {}, project_id=asked.world.project.id + 1)
    assert asked.is_cached()


def test_a_new_or_changed_action_or_cohort_makes_it_stale(asked: Asked) -> None:
    asked.ask()
    asked.world.action("a")
    assert not asked.is_cached()
    asked.world.cohort("c", {"key": "plan", "value": "pro"})
    assert not asked.is_cached()
    assert asked.is_cached()


def test_other_questions_settings_and_salts_are_kept_apart(asked: Asked) -> None:
    asked.ask()
    assert not asked.is_cached(events("sign up", interval="week"))
    assert not asked.is_cached(salt="x")
    assert not asked.is_cached(timezone="Asia/Tokyo")
    assert asked.is_cached(salt="x")
    assert asked.is_cached()


@pytest.mark.parametrize(
    ("keys", "later", "cached"),
    [
        ({}, "2020-01-04 23:59", True),
        ({}, "2020-01-05 00:00", False),
        ({"interval": "hour"}, "2020-01-04 10:59", True),
        ({"interval": "hour"}, "2020-01-04 11:00", False),
        ({"date_from": "-24h"}, "2020-01-04 11:00", False),
        ({"display": "BoldNumber"}, "2020-01-04 11:00", False),
        ({"date_from": "2020-01-01", "date_to": "2020-01-04"}, "2020-02-01 00:00", True),
        ({"date_from": "2020-01-01", "date_to": "2020-01-06"}, "2020-01-05 00:00", False),
    ],
)
def test_a_new_interval_makes_it_stale(asked: Asked, keys: dict[str, Any], later: str, cached: bool) -> None:
    asked.ask(events("sign up", **keys))
    asked.now = instant(later)
    assert asked.is_cached(events("sign up", **keys)) is cached


def test_refresh_computes_and_force_cache_never_does(asked: Asked) -> None:
    assert asked.ask(refresh=Refresh.NEVER) is None
    asked.ask()
    assert not asked.is_cached(refresh=Refresh.ALWAYS)
    assert asked.is_cached(refresh=Refresh.NEVER)
    asked.world.event("sign up", "2020-01-04 10:00", "p")
    assert asked.ask(refresh=Refresh.NEVER) is None


def test_an_empty_answer_is_never_given_again(asked: Asked) -> None:
    request = events("never", breakdown="x")
    assert not asked.is_cached(request)
    assert not asked.is_cached(request)


def test_an_answer_that_is_given_again_is_the_same_but_for_saying_so(asked: Asked) -> None:
    asked.world.event("sign up", "2020-01-03 10:00", "q", plan="x")
    asked.world.cohort("pros", {"key": "plan", "value": "pro"})
    for more in (
        {"breakdown": "plan"},
        {"breakdown": [1, "all"], "breakdown_type": "cohort"},
        {"date_from": "all", "interval": "week"},
        {"compare": True, "formula": "A / 2"},
        {"display": "BoldNumber", "properties": [{"type": "cohort", "key": "id", "value": 1}]},
    ):
        first, again = (series_bodies(found) for found in (asked.ask(events("sign up", **more)) for _ in "12") if found)
        assert first == again
        assert asked.is_cached(events("sign up", **more))


def test_processes_that_share_a_cache_give_each_others_answers(asked: Asked) -> None:
    cache = ProcessAnswerCache()
    asked.service, other = (
        TrendService(asked.world.begin, asked.world.store, cache, lambda: asked.now) for _ in range(2)
    )
    assert not asked.is_cached()
    asked.service = other
    assert asked.is_cached()
