"""GET persons/:id/properties_timeline. The numbers of the cases are the compatibility table's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

PAGEVIEW = [{"id": "$pageview"}]
BY_BAR = [{"key": "bar", "value": "xyz", "type": "person"}]
FIVE_DAYS = {"date_from": "2020-01-01", "date_to": "2020-01-05"}


def send(world: World, *events: tuple[str, str, dict[str, Any]]) -> None:
    """(event, time, person properties it sets), one request each."""
    for name, at, properties in events:
        world.capture({"event": name, "distinct_id": "p", "timestamp": at, "properties": {"$set": properties}})


def timeline(world: World, **query: Any) -> Any:
    return world.get(f"persons/{world.person('p')['uuid']}/properties_timeline", **query)


def without_own(answer: Any) -> Any:
    """Without the property that capture itself sets."""
    for point in answer["points"]:
        point["properties"].pop("$creator_event_uuid", None)
    return answer


def counts(answer: Any) -> list[int]:
    return [point["relevant_event_count"] for point in answer["points"]]


def fixture_t(world: World) -> None:
    send(
        world,
        ("$pageview", "2020-01-01T00:00:00Z", {"bar": 456}),
        ("whatever", "2020-01-01T01:00:00Z", {"bar": 123}),
        ("$pageview", "2020-01-02T01:00:00Z", {"bar": 123}),
        ("$pageview", "2020-01-02T02:00:00Z", {"bar": 123}),
        ("$pageview", "2020-01-03T01:00:00Z", {"bar": 123}),
        ("$pageview", "2020-01-04T19:00:01Z", {"bar": 789}),
    )


def test_it_works_case_80(world: World) -> None:
    send(world, ("$pageview", "2020-01-01T00:00:00Z", {"foo": "abc", "bar": 123}))
    assert without_own(timeline(world, events=PAGEVIEW, properties=BY_BAR, **FIVE_DAYS)) == {
        "points": [
            {
                "timestamp": "2020-01-01T00:00:00Z",
                "properties": {"foo": "abc", "bar": 123},
                "relevant_event_count": 1,
            }
        ],
        "crucial_property_keys": ["bar"],
        "effective_date_from": "2020-01-01T00:00:00+00:00",
        "effective_date_to": "2020-01-05T23:59:59.999999+00:00",
    }


def test_without_events_there_are_no_points_case_81(world: World) -> None:
    send(world, ("$pageview", "2019-12-27T00:00:00Z", {"foo": "abc", "bar": 123}))
    assert timeline(world, events=PAGEVIEW, properties=BY_BAR, **FIVE_DAYS) == {
        "points": [],
        "crucial_property_keys": ["bar"],
        "effective_date_from": "2020-01-01T00:00:00+00:00",
        "effective_date_to": "2020-01-05T23:59:59.999999+00:00",
    }


@pytest.mark.parametrize(
    ("interval", "times", "until"),
    [
        pytest.param("day", ("00:00", "07:00", "14:00"), "2020-01-02T23:59:59.999999+00:00", id="case 85"),
        pytest.param("hour", ("00:00", "00:20", "00:40"), "2020-01-02T01:00:00+00:00", id="case 86"),
        pytest.param("month", ("00:00", "07:00", "14:00"), "2020-01-31T23:59:59.999999+00:00", id="month"),
    ],
)
def test_equal_dates_are_one_interval(world: World, interval: str, times: tuple[str, ...], until: str) -> None:
    at = "2020-01-02T00:00:00Z"
    send(world, *(("e", f"2020-01-02T{time}:00Z", {"bar": number}) for number, time in enumerate(times)))
    answer = timeline(world, properties=BY_BAR, date_from=at, date_to=at, interval=interval)
    assert counts(answer) == [1, 1, 1]
    assert answer["effective_date_from"] == "2020-01-02T00:00:00+00:00"
    assert answer["effective_date_to"] == until


def test_without_crucial_keys_there_is_one_point_case_90(world: World) -> None:
    fixture_t(world)
    answer = timeline(world, events=PAGEVIEW, **FIVE_DAYS)
    assert counts(answer) == [5]
    assert answer["crucial_property_keys"] == []


def test_every_event_counts_when_none_is_named_case_91(world: World) -> None:
    fixture_t(world)
    answer = timeline(world, properties=BY_BAR, **FIVE_DAYS)
    assert counts(answer) == [1, 4, 1]
    assert [point["properties"]["bar"] for point in answer["points"]] == [456, 123, 789]
    assert answer["points"][1]["timestamp"] == "2020-01-01T01:00:00Z"


def test_only_the_named_events_count(world: World) -> None:
    fixture_t(world)
    answer = timeline(world, events=PAGEVIEW, properties=BY_BAR, **FIVE_DAYS)
    assert counts(answer) == [1, 3, 1]
    assert answer["points"][1]["timestamp"] == "2020-01-02T01:00:00Z"
    assert timeline(world, actions=[{"id": 77}], **FIVE_DAYS)["points"] == []


def test_an_earlier_value_is_a_new_point_and_true_is_not_one(world: World) -> None:
    values = [1, True, 1, "1", None]
    send(world, *(("e", f"2020-01-01T0{n}:00:00Z", {"bar": value}) for n, value in enumerate(values)))
    answer = timeline(world, properties=BY_BAR, **FIVE_DAYS)
    assert [point["properties"]["bar"] for point in answer["points"]] == values


def test_keys_come_from_all_filters_on_persons_and_the_breakdown(world: World) -> None:
    send(world, ("e", "2020-01-01T00:00:00Z", {}))
    event = {"id": "e", "properties": [{"key": "b", "value": 1, "type": "person"}, {"key": "x", "value": 1}]}
    answer = timeline(
        world,
        events=[event],
        properties={"type": "OR", "values": [{"key": "a", "value": 1, "type": "person"}, {"key": "y", "value": 1}]},
        breakdown='["d","c"]',
        breakdown_type="person",
        **FIVE_DAYS,
    )
    assert answer["crucial_property_keys"] == ["a", "b", "c", "d"]
    assert counts(answer) == [1], "filters keep no event out"
    assert timeline(world, breakdown="c", breakdown_type="event")["crucial_property_keys"] == []
    assert timeline(world, breakdown="c", breakdown_type="person")["crucial_property_keys"] == ["c"]


def test_properties_are_as_stored_with_the_event_also_after_merges(world: World) -> None:
    at = "2020-01-01T00:00:00Z"
    world.capture({"event": "e", "distinct_id": "anon", "timestamp": at, "properties": {"$set": {"bar": "then"}}})
    send(world, ("e", "2020-01-02T00:00:00Z", {"bar": "other", "x": 1}))
    merge = {"event": "$merge_dangerously", "distinct_id": "p", "timestamp": "2020-01-03T00:00:00Z"}
    world.capture({**merge, "properties": {"alias": "anon"}})
    world.capture({"event": "$set", "distinct_id": "p", "properties": {"$unset": ["x"]}, "timestamp": "2021-01-01"})
    answer = timeline(world, properties=BY_BAR, events=[{"id": "e"}], **FIVE_DAYS)
    assert [(one["properties"]["bar"], one["properties"].get("x")) for one in answer["points"]] == [
        ("then", None),
        ("other", 1),
    ]


def test_what_an_event_sets_is_its_own_even_if_the_person_keeps_it_not(world: World) -> None:
    send(world, ("$set", "2020-01-01T00:00:00Z", {"$browser": "Firefox"}))
    send(world, ("e", "2020-01-02T00:00:00Z", {"$browser": "Safari"}))
    answer = timeline(world, breakdown="$browser", breakdown_type="person", **FIVE_DAYS)
    assert [point["properties"]["$browser"] for point in answer["points"]] == ["Firefox", "Safari"]


def test_events_without_a_person_have_none_of_its_properties(world: World) -> None:
    send(world, ("e", "2020-01-01T00:00:00Z", {"bar": 1}))
    properties = {"$process_person_profile": False, "$set": {"bar": 2}}
    world.capture({"event": "e", "distinct_id": "p", "timestamp": "2020-01-02T00:00:00Z", "properties": properties})
    assert [point["properties"].get("bar") for point in timeline(world, properties=BY_BAR, **FIVE_DAYS)["points"]] == [
        1,
        None,
    ]


def test_another_persons_events_do_not_count(world: World) -> None:
    send(world, ("e", "2020-01-01T00:00:00Z", {}))
    world.capture({"event": "e", "distinct_id": "q", "timestamp": "2020-01-01T00:00:00Z"})
    assert counts(timeline(world, **FIVE_DAYS)) == [1]


def test_dates_are_the_projects_and_the_default_is_a_week(world: World) -> None:
    with world.services.relational.begin() as work:
        berlin = work.accounts.add_project(
            name="B", timezone="Europe/Berlin", week_start_day=0, at=world.project.created_at
        )
        work.commit()
    world.capture({"event": "e", "distinct_id": "p"}, token=berlin.api_token)
    path = f"/api/projects/{berlin.id}/persons"
    (person,) = world.get(path)["results"]
    answer = world.get(f"{path}/{person['id']}/properties_timeline", date_from="2020-07-01", date_to="2020-07-02")
    assert answer["effective_date_from"] == "2020-07-01T00:00:00+02:00"
    assert answer["effective_date_to"] == "2020-07-02T23:59:59.999999+02:00"
    answer = world.get(f"{path}/{person['id']}/properties_timeline")
    assert counts(answer) == [1]
    assert "T00:00:00+" in answer["effective_date_from"]
    assert "T23:59:59.999999+" in answer["effective_date_to"]
    answer = world.get(f"{path}/{person['id']}/properties_timeline", date_from="all")
    assert answer["effective_date_from"][:19] < answer["points"][0]["timestamp"][:10] + "T24"


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"date_from": "nonsense"}, "date_from"),
        ({"date_to": "nonsense"}, "date_to"),
        ({"events": "nonsense"}, "events"),
        ({"properties": "nonsense"}, "properties"),
        ({"interval": "fortnight"}, "interval"),
    ],
)
def test_bad_parameters_are_named(world: World, query: dict[str, str], attr: str) -> None:
    send(world, ("e", "2020-01-01T00:00:00Z", {}))
    path = f"persons/{world.person('p')['id']}/properties_timeline"
    assert_error(world.call("GET", path, query_string=query), 400, "invalid_input", attr=attr)


def test_an_unknown_person_is_404_and_reading_is_enough(world: World) -> None:
    assert_error(world.call("GET", "persons/999/properties_timeline"), 404, "not_found", "Not found.")
    assert_error(
        world.call("GET", "persons/1/properties_timeline", key=world.new_key("insight:read")), 403, "permission_denied"
    )
