"""The small worlds that trends are asked about."""

from __future__ import annotations

from collections.abc import Callable

from hedgerow.domain.events import JsonValue

from .trend_fixtures import World

Load = Callable[[World], None]


def dates(*days: str) -> Load:
    """One person with an event `event_name` at each time."""

    def load(world: World) -> None:
        world.person("someone")
        for day in days:
            world.event("event_name", day, "someone")

    return load


def many(*loads: Load) -> Load:
    """One world after the other."""

    def load(world: World) -> None:
        for part in loads:
            part(world)

    return load


def f1(world: World, times: tuple[str, ...] = ("2019-12-24", "2020-01-01", "2020-01-02")) -> None:
    first, second, third = times
    world.person("blabla", "anonymous_id", some_prop="some_val")
    sign_up: tuple[tuple[str, str, dict[str, JsonValue]], ...] = (
        (first, "blabla", {"$some_property": "value", "$bool_prop": True}),
        (second, "blabla", {"$some_property": "value", "$bool_prop": False}),
        (second, "anonymous_id", {"$bool_prop": False}),
        (second, "blabla", {}),
        (third, "blabla", {"$some_property": "other_value", "$some_numerical_prop": 80}),
    )
    for at, distinct_id, properties in sign_up:
        world.event_of("sign up", at, distinct_id, properties)
    world.event("no events", third, "blabla")
    world.event_of("sign up", second, "blabla", {}, project_id=world.project.id + 1)


def f1t(world: World) -> None:
    f1(world, ("2019-12-24 03:45:34", "2020-01-01 00:06:34", "2020-01-02 16:34:34"))


def f2(world: World) -> None:
    people: tuple[tuple[str, dict[str, JsonValue], tuple[int, ...], tuple[int, ...]], ...] = (
        ("p1", {"$browser": "Chrome", "prop": 10, "bool_field": True}, (11, 12, 13, 15, 17, 19), (11, 12, 13)),
        ("p2", {"$browser": "Firefox", "prop": 20, "bool_field": False}, (9, 12), (13,)),
        ("p3", {"$browser": "Edge", "prop": 30, "bool_field": True}, (12,), (13,)),
        ("p4", {"$browser": "Safari", "prop": 40, "bool_field": False}, (15,), (16,)),
    )
    groups = {"p1": "org:5", "p2": "org:6", "p3": "org:7", "p4": "company:10"}
    world.person("p1", name="p1", email="test@posthog.com")
    for name in ("p2", "p3", "p4"):
        world.person(name, name=name)
    for name, properties, views, leaves in people:
        for event, days in (("$pageview", views), ("$pageleave", leaves)):
            for day in days:
                at = f"2020-01-{day:02} 12:00"
                world.event_of(event, at, name, {**properties, "$group_0": groups[name]})


def f3(world: World) -> None:
    world.person("blabla", "anonymous_id", fruit="mango")
    world.person("tintin", fruit="mango")
    world.person("murmur")
    world.person("reeree", fruit="tomato")
    first = "2020-01-01 00:06:02"
    world.event("viewed video", first, "anonymous_id", color="red", group_0="bouba")
    world.event("viewed video", first, "blabla", group_0="bouba")
    world.event("viewed video", first, "reeree", color="blue", group_0="bouba")
    world.event("sign up", first, "tintin", group_0="kiki")
    world.event("sign up", "2020-01-03 19:06:34", "murmur", group_0="kiki")
    world.event("viewed video", "2020-01-04 23:17:00", "tintin", color="red", group_0="kiki")
    last = "2020-01-05 19:06:34"
    world.event("viewed video", last, "blabla", color="blue", group_0="bouba")
    world.event("viewed video", last, "tintin", color="red")
    world.event("viewed video", last, "tintin", color="red", group_0="bouba")
    world.event("viewed video", last, "tintin", color="blue", group_0="kiki")


def f4(world: World) -> None:
    for name, shown in (("p0", "p1"), ("p1", "p1"), ("p2", "p2")):
        world.person(name, name=shown)
    views = (
        ("p0", "03 11:00", "val"),
        ("p0", "03 12:00", "val"),
        ("p1", "09 12:00", "bor"),
        ("p2", "09 12:00", "val"),
        ("p1", "10 12:00", "bor"),
        ("p1", "11 12:00", "val"),
        ("p2", "11 12:00", "bor"),
        ("p0", "12 12:00", "val"),
    )
    for distinct_id, at, key in views:
        world.event("$pageview", f"2020-01-{at}", distinct_id, key=key)


def f6(world: World) -> None:
    world.person("blabla")
    first, second, third = "2020-01-02 13:01:01", "2020-01-03 13:01:01", "2020-01-03 13:04:01"
    events: tuple[tuple[str, str, int, str], ...] = (
        ("session start", first, 200, "Paris"),
        ("session start", first, 300, "Paris"),
        ("session start", first, 400, "London"),
        ("session start", second, 400, "London"),
        ("session start", third, 500, "London"),
        ("session end", third, 500, "London"),
        ("session end", third, 500, "Belo Horizonte"),
        ("session end", third, 400, ""),
    )
    for name, at, xyz, location in events:
        world.event(name, at, "blabla", xyz=xyz, location=location, session_id="s", group_0="org:5")


def f7(world: World) -> None:
    world.person("blabla")
    world.person("blabla2")
    events = (
        ("sign up before", "01 00:06:30", "blabla", "s1"),
        ("sign up", "01 00:06:34", "blabla", "s1"),
        ("sign up later", "01 00:06:35", "blabla", "s1"),
        ("sign up", "01 00:06:35", "blabla2", "s2"),
        ("sign up", "01 00:06:45", "blabla2", "s2"),
        ("sign up", "01 00:06:45", "blabla", "s3"),
        ("sign up", "02 00:06:30", "blabla", "s4"),
        ("sign up", "02 00:06:45", "blabla", "s4"),
    )
    for name, at, distinct_id, session in events:
        world.event(name, f"2020-01-{at}", distinct_id, session_id=session)


def f8(world: World) -> None:
    for number in range(30):
        world.event("$pageview", "2020-01-11 12:00", f"person_{number}", breakdown_value=str(number))


def sign_ups(world: World) -> None:
    """One person, three times by the local clock."""
    world.person("blabla")
    for at in ("2020-01-02T17:01:01", "2020-01-03T17:01:01", "2020-01-06T00:30:01"):
        world.event("sign up", at, "blabla")


def weekly_sign_ups(world: World) -> None:
    world.person("blabla")
    for at in ("11-03T01:01:01", "11-10T01:01:01", "11-17T08:30:01", "11-24T08:30:01", "11-30T08:30:01"):
        world.event("sign up", f"2022-{at}+00:00", "blabla")


def another_color(world: World) -> None:
    world.event("viewed video", "2020-01-03 19:06:34", "another_user", color="orange")


def sessions(world: World) -> None:
    world.person("person1")
    world.person("person2")
    for at, who, session in (
        ("01", "person1", "1"),
        ("01", "person1", "1"),
        ("02", "person1", "2"),
        ("02", "person2", "3"),
    ):
        world.event("$pageview", f"2020-01-{at} 12:00", who, session_id=session)


def some_numbers(world: World) -> None:
    world.person("someone_else")
    for number in (*range(101, 201), None):
        world.event("sign up", "2020-01-04 10:00", "someone_else", some_number=number)


def mixed_numbers(world: World) -> None:
    for number in (2, "x", None, 8):
        world.event("sign up", "2020-01-04 10:00", "someone_else", some_number=number)


def fifth_session(world: World) -> None:
    for at in ("00:06:40", "00:06:45"):
        world.event("sign up", f"2020-01-02 {at}", "blabla", session_id="s5")


def merged_visitors(world: World) -> None:
    world.person("anon1", "p1")
    world.person("anon2", "p2")
    world.person("anon3")
    for at, who in (("11", "anon1"), ("12", "p1"), ("12 12:00", "anon2"), ("12 12:01", "p2"), ("12", "anon3")):
        world.event("$pageview", f"2020-01-{at}", who)


def two_browsers(world: World) -> None:
    world.person("p1")
    world.event_of("$pageview", "2020-01-11 12:00", "p1", {"$browser": "Chrome"})
    world.event_of("$pageview", "2020-01-12 12:00", "p1", {"$browser": "Safari"})


def late_firefox(world: World) -> None:
    world.person("p1")
    world.person("p2")
    world.event_of("$pageview", "2020-01-06 12:00", "p1", {"$browser": "Firefox"})
    for browser, days in (("Chrome", (8, 9)), ("Firefox", (10, 11))):
        for day in days:
            for who in ("p1", "p2"):
                world.event_of("$pageview", f"2020-01-{day:02} 12:00", who, {"$browser": browser})


def new_user(world: World) -> None:
    world.event("sign up", "2020-01-03T13:01:01", "new_user")


def urls(world: World) -> None:
    for at, url, browser, system in (
        ("03", "first url", "Firefox", "Windows"),
        ("03", "first url", "Chrome", "Mac"),
        ("04", "second url", "Firefox", "Mac"),
        ("04", "second url", "Chrome", "Windows"),
    ):
        properties = {"$current_url": url, "$browser": browser, "$os": system}
        world.event_of("$pageview", f"2020-01-{at} 12:00", "p1", properties)


def six_people(world: World) -> None:
    for name, email, system, browser in (
        ("person1", "test@posthog.com", "ios", "chrome"),
        ("person2", "test@gmail.com", "ios", "safari"),
        ("person6", "test2@posthog.com", "android", "chrome"),
        ("person3", "test3@posthog.com", "android", "safari"),
        ("person4", "test4@posthog.com", "android", "safari"),
        ("person5", "test5@posthog.com", "android", "safari"),
        ("person32", "test2@posthog.com", "android", "chrome"),
    ):
        world.person(name, email=email, **{"$os": system, "$browser": browser})
        world.event("sign up", "2020-05-01", name, key="val")


def bins(world: World) -> None:
    for value, times in ((4, 6), (8, 2), (16, 1), (32, 1), (64, 1), (128, 1)):
        for _ in range(times):
            world.event_of("$pageview", "2020-01-11 12:00", "p", {"$bin": value})


def few_bins(world: World) -> None:
    for properties, times in (({"$bin": 4}, 6), ({"$bin": 8}, 2), ({"$bin": 16}, 1), ({}, 1)):
        for _ in range(times):
            world.event_of("$pageview", "2020-01-11 12:00", "p", properties)


def other_value(world: World) -> None:
    world.event_of("sign up", "2020-01-02T13:01:01", "blabla", {"$some_property": "other_value"})


def variants(world: World) -> None:
    for browser, variant, times in (
        ("Chrome", "1", 1),
        ("Chrome", "2", 1),
        ("Safari", "1", 2),
        ("Safari", "2", 3),
        ("Safari", "", 1),
        ("Chrome", "", 1),
    ):
        for _ in range(times):
            world.event_of("sign up", "2020-01-11", "p", {"$browser": browser, "$variant": variant})


def two_views(world: World) -> None:
    for _ in range(2):
        world.event("$pageview", "2012-01-14T03:21:34", "p")


def three_people(world: World) -> None:
    for name, properties in (("a", {"key": "val"}), ("b", {}), ("c", {})):
        world.event_of("$pageview", "2012-01-14T03:21:34", name, properties)


def with_actions(world: World) -> None:
    """The actions `sign up` and `no events` of the first world, and some of page views."""
    for name in ("sign up", "no events", "$pageview"):
        world.action(name, {"event": name})


def ungrouped_views(world: World) -> None:
    world.person("p1", key="value")
    for _ in range(4):
        world.event("$pageview", "2020-01-02 12:00", "p1")


def grouped_views(world: World) -> None:
    world.person("p1", key="value")
    world.group(0, "org:5", industry="finance")
    world.group(0, "org:6", industry="technology")
    world.event("$pageview", "2020-01-02 12:00", "p1")
    for key in ("org:5", "org:6", "org:6"):
        world.event("$pageview", "2020-01-02 12:00", "p1", group_0=key)
