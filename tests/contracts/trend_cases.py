"""What trends answer, from request to JSON, over any event store. A subclass gives the `store`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.events import JsonValue
from hedgerow.domain.ports import EventStore
from hedgerow.domain.trend_breakdowns import CSV_LIMIT
from hedgerow.entrypoints.trend_answers import csv_rows, is_full_page

from ..trend_fixtures import World, a_project
from ..trend_worlds import f1, f2, f6, f8
from .trend_breakdowns import BREAKDOWNS
from .trend_case import JANUARY, SIGN_UP, VIEWS, WEEK, Case, Row, between, events, viewed
from .trend_numbers import NUMBERS


class TrendCases(ABC):
    """What trends answer, whatever holds the events."""

    @pytest.fixture
    @abstractmethod
    def store(self) -> EventStore:
        """A store. Each test has a project of its own in it."""

    @pytest.fixture
    def world(self, store: EventStore) -> World:
        return World(store)

    @pytest.mark.parametrize("case", [*NUMBERS, *BREAKDOWNS], ids=lambda case: case.id)
    def test_it_answers(self, case: Case, store: EventStore) -> None:
        world = World(store, a_project(**case.project))
        case.load(world)
        rows = world.rows(case.request, case.now)
        assert [_of_interest(row, expected) for row, expected in zip(rows, case.rows, strict=False)] == [
            {key: pytest.approx(value) if _is_number(value) else value for key, value in expected.items()}
            for expected in case.rows
        ]
        assert len(rows) == len(case.rows)

    def test_unique_counts_follow_a_merge_but_totals_stay(self, world: World) -> None:
        first = world.person("distinctid1")
        world.person("distinctid2")
        for distinct_id in ("distinctid1", "distinctid2"):
            world.event("sign up", "2020-01-03T01:01:01", distinct_id)
        request = events("sign up", {"id": "sign up", "math": "dau"}, **between("01-03", "01-03"))
        assert [row["data"] for row in world.rows(request)] == [[2], [2]]
        world.move("distinctid2", first)
        assert [row["data"] for row in world.rows(request)] == [[2], [1]]

    def test_unique_counts_follow_every_move_of_an_id(self, world: World) -> None:
        people = [world.person(distinct_id) for distinct_id in ("d1", "d2", "d3")]
        for distinct_id, name in (("d1", "sign up"), ("d3", "sign up"), ("d2", "other")):
            world.event(name, "2020-01-03T01:01:01", distinct_id)
        request = events({"id": "sign up", "math": "dau"}, **between("01-03", "01-03"))
        seen = []
        for person in (people[1], people[2], people[1]):
            world.move("d1", person)
            seen += world.rows(request)[0]["data"]
        assert seen == [2, 1, 2]

    def test_distinct_ids_count_instead_of_persons_if_the_project_says_so(self, store: EventStore) -> None:
        world = World(store, a_project(aggregate_by_distinct_id=True))
        f1(world)
        rows = world.rows(events({"id": "sign up", "math": "dau"}, **WEEK))
        assert rows[0]["data"] == [0, 0, 0, 0, 2, 1, 0, 0]

    @pytest.mark.parametrize("keys", [{"interval": "month"}, {"display": "BoldNumber"}])
    def test_a_sample_stands_for_all(self, world: World, keys: dict[str, str]) -> None:
        f8(world)
        row = world.rows({**VIEWS, "sampling_factor": 0.1, **keys, **JANUARY})[0]
        number = row.get("aggregated_value", row["count"])
        assert number % 10 == 0
        assert number <= 150

    def test_breakdown_values_beyond_the_limit(self, world: World) -> None:
        f8(world)
        request = {**VIEWS, "breakdown": "breakdown_value", **JANUARY}
        hidden = {"breakdown_limit": 10, "breakdown_hide_other_aggregation": True}
        assert len(world.rows(request)) == 26
        assert len(world.rows({**request, "breakdown_limit": 10})) == 11
        assert len(world.rows({**request, **hidden})) == 10
        assert len(world.rows({**request, "breakdown_limit": 10, "display": "ActionsTable"})) == 11
        assert len(world.rows({**request, **hidden, "display": "ActionsTable"})) == 10
        assert len(list(csv_rows(world.ask(request, limit=CSV_LIMIT)))) == 31
        assert world.ask({**request, **hidden}).has_more
        assert not world.ask(request, limit=CSV_LIMIT).has_more

    def test_following_the_pages_of_a_breakdown_meets_every_value_once(self, world: World) -> None:
        f8(world)
        request = {**VIEWS, "breakdown": "breakdown_value", "breakdown_limit": 7, **JANUARY}
        met: list[str] = []
        offset = 0
        while True:
            result = world.ask({**request, "offset": offset})
            rows = world.rows({**request, "offset": offset})
            met += [row["breakdown_value"] for row in rows if row["breakdown_kind"] != "other"]
            if not is_full_page(result):
                break
            offset += 7
        assert sorted(met) == sorted(str(number) for number in range(30))

    def test_several_formulas_with_a_comparison(self, world: World) -> None:
        f2(world)
        source = {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": name} for name in ("$pageview", "$pageleave")],
            "dateRange": between("01-15", "01-19"),
            "compareFilter": {"compare": True, "compare_to": "-1w"},
            "trendsFilter": {"formulas": ["A+B", "A-B"]},
        }
        rows = world.rows({"query": {"kind": "InsightVizNode", "source": source}})
        assert [(row["compare_label"], row["data"]) for row in rows] == [
            ("current", [2, 1, 1, 0, 1]),
            ("previous", [0, 1, 0, 2, 4]),
            ("current", [2, -1, 1, 0, 1]),
            ("previous", [0, 1, 0, 0, 2]),
        ]

    def test_division_by_zero_is_zero_and_told(self, world: World) -> None:
        f6(world)
        request = events("session start", "never", formula="A/B", breakdown="location", **WEEK)
        result = world.ask(request)
        assert [row.data for row in result.rows] == [(0.0,) * 8] * 2
        assert result.warnings == ("division by zero in 8 buckets",)

    @pytest.mark.parametrize(("or_browser", "count", "place"), [("$pageleave", 1, [2]), ("Firefox", 2, [0, 2])])
    def test_first_times_of_an_action(self, world: World, or_browser: str, count: int, place: list[int]) -> None:
        f2(world)
        chrome = _browser("Chrome")
        second: dict[str, JsonValue] = (
            {"event": "$pageview", "properties": [_browser("Firefox")]}
            if or_browser == "Firefox"
            else {"event": "$pageleave", "properties": [chrome]}
        )
        seen = world.action("seen", {"event": "$pageview", "properties": [chrome]}, second)
        row = world.rows({"actions": [{"id": seen, "math": "first_time_for_user"}], **JANUARY})[0]
        assert (row["count"], [index for index, number in enumerate(row["data"]) if number]) == (count, place)

    def test_a_filter_on_an_unknown_cohort_is_refused(self, world: World) -> None:
        with pytest.raises(InvalidInput, match="Cohort 5 does not exist"):
            world.ask({**SIGN_UP, "properties": [{"type": "cohort", "key": "id", "value": 5}]})

    def test_weekly_actives_by_hour_look_back_168_hours(self, world: World) -> None:
        for at in ("2020-01-05 05:30", "2020-01-05 06:30"):
            world.event("$pageview", at, f"at {at}")
        request = viewed("weekly_active", interval="hour", date_from="2020-01-12 04:00", date_to="2020-01-12 07:00")
        assert world.rows(request)[0]["data"] == [2, 1, 0, 0]

    @pytest.mark.parametrize("month", ["03", "11"])
    def test_weekly_actives_look_back_seven_local_days_across_a_change_of_clocks(
        self, store: EventStore, month: str
    ) -> None:
        """Clocks change on 8 March and on 1 November 2020."""
        world = World(store, a_project(timezone="US/Pacific"))
        first, last = ("06", "14") if month == "03" else ("01", "09")
        for hour in ("00:00", "00:30", "23:30"):
            world.event("$pageview", f"2020-{month}-{first} {hour}", "p")
        request = viewed("weekly_active", date_from=f"2020-{month}-{first}", date_to=f"2020-{month}-{last}")
        assert world.rows(request)[0]["data"] == [1] * 7 + [0, 0]

    def test_a_breakdown_by_an_unknown_cohort_is_refused(self, world: World) -> None:
        with pytest.raises(InvalidInput, match="Cohort 5 does not exist"):
            world.ask({**SIGN_UP, "breakdown": 5, "breakdown_type": "cohort"})


def _browser(name: str) -> JsonValue:
    return {"key": "$browser", "value": name, "operator": "icontains"}


def _of_interest(row: Row, expected: Row) -> Row:
    return {key: row[key] for key in expected}


def _is_number(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, int | float) for one in value)
    return isinstance(value, int | float)
