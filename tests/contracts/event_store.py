"""What every event store promises, as cases that each adapter runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hedgerow.domain.actors import ActorRow, ActorsQuestion
from hedgerow.domain.aggregation import (
    Actors,
    Aggregation,
    Breakdown,
    CellKind,
    Count,
    Dimension,
    DistinctValues,
    ExpressionMeasure,
    FirstTime,
    Function,
    Measure,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
    Window,
)
from hedgerow.domain.conditions import During, Not, OneOf
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.events import Event, JsonValue, PersonMode, StoredEvent
from hedgerow.domain.groups import Group
from hedgerow.domain.ports import EventStore, PersonCopy, Projection
from hedgerow.domain.properties import And, CohortFilter, ExpressionFilter, Filter, FilterTree, Operand, Or, Source
from hedgerow.domain.timeline import Span

from tests.builders import a_copy

ALL = And(())
NOTHING = Projection()
ANN, BEN = UUID(int=1), UUID(int=2)


def day(number: int, hour: float = 12) -> datetime:
    """A time in January 2024, UTC."""
    return datetime(2024, 1, number, tzinfo=UTC) + timedelta(hours=hour)


def stored(
    at: datetime,
    distinct_id: str = "ann",
    person: UUID = ANN,
    *,
    name: str = "seen",
    project_id: int = 1,
    groups: Mapping[int, str] | None = None,
    elements_chain: str = "",
    uuid: UUID | None = None,
    properties: Mapping[str, JsonValue] | None = None,
    **more: JsonValue,
) -> StoredEvent:
    """An event of a person who has it from the start. Its properties are the mapping's and the other names."""
    event = Event(project_id, uuid or uuid4(), name, distinct_id, at, {**(properties or {}), **more}, elements_chain)
    return StoredEvent(event, person, 1, at, PersonMode.FULL, at, groups or {})


def a_person(uuid: UUID, version: int = 1, *, project_id: int = 1, **properties: JsonValue) -> PersonCopy:
    return a_copy(project_id, uuid, properties, version=version)


def prop(key: str) -> Operand:
    return Operand(Source.EVENT, key)


def named(name: str) -> FilterTree:
    return Filter(Operand(Source.METADATA, "event"), OneOf((name,)))


def by(*operands: Operand, **options: Any) -> Breakdown:
    return Breakdown(tuple(Dimension(operand) for operand in operands), **options)


def daily(measure: Measure, first: int, last: int, where: FilterTree = ALL, **options: Any) -> Aggregation:
    """A question about days of January, one bucket each."""
    starts = tuple(day(number, 0) for number in range(first, last + 1))
    return Aggregation(1, Window(starts[0], day(last, 23.99)), where, measure, starts, **options)


def total(measure: Measure, where: FilterTree = ALL, **options: Any) -> Aggregation:
    """A question about all of January, without buckets."""
    return Aggregation(1, Window(day(1, 0), day(31, 23.99)), where, measure, None, **options)


def series(store: EventStore, asked: Aggregation) -> list[float]:
    """The numbers by bucket, of a question without a breakdown."""
    numbers = [0.0] * len(asked.buckets or (None,))
    for cell in store.aggregate(asked):
        assert (cell.values, cell.kind) == ((), CellKind.VALUE)
        numbers[cell.bucket] += cell.number
    return numbers


def rows(store: EventStore, asked: Aggregation) -> dict[Any, float]:
    """The totals by breakdown value, `"other"` for the others; one dimension's value without its tuple."""
    found: dict[Any, float] = {}
    for cell in store.aggregate(asked):
        values = cell.values[0] if len(cell.values) == 1 else cell.values
        key = "other" if cell.kind is CellKind.OTHER else values
        found[key] = found.get(key, 0) + cell.number
    return found


class EventStoreCases(ABC):
    @pytest.fixture
    @abstractmethod
    def store(self) -> EventStore:
        """A store that holds nothing."""

    # Who an event belongs to

    def test_it_counts_stored_events(self, store: EventStore) -> None:
        store.write([stored(day(1)), stored(day(3)), stored(day(3))], NOTHING)
        assert series(store, daily(Count(), 1, 3)) == [1, 0, 2]

    def test_it_counts_only_the_projects_own_events(self, store: EventStore) -> None:
        store.write([stored(day(1)), stored(day(1), project_id=2)], NOTHING)
        assert series(store, total(Count())) == [1]

    def test_an_event_belongs_to_the_person_it_was_stored_with(self, store: EventStore) -> None:
        store.write([stored(day(1), "a", ANN), stored(day(1), "b", ANN), stored(day(1), "c", BEN)], NOTHING)
        assert series(store, total(Actors())) == [2]
        assert series(store, total(Actors(by_distinct_id=True))) == [3]

    def test_past_events_follow_a_distinct_id_to_who_holds_it_now(self, store: EventStore) -> None:
        store.write([stored(day(1), "a", ANN), stored(day(1), "b", BEN)], NOTHING)
        assert series(store, total(Actors())) == [2]
        store.write([], Projection(holders=[(1, "b", ANN)]))
        assert series(store, total(Actors())) == [1]
        store.write([], Projection(holders=[(1, "b", BEN)]))
        assert series(store, total(Actors())) == [2]

    def test_of_two_holders_in_one_batch_the_last_counts(self, store: EventStore) -> None:
        store.write(
            [stored(day(1), "a", ANN), stored(day(1), "b", BEN)],
            Projection(holders=[(1, "b", UUID(int=3)), (1, "b", ANN)]),
        )
        assert series(store, total(Actors())) == [1]

    def test_of_several_persons_of_a_distinct_id_always_the_same_is_behind_its_events(self, store: EventStore) -> None:
        store.write([stored(day(1), "a", ANN), stored(day(2), "b", BEN)], NOTHING)
        store.write([stored(day(1), "b", ANN), stored(day(2), "a", BEN)], NOTHING)
        asked = total(Actors(by_distinct_id=True))
        found = store.actors(ActorsQuestion(asked, asked.window), limit=10, offset=0)
        assert found.rows == [ActorRow(BEN, ("a",), 2), ActorRow(BEN, ("b",), 2)]

    def test_the_same_distinct_id_in_another_project_is_not_held(self, store: EventStore) -> None:
        store.write(
            [stored(day(1), "a", ANN), stored(day(1), "b", BEN)], Projection(holders=[(2, "b", ANN), (1, "z", ANN)])
        )
        assert series(store, total(Actors())) == [2]

    def test_person_filters_read_the_present_person(self, store: EventStore) -> None:
        pro = Filter(Operand(Source.PERSON, "plan"), OneOf(("pro",)))
        store.write([stored(day(1))], Projection(people=[a_person(ANN, 1, plan="free")]))
        assert series(store, total(Count(), pro)) == [0]
        store.write([], Projection(people=[a_person(ANN, 2, plan="pro")]))
        assert series(store, total(Count(), pro)) == [1]
        store.write([], Projection(gone=[(1, ANN)]))
        assert series(store, total(Count(), pro)) == [0]

    def test_a_newer_copy_of_a_person_is_never_replaced_by_an_older_one(self, store: EventStore) -> None:
        store.write([stored(day(1))], Projection(people=[a_person(ANN, 5, plan="pro"), a_person(ANN, 4, plan="old")]))
        store.write([], Projection(people=[a_person(ANN, 3, plan="older"), a_person(BEN, 1)]))
        assert rows(store, total(Count(), breakdown=by(Operand(Source.PERSON, "plan")))) == {"pro": 1}

    def test_a_newer_copy_of_a_person_leaves_nothing_of_the_older_one(self, store: EventStore) -> None:
        store.write([stored(day(1))], Projection(people=[a_person(ANN, 1, plan="free", city="Ulm")]))
        store.write([], Projection(people=[a_person(ANN, 2, plan="pro")]))
        by_city = by(Operand(Source.PERSON, "plan"), Operand(Source.PERSON, "city"))
        assert rows(store, total(Count(), breakdown=by_city)) == {("pro", None): 1}

    def test_person_properties_may_be_called_like_instructions(self, store: EventStore) -> None:
        store.write([stored(day(1))], Projection(people=[a_copy(1, ANN, {"$groups": "red"})]))
        assert rows(store, total(Count(), breakdown=by(Operand(Source.PERSON, "$groups")))) == {"red": 1}

    def test_applying_a_projection_twice_changes_nothing(self, store: EventStore) -> None:
        projection = Projection(
            people=[a_person(ANN, 2, plan="pro")], gone=[(1, BEN)], holders=[(1, "b", ANN), (1, "c", ANN)]
        )
        store.write([stored(day(1), "b", BEN), stored(day(1), "c", BEN)], projection)
        store.write([], projection)
        assert rows(store, total(Count(), breakdown=by(Operand(Source.PERSON, "plan")))) == {"pro": 2}

    # Squashing

    def test_squashing_in_any_steps_changes_no_answer(self, store: EventStore) -> None:
        cyd = UUID(int=3)
        store.write(
            [stored(day(number), name, person) for number in (1, 2) for name, person in (("b", BEN), ("c", cyd))],
            Projection(people=[a_person(ANN, plan="pro")], holders=[(1, "b", ANN), (1, "c", ANN), (2, "b", BEN)]),
        )
        plans = total(Count(), breakdown=by(Operand(Source.PERSON, "plan")))
        everything = Span(1, ANN, day(1, 0), day(31))
        runs = store.runs(everything, ALL, limit=9)
        revision = store.revision(1)
        for _ in range(9):
            assert series(store, total(Actors())) == [1]
            assert rows(store, plans) == {"pro": 4}
            assert store.runs(everything, ALL, limit=9) == runs
            assert store.revision(1) == revision
            if store.squash(1) == 0:
                break
        else:
            raise AssertionError("it never ends")
        store.write([stored(day(3), "b", ANN)], Projection(holders=[(1, "c", BEN)]))
        assert series(store, daily(Actors(), 1, 3)) == [2, 2, 1]
        store.squash(100)
        assert series(store, daily(Actors(), 1, 3)) == [2, 2, 1]

    def test_what_comes_again_under_its_mark_is_passed_over(self, store: EventStore) -> None:
        for mark in (1, 1, 2, 2):
            store.write([stored(day(mark))], Projection(people=[a_person(ANN, mark)], mark=mark))
        assert series(store, daily(Count(), 1, 2)) == [1, 1]
        with store.turn() as kept:
            assert kept == 2

    # Duplicates, earliest, revision

    def test_an_event_is_a_duplicate_within_a_day_of_the_stored_one(self, store: EventStore) -> None:
        one, other = stored(day(10)), stored(day(10))
        store.write([one], NOTHING)
        for hours, known in ((0, True), (24, True), (-24, True), (24.001, False), (-24.001, False)):
            given = one.event._replace(timestamp=one.event.timestamp + timedelta(hours=hours))
            assert store.duplicates([given, other.event]) == ({(1, one.event.uuid)} if known else set())

    def test_one_of_several_times_of_a_uuid_within_a_day_makes_it_a_duplicate(self, store: EventStore) -> None:
        one = stored(day(10))
        store.write([one, one._replace(event=one.event._replace(timestamp=day(13)))], NOTHING)
        far = one.event._replace(timestamp=day(11, 18))
        for at, known in ((day(9, 11), False), (day(9), True), (day(12, 11), False), (day(12), True)):
            given = one.event._replace(timestamp=at)
            assert store.duplicates([given, far]) == ({(1, one.event.uuid)} if known else set())

    def test_the_same_uuid_in_another_project_is_no_duplicate(self, store: EventStore) -> None:
        one = stored(day(10))
        store.write([one], NOTHING)
        assert store.duplicates([one.event._replace(project_id=2)]) == set()

    def test_duplicates_are_found_for_batches_of_any_spread(self, store: EventStore) -> None:
        spread = [stored(day(1) + timedelta(days=days)) for days in range(0, 400, 7)]
        store.write(spread, NOTHING)
        assert store.duplicates([]) == set()
        for batch in (spread[:3], spread, [spread[0], spread[-1]]):
            assert store.duplicates([one.event for one in batch]) == {(1, one.event.uuid) for one in batch}

    def test_the_earliest_matching_event(self, store: EventStore) -> None:
        assert store.earliest(1, ALL) is None
        store.write([stored(day(2)), stored(day(4), name="paid"), stored(day(1), project_id=2)], NOTHING)
        assert store.earliest(1, ALL) == day(2)
        assert store.earliest(1, named("paid")) == day(4)
        assert store.earliest(1, named("unheard of")) is None

    def test_the_revision_changes_with_the_projects_data_only(self, store: EventStore) -> None:
        changes: tuple[tuple[list[StoredEvent], Projection], ...] = (
            ([stored(day(1))], NOTHING),
            ([], Projection(people=[a_person(ANN)])),
            ([], Projection(gone=[(1, ANN)])),
            ([], Projection(holders=[(1, "a", ANN)])),
        )
        for events, projection in changes:
            before, others = store.revision(1), store.revision(2)
            store.write(events, projection)
            assert store.revision(1) != before
            assert store.revision(2) == others

    # Windows and buckets

    def test_both_ends_of_the_window_count(self, store: EventStore) -> None:
        store.write([stored(day(1, 0)), stored(day(2, 0)), stored(day(2, 0) + timedelta(microseconds=1))], NOTHING)
        asked = Aggregation(1, Window(day(1, 0), day(2, 0)), ALL, Count(), (day(1, 0), day(2, 0)))
        assert series(store, asked) == [1, 1]

    def test_events_before_the_first_bucket_are_in_none(self, store: EventStore) -> None:
        store.write([stored(day(1)), stored(day(2))], NOTHING)
        asked = Aggregation(1, Window(day(1, 0), day(3, 0)), ALL, Count(), (day(2, 0),))
        assert series(store, asked) == [1]

    def test_buckets_may_be_of_any_length(self, store: EventStore) -> None:
        starts = tuple(datetime(2024, month, 1, tzinfo=UTC) for month in range(1, 13))
        store.write([stored(datetime(2024, month, 28, 23, tzinfo=UTC)) for month in (1, 2, 2, 6, 12)], NOTHING)
        asked = Aggregation(1, Window(starts[0], datetime(2024, 12, 31, tzinfo=UTC)), ALL, Count(), starts)
        assert series(store, asked) == [1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]

    # Measures

    def test_an_actor_counts_once_in_every_bucket(self, store: EventStore) -> None:
        store.write([stored(day(1)), stored(day(1)), stored(day(2)), stored(day(2), "b", BEN)], NOTHING)
        assert series(store, daily(Actors(), 1, 2)) == [1, 2]
        assert series(store, daily(Actors(once=True), 1, 2)) == [1, 1]

    def test_rolling_actors_look_back_whole_days(self, store: EventStore) -> None:
        store.write([stored(day(1, 0.5)), stored(day(3, 23)), stored(day(2), "b", BEN)], NOTHING)
        units = tuple(day(number, 0) for number in range(1, 9))
        assert series(store, daily(RollingActors(3), 1, 8, unit_starts=units)) == [1, 2, 2, 2, 1, 0, 0, 0]

    def test_distinct_values_with_and_without_the_missing_one(self, store: EventStore) -> None:
        store.write([stored(day(1), s="x"), stored(day(1), s="y"), stored(day(1), s=""), stored(day(1))], NOTHING)
        assert series(store, total(DistinctValues(prop("s")))) == [2]
        assert series(store, total(DistinctValues(prop("s"), count_missing=True))) == [3]

    @pytest.mark.parametrize(
        ("function", "expected"),
        [
            (Function.SUM, 10.5),
            (Function.AVG, 3.5),
            (Function.MIN, 1),
            (Function.MAX, 7.5),
            (Function.MEDIAN, 2),
            (Function.P75, 4.75),
            (Function.P90, 6.4),
        ],
    )
    def test_functions_ignore_what_is_no_number(self, store: EventStore, function: Function, expected: float) -> None:
        values: tuple[JsonValue, ...] = (1, " 2 ", 7.5, "x", None, True, "nan", "1_000", "1e999")
        store.write([stored(day(1), n=value) for value in values], NOTHING)
        assert series(store, total(NumberOf(function, prop("n")))) == [pytest.approx(expected)]
        assert series(store, total(NumberOf(function, prop("missing")))) == [0]

    @pytest.mark.parametrize(("large", "small"), [(1e16, 0.1), (5e8, 1e-8)])
    def test_sums_do_not_lose_small_numbers(self, store: EventStore, large: float, small: float) -> None:
        store.write([stored(day(1), n=value) for value in (large, *[small] * 1000, -large)], NOTHING)
        assert series(store, total(NumberOf(Function.SUM, prop("n")))) == [pytest.approx(1000 * small, rel=0.01)]

    def test_a_session_lasts_from_its_first_to_its_last_event_of_any_name(self, store: EventStore) -> None:
        store.write(
            [
                stored(day(1, 0), name="other", properties={"$session_id": "s"}),
                stored(day(1, 1), properties={"$session_id": "s"}),
                stored(day(2, 2), properties={"$session_id": "s"}),
                stored(day(1, 3), properties={"$session_id": "t"}),
                stored(day(1, 3), properties={"$session_id": ""}),
                stored(day(1, 3)),
            ],
            NOTHING,
        )
        asked = daily(SessionDuration(Function.SUM), 1, 2, named("seen"))
        assert series(store, asked) == [26 * 3600, 26 * 3600]
        assert rows(store, total(Count(), breakdown=by(Operand(Source.SESSION, "$session_duration")))) == {
            str(26 * 3600): 3,
            "0": 1,
            None: 2,
        }

    def test_per_actor_counts_those_with_an_event(self, store: EventStore) -> None:
        store.write([*[stored(day(1))] * 3, stored(day(1), "b", BEN), stored(day(2), "b", BEN)], NOTHING)
        assert series(store, daily(PerActor(Function.AVG), 1, 3)) == [2, 1, 0]
        assert series(store, total(PerActor(Function.MAX))) == [3]

    def test_a_first_time_must_be_the_first_ever(self, store: EventStore) -> None:
        store.write([stored(day(1), "b", BEN), stored(day(5), "b", BEN), stored(day(5)), stored(day(6))], NOTHING)
        assert series(store, daily(FirstTime(ALL), 4, 6)) == [0, 1, 0]

    def test_a_first_time_must_meet_the_filters(self, store: EventStore) -> None:
        store.write([stored(day(1), b="Chrome"), stored(day(2), b="Safari")], NOTHING)
        chrome, safari = (Filter(prop("b"), OneOf((name,))) for name in ("Chrome", "Safari"))
        assert series(store, total(FirstTime(ALL), chrome)) == [1]
        assert series(store, total(FirstTime(ALL), safari)) == [0]
        assert series(store, total(FirstTime(safari), safari)) == [1]

    @pytest.mark.parametrize("operand", [prop("due"), Operand(Source.ELEMENT, "href")])
    def test_a_first_time_may_be_filtered_by_a_range_of_dates(self, store: EventStore, operand: Operand) -> None:
        store.write([stored(day(1), due="2024-01-03"), stored(day(2), "b", BEN, due="2024-01-06")], NOTHING)
        third = During(day(3, 0), day(4, 0))
        inside = series(store, total(FirstTime(ALL), Filter(operand, third)))
        outside = series(store, total(FirstTime(ALL), Filter(operand, Not(third))))
        assert (inside, outside) == (([1], [1]) if operand == prop("due") else ([0], [2]))

    # Breakdowns

    def test_missing_null_and_empty_are_one_value(self, store: EventStore) -> None:
        store.write([stored(day(1), b=None), stored(day(1), b=""), stored(day(1)), stored(day(1), b=False)], NOTHING)
        assert rows(store, total(Count(), breakdown=by(prop("b")))) == {None: 3, "false": 1}

    def test_values_rank_by_total_then_by_code_point_and_the_missing_one_last(self, store: EventStore) -> None:
        values = ("b", "b", "a", "Z", "é", None, None, None)
        store.write([stored(day(1), k=value) for value in values], NOTHING)
        for limit, shown in ((1, {"b"}), (2, {"b", "Z"}), (3, {"b", "Z", "a"}), (4, {"b", "Z", "a", "é"})):
            found = rows(store, total(Count(), breakdown=by(prop("k"), limit=limit)))
            assert found == {value: values.count(value) for value in shown} | {
                "other": sum(value not in shown for value in values)
            }
        assert rows(store, total(Count(), breakdown=by(prop("k"), limit=1, nulls_last=False))) == {None: 3, "other": 5}

    def test_pages_of_values_have_no_row_for_the_others(self, store: EventStore) -> None:
        store.write([stored(day(1), k=value) for value in "aaabbc"], NOTHING)
        assert rows(store, total(Count(), breakdown=by(prop("k"), limit=1, offset=1))) == {"b": 2}
        assert rows(store, total(Count(), breakdown=by(prop("k"), limit=5, offset=2))) == {"c": 1}

    def test_the_others_are_added_up_by_bucket(self, store: EventStore) -> None:
        store.write([*[stored(day(1), k="a")] * 3, stored(day(1), k="b"), stored(day(2), k="c")], NOTHING)
        cells = store.aggregate(daily(Count(), 1, 2, breakdown=by(prop("k"), limit=1)))
        assert {(cell.bucket, cell.values, cell.number) for cell in cells} == {(0, ("a",), 3), (0, (), 1), (1, (), 1)}

    def test_several_dimensions(self, store: EventStore) -> None:
        store.write([stored(day(1), a="x", b="1"), stored(day(1), a="x", b="2"), stored(day(1), a="x")], NOTHING)
        found = rows(store, total(Count(), breakdown=by(prop("a"), prop("b"), limit=2)))
        assert found == {("x", "1"): 1, ("x", "2"): 1, "other": 1}

    def test_rolling_actors_rank_by_the_sum_of_what_is_shown(self, store: EventStore) -> None:
        store.write([stored(day(1), k="long"), stored(day(3), k="a"), stored(day(3), "b", BEN, k="a")], NOTHING)
        units = tuple(day(number, 0) for number in range(1, 4))
        asked = daily(RollingActors(3), 1, 3, unit_starts=units, breakdown=by(prop("k"), limit=1))
        assert rows(store, asked) == {"long": 3, "other": 2}

    def test_urls_without_their_ends(self, store: EventStore) -> None:
        urls = ("/a", "/a/", "/a?#/", "/", "#", "")
        store.write([stored(day(1), u=url) for url in urls], NOTHING)
        breakdown = Breakdown((Dimension(prop("u"), normalize_url=True),))
        assert rows(store, total(Count(), breakdown=breakdown)) == {"/a": 3, "/": 2, None: 1}

    def test_a_histogram_has_equal_bins(self, store: EventStore) -> None:
        values: tuple[JsonValue, ...] = (*[4] * 6, 8, "8", 16, "x", None)
        store.write([stored(day(1), n=value) for value in values], NOTHING)
        five = Breakdown((Dimension(prop("n"), bins=5),))
        assert rows(store, total(Count(), breakdown=five)) == {"[4,6.4]": 6, "[6.4,8.8]": 2, "[13.6,16.01]": 1, None: 2}

    def test_a_histogram_of_one_number_has_one_bin(self, store: EventStore) -> None:
        store.write([stored(day(1), n=5), stored(day(1), n=5.0)], NOTHING)
        assert rows(store, total(Count(), breakdown=Breakdown((Dimension(prop("n"), bins=5),)))) == {"[5,5.01]": 2}
        assert rows(store, total(Count(), breakdown=Breakdown((Dimension(prop("m"), bins=5),)))) == {None: 2}

    # Reading properties

    def test_columns_of_the_event_can_be_read(self, store: EventStore) -> None:
        one = stored(day(1), "ann", groups={0: "org:5"}, elements_chain="a:", uuid=UUID(int=7))
        store.write([one], NOTHING)
        for key, text in {
            "event": "seen",
            "distinct_id": "ann",
            "timestamp": "2024-01-01T12:00:00.000000Z",
            "uuid": str(UUID(int=7)),
            "$group_0": "org:5",
            "$group_4": None,
        }.items():
            assert rows(store, total(Count(), breakdown=by(Operand(Source.METADATA, key)))) == {text: 1}
        assert rows(store, total(Count(), breakdown=by(prop("$elements_chain")))) == {"a:": 1}

    @pytest.mark.parametrize("earlier", [0, 100])
    def test_any_key_can_be_read(self, store: EventStore, earlier: int) -> None:
        keys = ("", ".", "$.a", '"', "'", "\\", "/", "~", "~1", "0", "[0]", "*", "%", "😀", "a b", "\x7f", "k" * 500)
        store.write([stored(day(1), properties={f"earlier {number}": 1 for number in range(earlier)})], NOTHING)
        store.write([stored(day(2), properties={key: f"value of {key}" for key in keys})], NOTHING)
        for key in keys:
            assert rows(store, total(Count(), breakdown=by(prop(key)))) == {f"value of {key}": 1, None: 1}

    def test_a_thousand_keys_can_be_read(self, store: EventStore) -> None:
        values: tuple[JsonValue, ...] = ("text", 5, 2.5, 1e16, 1e-7, 2**63, True, [1.0, None, "\x1f"], {"a": {"b": []}})
        texts = ("text", "5", "2.5", "1e+16", "1e-7", str(2**63), "true", '[1.0,null,"\\u001f"]', '{"a":{"b":[]}}')
        store.write([stored(day(1), properties={f"k{number}": values[number % 9] for number in range(1000)})], NOTHING)
        for number in (*range(9), *range(990, 999)):
            assert rows(store, total(Count(), breakdown=by(prop(f"k{number}")))) == {texts[number % 9]: 1}

    def test_instructions_to_the_person_can_be_read_too(self, store: EventStore) -> None:
        store.write([stored(day(1), properties={"$set": {"plan": "pro"}, "$unset": None})], NOTHING)
        assert rows(store, total(Count(), breakdown=by(prop("$set"), prop("$unset")))) == {('{"plan":"pro"}', None): 1}

    def test_properties_of_the_events_groups_can_be_read(self, store: EventStore) -> None:
        acme, other = Group(1, 0, "acme", {"industry": "steel", "size": 5}), Group(1, 1, "acme", {"industry": "glass"})
        events = [stored(day(1), groups=named) for named in ({0: "acme"}, {1: "acme"}, {0: "unknown"}, {})]
        store.write(events, Projection(groups=[acme, other, Group(2, 0, "unknown", {"industry": "gold"})]))
        industry, second = Operand(Source.GROUP, "industry", 0), Operand(Source.GROUP, "industry", 1)
        assert rows(store, total(Count(), breakdown=by(industry))) == {"steel": 1, None: 3}
        assert rows(store, total(Count(), breakdown=by(industry, second))) == {
            ("steel", None): 1,
            (None, "glass"): 1,
            (None, None): 2,
        }
        assert rows(store, total(Count(), breakdown=by(Operand(Source.GROUP, "size", 0)))) == {"5": 1, None: 3}
        assert series(store, total(Count(), Filter(industry, Not(OneOf(("steel",)))))) == [3]
        before = store.revision(1)
        store.write([], Projection(groups=[Group(1, 0, "acme", {"industry": "tin"})]))
        assert rows(store, total(Count(), breakdown=by(industry))) == {"tin": 1, None: 3}
        assert store.revision(1) != before

    def test_addresses_and_texts_of_clicked_elements_can_be_filtered(self, store: EventStore) -> None:
        chain = (
            'a.big:attr__href="/no"href="/in\\"ner"text="Go \\"now\\"";div:text="href=\\"/x\\"";a:href="/outer"text="é"'
        )
        store.write([stored(day(1), elements_chain=chain), stored(day(1), elements_chain="div:")], NOTHING)
        href, text = Operand(Source.ELEMENT, "href"), Operand(Source.ELEMENT, "text")
        for operand, value, number in (
            (href, '/in"ner', 1),
            (href, "/outer", 0),
            (text, 'Go "now"', 1),
            (text, 'href="/x"', 1),
            (text, "é", 1),
            (text, "Go", 0),
        ):
            assert series(store, total(Count(), Filter(operand, OneOf((value,))))) == [number]
            assert series(store, total(Count(), Filter(operand, Not(OneOf((value,)))))) == [2 - number]
        assert rows(store, total(Count(), breakdown=by(href))) == {'/in"ner': 1, None: 1}

    # Filters, samples, and what is not there

    def test_groups_of_filters(self, store: EventStore) -> None:
        store.write([stored(day(1), a="1", b="1"), stored(day(1), a="1"), stored(day(1))], NOTHING)
        a, b = (Filter(prop(key), OneOf(("1",))) for key in "ab")
        for tree, number in ((And((a, b)), 1), (Or((a, b)), 2), (And(()), 3), (Or(()), 0), (Or((b, And((a,)))), 2)):
            assert series(store, total(Count(), tree)) == [number]

    def test_a_sample_is_of_distinct_ids_and_always_the_same(self, store: EventStore) -> None:
        store.write([stored(day(number % 28 + 1), f"id {number % 200}") for number in range(400)], NOTHING)
        assert series(store, total(Count(), sample=1.0)) == [400]
        (half,) = series(store, total(Count(), sample=0.5))
        assert half == 2 * 102  # the ids whose MD5 starts below 8
        assert series(store, total(Actors(by_distinct_id=True), sample=0.5)) == [half / 2]

    def test_expressions_filter_break_down_and_count(self, store: EventStore) -> None:
        store.write([stored(day(1), a="1", b="x"), stored(day(1), a="3"), stored(day(2), a="y")], NOTHING)
        assert series(store, total(Count(), ExpressionFilter("properties.a > 2 or properties.b = 'x'"))) == [2]
        assert series(store, total(ExpressionMeasure("sum(properties.a) * 10 + count()"))) == [43]
        broken_down = total(Count(), breakdown=Breakdown((Dimension(None, "concat('<', properties.a, '>')"),)))
        assert rows(store, broken_down) == {"<1>": 1, "<3>": 1, "<y>": 1}

    def test_cohorts_must_have_been_replaced(self, store: EventStore) -> None:
        with pytest.raises(InvalidInput, match="no cohorts"):
            store.aggregate(total(Count(), CohortFilter(1)))

    @pytest.mark.parametrize(
        "asked",
        [
            total(Count(), Filter(Operand(Source.SESSION, "$entry_url"), OneOf(("x",)))),
        ],
    )
    def test_what_it_cannot_answer_it_refuses(self, store: EventStore, asked: Aggregation) -> None:
        with pytest.raises(InvalidInput, match="nothing that can be read"):
            store.aggregate(asked)

    # The oldest go

    def test_the_oldest_events_of_a_project_are_removed_part_by_part(self, store: EventStore) -> None:
        store.write([stored(day(number)) for number in (5, 1, 3, 2, 4)], NOTHING)
        store.write([stored(day(1), project_id=2)], NOTHING)
        before = store.revision(1), store.revision(2)
        assert store.count_before(1, day(4)) == 3
        assert store.remove_before(1, day(4), 2) == 2
        assert store.earliest(1, ALL) == day(3)
        assert store.remove_before(1, day(4), 2) == 1
        assert store.remove_before(1, day(4), 2) == 0
        assert store.count_before(1, day(4)) == 0
        assert store.earliest(1, ALL) == day(4)
        assert series(store, total(Count())) == [2]
        assert store.earliest(2, ALL) == day(1)
        assert store.revision(1) > before[0]
        assert store.revision(2) == before[1]

    def test_events_of_one_moment_are_removed_to_the_last(self, store: EventStore) -> None:
        store.write([stored(day(1)) for _ in range(5)], NOTHING)
        removed = 0
        while (number := store.remove_before(1, day(2), 2)) >= 2:
            removed += number
        assert removed + number == 5
        assert store.earliest(1, ALL) is None
