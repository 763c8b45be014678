"""What trends answer about cohorts, over any event store. A subclass gives the `store`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import pytest
from hedgerow.domain.events import JsonValue
from hedgerow.domain.ports import EventStore

from ..trend_fixtures import World, a_project
from .trend_case import events

RANGE = {"date_from": "2020-01-01", "date_to": "2020-01-04"}


def named(name: str) -> JsonValue:
    return {"key": "name", "value": name, "type": "person"}


def in_cohort(cohort_id: int, **more: Any) -> dict[str, Any]:
    return {"type": "cohort", "key": "id", "value": cohort_id, **more}


class CohortTrendCases(ABC):
    """See the module."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> EventStore:
        """A store. Each test has a project of its own in it."""

    @pytest.fixture
    def world(self, store: EventStore) -> World:
        """F5: four persons who watched movies."""
        world = World(store)
        for name, days in (("1", "1"), ("2", "122"), ("3", "123"), ("4", "5")):
            world.person(f"person{name}", name=f"person{name}")
            for day in days:
                world.event("watched movie", f"2020-01-0{day} 12:00", f"person{name}")
        return world

    def watched(self, world: World, **keys: Any) -> list[tuple[Any, str, float]]:
        request = events("watched movie", date_from="-14d", **keys)
        rows = world.rows(request, "2020-01-04T13:01:00Z")
        return [(row["breakdown_value"], row["label"], row["count"]) for row in rows]

    def test_tc_115_a_cohort_filters_events_also_as_a_test_account_filter(self, store: EventStore) -> None:
        probe = World(store)
        janes = probe.cohort("Janes", named("Jane"))
        for project, keys in (
            (probe.project, {"properties": [in_cohort(janes)]}),
            (a_project(test_account_filters=(in_cohort(1),)), {"filter_test_accounts": True}),
        ):
            world = probe if project is probe.project else World(store, project)
            if world is not probe:
                world.cohort("Janes", named("Jane"))
            world.person("person_1", name="John")
            world.person("person_2", name="Jane")
            for who in ("person_1", "person_2", "person_2"):
                world.event("event_name", "2020-01-04 10:00", who)
            assert [row["count"] for row in world.rows(events("event_name", **keys))] == [2]

    def test_tc_116_a_step_of_an_action_may_name_a_cohort(self, store: EventStore) -> None:
        world = World(store)
        world.person("blabla", **{"$some_property": "value", "$bool_prop": "x"})
        for day, who in (("02", "blabla"), ("03", "blabla"), ("04", "xyz")):
            world.event("sign up", f"2020-01-{day}", who)
        cohort = world.cohort("a", {"key": "$some_property", "value": "value", "type": "person"})
        action = world.action("sign up", {"event": "sign up", "properties": [in_cohort(cohort)]})
        request = {
            "actions": [{"id": action}],
            "properties": [{"key": "$bool_prop", "value": "x", "type": "person"}],
            "date_from": "2020-01-01",
            "date_to": "2020-01-07",
        }
        assert [row["data"] for row in world.rows(request)] == [[0, 1, 1, 0, 0, 0, 0]]

    def test_tc_155_a_breakdown_by_cohorts_and_all_asks_for_each(self, world: World) -> None:
        ids = [
            world.cohort("cohort1", named("person1")),
            world.cohort("cohort2", named("person2")),
            world.cohort("cohort3", {"key": "name", "value": ["person1", "person2"], "type": "person"}),
        ]
        assert self.watched(world, breakdown=[*ids, "all"], breakdown_type="cohort") == [
            (ids[0], "watched movie - cohort1", 1),
            (ids[1], "watched movie - cohort2", 3),
            (ids[2], "watched movie - cohort3", 4),
            ("all", "watched movie - all users", 7),
        ]

    def test_tc_156_several_cohorts_are_ranked_by_their_totals(self, store: EventStore) -> None:
        world = World(store)
        people = [world.person(name) for name in "abc"]
        for name in "abc":
            world.event("$pageview", "2020-01-02", name)
        small, large = world.cohort("one", members=people[:1]), world.cohort("two", members=people[1:])
        rows = world.rows(events("$pageview", breakdown=[small, large], breakdown_type="cohort", **RANGE))
        assert [(row["breakdown_value"], row["label"], row["count"]) for row in rows] == [
            (large, "two", 2),
            (small, "one", 1),
        ]

    def test_cohorts_without_events_have_no_row(self, world: World) -> None:
        some, none = world.cohort("some", named("person2")), world.cohort("none", named("nobody"))
        assert self.watched(world, breakdown=[none, some], breakdown_type="cohort") == [(some, "some", 3)]
        assert self.watched(world, breakdown=none, breakdown_type="cohort") == []

    def test_a_person_in_two_cohorts_counts_in_both(self, world: World) -> None:
        ids = [world.cohort(name, named("person2")) for name in ("a", "b")]
        assert self.watched(world, breakdown=ids, breakdown_type="cohort") == [(ids[0], "a", 3), (ids[1], "b", 3)]

    def test_formulas_are_made_for_each_cohort(self, world: World) -> None:
        one, two = world.cohort("one", named("person1")), world.cohort("two", named("person2"))
        series = ({"id": "watched movie"}, {"id": "watched movie", "math": "dau"})
        request = events(*series, formula="A+B", breakdown=[one, "all", two], breakdown_type="cohort", **RANGE)
        rows = world.rows(request)
        assert [(row["breakdown_value"], row["data"]) for row in rows] == [
            (one, [2, 0, 0, 0]),
            ("all", [6, 5, 2, 0]),
            (two, [2, 3, 0, 0]),
        ]
        ranked = world.rows({**request, "breakdown": [one, two]})
        assert [row["breakdown_value"] for row in ranked] == [two, one]

    def test_with_a_comparison_each_period_has_its_cohorts(self, world: World) -> None:
        one = world.cohort("one", named("person1"))
        keys = {"date_from": "2020-01-02", "date_to": "2020-01-02", "compare": True, "breakdown_type": "cohort"}
        rows = world.rows(events("watched movie", breakdown=["all", one], **keys))
        assert [(row["compare_label"], row["breakdown_value"], row["data"]) for row in rows] == [
            ("current", "all", [3]),
            ("previous", "all", [3]),
            ("previous", one, [1]),
        ]

    def test_who_is_not_in_a_cohort_may_be_nobody_at_all(self, world: World) -> None:
        world.event("watched movie", "2020-01-02", "a stranger")
        everybody = world.cohort("all", {"key": "name", "operator": "is_set", "type": "person"})
        unset = world.cohort("unset", {"key": "age", "operator": "is_not_set", "type": "person"})
        for cohort in (everybody, unset):
            for operator, count in (("in", 7), ("not_in", 1)):
                request = events("watched movie", properties=[in_cohort(cohort, operator=operator)], **RANGE)
                assert world.rows(request)[0]["count"] == count
