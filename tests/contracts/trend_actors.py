"""The people behind the points of trends, over any event store. A subclass gives the `store`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from hedgerow.adapters.answers import ProcessAnswerCache
from hedgerow.domain.conditions import OneOf
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.people_index import PeopleIndex
from hedgerow.domain.ports import EventStore, PersonQuery
from hedgerow.domain.properties import Filter, FilterTree, Operand, PersonIn, Source
from hedgerow.domain.series import BreakdownKind, SeriesRow
from hedgerow.domain.trend_requests import trends_query_of
from hedgerow.domain.trends_query import parse_trends_query
from hedgerow.services.actors import ActorList, ActorService, Point
from hedgerow.services.persons import PersonService
from hedgerow.services.trends import TrendResult, TrendService

from ..trend_fixtures import World, a_project, instant
from ..trend_worlds import Load, f1, f2, f3, f4, f7, f8, late_firefox, merged_visitors, new_user
from .trend_case import JANUARY, WEEK, between, events

PEOPLE = ("dau", "weekly_active", "monthly_active", "first_time_for_user", "first_matching_event_for_user")
NOW = "2020-01-05T00:00:00Z"


class PeopleStore(EventStore, Protocol):
    """An event store in which people are found."""

    @property
    def people(self) -> PeopleIndex:
        """The copy of all persons."""


class Asked:
    """A request to trends in a world, and its points."""

    def __init__(self, world: World, index: PeopleIndex, request: dict[str, Any]) -> None:
        self.world = world
        self.request = request
        self.trend: TrendResult = world.ask(request, NOW)
        clock = instant(NOW)
        trends = TrendService(world.begin, world.store, ProcessAnswerCache(), lambda: clock)
        persons = PersonService(world.begin, index)
        self.service = ActorService(world.store, index, trends, persons)

    def behind(self, point: Point, *, limit: int = 1000, offset: int = 0, search: str | None = None) -> ActorList:
        query = parse_trends_query(trends_query_of(self.request), self.world.project)
        return self.service.page(self.world.project, query, point, search=search, limit=limit, offset=offset)

    def points(self) -> Iterator[tuple[Point, float]]:
        """Each point of the trend but those of added up values, with its number."""
        for row in self.trend.rows:
            if row.breakdown is not None and row.breakdown.kind is BreakdownKind.OTHER:
                continue
            values = row.breakdown.values if row.breakdown else None
            for place, (day, number) in enumerate(zip(self._days(row), row.data, strict=True)):
                if not number and place > 1:
                    continue  # each takes a query, and zeros are all alike
                yield Point(row.series.index, day, previous=row.period == 1, values=values), number

    def _days(self, row: SeriesRow) -> tuple[str | None, ...]:
        if self.trend.plan.query.display.total:
            return (None,)
        return self.trend.plan.periods[row.period].days


class ActorCases(ABC):
    """See the module."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> PeopleStore:
        """A store. Each test has a project of its own in it."""

    @pytest.mark.parametrize("math", PEOPLE)
    @pytest.mark.parametrize(
        ("load", "name", "keys"),
        [
            (f2, "$pageview", JANUARY),
            (f2, "$pageview", {**JANUARY, "breakdown": "$browser", "compare": "true"}),
            (f2, "$pageview", {**JANUARY, "breakdown": "prop", "breakdown_histogram_bin_count": 2}),
            (f4, "$pageview", {"date_from": "2020-01-08", "date_to": "2020-01-19", "breakdown": "key"}),
            (f4, "$pageview", {"date_from": "2020-01-11", "date_to": "2020-01-12", "display": "ActionsTable"}),
            (f1, "sign up", {**WEEK, "breakdown": "$some_property"}),
            (f7, "sign up", {**between("01-01", "01-02"), "interval": "hour", "date_to": "2020-01-02 02:00:00"}),
            (late_firefox, "$pageview", {**JANUARY, "properties": [{"key": "$browser", "value": "Firefox"}]}),
            (merged_visitors, "$pageview", JANUARY),
        ],
    )
    def test_as_many_people_are_listed_as_the_trend_counts(
        self, store: PeopleStore, load: Load, name: str, keys: dict[str, Any], math: str
    ) -> None:
        world = World(store)
        load(world)
        asked = Asked(world, store.people, events({"id": name, "math": math}, **keys))
        for point, number in asked.points():
            found = asked.behind(point)
            assert (found.total, len(found.rows)) == (number, number), point

    def test_a_running_sum_of_people_lists_all_so_far(self, store: PeopleStore) -> None:
        world = World(store)
        f3(world)
        request = events({"id": "viewed video", "math": "dau"}, display="ActionsLineGraphCumulative", **WEEK)
        asked = Asked(world, store.people, request)
        assert [asked.behind(point).total for point, _ in asked.points()] == [number for _, number in asked.points()]

    def test_distinct_ids_are_listed_where_they_are_counted(self, store: PeopleStore) -> None:
        world = World(store, a_project(aggregate_by_distinct_id=True))
        f1(world)
        asked = Asked(world, store.people, events({"id": "sign up", "math": "dau"}, **WEEK))
        assert [asked.behind(point).total for point, _ in asked.points()] == [0, 0, 2, 1]

    def test_events_are_counted_and_order_the_list(self, store: PeopleStore) -> None:
        world = World(store)
        f1(world)
        new_user(world)
        asked = Asked(world, store.people, events("sign up", **WEEK))
        found = asked.behind(Point(0))
        assert [(row.distinct_ids, row.events) for row, _ in found.rows] == [
            (("anonymous_id", "blabla"), 4),
            (("new_user",), 1),
        ]
        assert asked.behind(Point(0, "2020-01-01")).rows[0][0].events == 3

    def test_weekly_actives_count_the_events_of_their_week(self, store: PeopleStore) -> None:
        world = World(store)
        f2(world)
        asked = Asked(world, store.people, events({"id": "$pageview", "math": "weekly_active"}, **JANUARY))
        found = asked.behind(Point(0, "2020-01-15"))
        assert [(row.distinct_ids[0], row.events) for row, _ in found.rows][:2] == [("p1", 4), ("p2", 2)]

    def test_the_people_of_added_up_values_are_those_of_no_row(self, store: PeopleStore) -> None:
        world = World(store)
        f8(world)
        asked = Asked(
            world, store.people, events("$pageview", breakdown="breakdown_value", breakdown_limit=10, **JANUARY)
        )
        shown = [row for row in asked.trend.rows if row.breakdown and row.breakdown.kind is BreakdownKind.VALUE]
        named = {asked.behind(Point(0, values=row.breakdown.values)).rows[0][0] for row in shown if row.breakdown}
        others = asked.behind(Point(0, other=True))
        assert (len(named), others.total) == (10, 20)
        assert named.isdisjoint(row for row, _ in others.rows)
        assert asked.behind(Point(0)).total == 30
        assert asked.behind(Point(0, values=("never",))).total == 0

    def test_pages_meet_everybody_once_and_know_the_total_beyond_the_end(self, store: PeopleStore) -> None:
        world = World(store)
        f8(world)
        asked = Asked(world, store.people, events("$pageview", **JANUARY))
        pages = [asked.behind(Point(0), limit=7, offset=offset) for offset in range(0, 42, 7)]
        assert [page.total for page in pages] == [30] * 6
        met = [row.uuid for page in pages for row, _ in page.rows]
        assert met == sorted(met, key=str)
        assert len(set(met)) == 30

    def test_ids_that_nobody_holds_are_searched_by_themselves(self, store: PeopleStore) -> None:
        world = World(store)
        f8(world)
        asked = Asked(world, store.people, events("$pageview", **JANUARY))
        assert asked.behind(Point(0), search="ON_2").total == 11
        (row, _), *_ = asked.behind(Point(0), search="person_7").rows
        assert asked.behind(Point(0), search=str(row.uuid)).rows == [(row, None)]
        assert asked.behind(Point(0), search="nobody").total == 0

    def test_a_search_does_not_move_the_bins(self, store: PeopleStore) -> None:
        world = World(store)
        for number in range(10):
            world.event("$pageview", "2020-01-11", f"p{number}", size=number)
        keys = {**JANUARY, "breakdown": "size", "breakdown_histogram_bin_count": 3}
        asked = Asked(world, store.people, events("$pageview", **keys))
        last = asked.trend.rows[-1].breakdown
        assert last is not None
        assert asked.behind(Point(0, values=last.values), search="p9").total <= 1
        assert (
            sum(
                asked.behind(Point(0, values=row.breakdown.values), search="p9").total
                for row in asked.trend.rows
                if row.breakdown
            )
            == 1
        )

    def test_a_cohort_of_a_breakdown_lists_its_own(self, store: PeopleStore) -> None:
        world = World(store)
        f2(world)
        cohort = world.cohort("two", {"key": "name", "value": ["p1", "p2"], "type": "person"})
        asked = Asked(
            world, store.people, events("$pageview", breakdown=[cohort, "all"], breakdown_type="cohort", **JANUARY)
        )
        assert asked.behind(Point(0, cohort=cohort)).total == 2
        assert asked.behind(Point(0, cohort=None)).total == 4

    def test_people_are_counted_and_named_by_several_filters_at_once(self, store: PeopleStore) -> None:
        world = World(store)
        ann, ben = world.person("ann", plan="pro"), world.person("ben", plan="free")
        world.store_all()
        pro = Filter(Operand(Source.PERSON, "plan"), OneOf(("pro",)))
        wheres: list[FilterTree] = [
            pro,
            PersonIn(None),
            PersonIn((ben,)),
            PersonIn((ben,), negated=True),
            PersonIn((), negated=True),
        ]
        assert list(store.people.counts(world.project.id, wheres * 11)) == [1, 2, 1, 1, 2] * 11
        assert list(store.people.uuids(PersonQuery(world.project.id, where=pro), limit=5)) == [ann]
        assert len(store.people.uuids(PersonQuery(world.project.id), limit=1)) == 1

    @pytest.mark.parametrize(
        ("point", "attr"),
        [
            (Point(1), "series"),
            (Point(0, "2020-02-01"), "day"),
            (Point(0, "9-Jan-2020"), "day"),
            (Point(0, previous=True), "compare"),
        ],
    )
    def test_points_that_are_not_there_are_refused(self, store: PeopleStore, point: Point, attr: str) -> None:
        world = World(store)
        f2(world)
        with pytest.raises(InvalidInput) as caught:
            Asked(world, store.people, events("$pageview", **JANUARY)).behind(point)
        assert caught.value.attr == attr
