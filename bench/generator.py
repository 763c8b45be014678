"""Made-up web traffic, written in SQL: the same numbers always give the same events.

About 480 bytes of JSON properties an event; sessions of five events, ten of them at a time, whose people are the
more active the lower their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import orjson

Wire = dict[str, Any]

END = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
START = END - timedelta(days=DAYS)

KEYS = (
    "$lib $lib_version $browser $browser_version $os $device_type $screen_width $screen_height $host $referrer"
    " $timezone $raw_user_agent $session_id $window_id country plan utm_source $current_url amount currency"
).split()
"""The properties of events, in the order in which an event has them."""

_OF_PERSONS = (
    "$browser $browser_version $os $device_type $screen_width $screen_height $referrer $raw_user_agent utm_source"
    " $current_url"
).split()
_NUMBERS = {"$browser_version", "$screen_width", "$screen_height", "amount"}
_SOMETIMES = {"utm_source", "amount", "currency"}
_NAMES = ("$pageview",) * 11 + ("purchase",) * 4 + ("search",) * 3 + ("signed_up", "plan_changed")
_COUNTRIES = "DE US FR GB IN BR JP ES IT NL PL SE NO DK FI AT CH BE CZ PT".split() + (
    "IE GR HU RO BG HR TR MX AR CL CO PE CA AU NZ KR SG ZA KE EG".split()
)
_PLANS = ("free", "free", "free", "free", "team", "team", "business", "enterprise")
_SOURCES = ("google", "newsletter", "bing", "reddit")
_AREAS = "products articles checkout account support".split()
_BROWSERS = {"Chrome": 131, "Safari": 18, "Firefox": 133, "Edge": 130, "Samsung": 27, "Opera": 114}
_SYSTEMS = ("Windows", "Mac OS X", "iOS", "Android", "Linux")


def people_of(events: int) -> int:
    """How many people are behind that many events."""
    return max(events // 50, 1)


def plan_of(person: int) -> str:
    """The plan that a person is on."""
    return _PLANS[person % len(_PLANS)]


def traffic(first: int, last: int, people: int, *, events: int = 0, newcomers: float = 0.0) -> str:
    """SELECT `number`, `uuid`, `event`, `distinct_id`, `timestamp`, `properties` as JSON, and the `KEYS` as text;
    `stored`: the properties with what capture adds, for persons to have them too.

    The events of the numbers from `first` up to before `last`, by some of `people`. They are spread evenly over the
    90 days before `END` if there are `events` of them in all; without that all happen at `START`. A share `newcomers`
    of the sessions is by people never seen.
    """
    step = DAYS * 86_400_000_000 // events if events else 0  # microseconds
    members = _members({key: key for key in KEYS})
    now = _members({key: key for key in _OF_PERSONS})
    initially = _members({key: "$initial_" + key.removeprefix("$") for key in _OF_PERSONS})
    return f"""
        WITH numbered AS (
            SELECT number, CAST(hash(2 * number) >> 1 AS BIGINT) AS bits, number // 50 * 10 + number % 10 AS session
            FROM range({first}, {last}) AS numbers(number)
        ), placed AS (
            SELECT *, CAST(hash(2 * session + 1) >> 1 AS BIGINT) AS mix, (mix & 16777215) / 16777216.0 AS share,
                CAST(floor({people} * share * share) AS BIGINT) AS person, (mix >> 24) % 60 AS device
            FROM numbered
        ), named AS (
            SELECT number,
                CAST(md5(CAST(number AS VARCHAR)) AS UUID) AS uuid,
                {_pick(_NAMES, "bits")} AS event,
                CASE WHEN share < {newcomers} THEN 'newcomer-' || session ELSE 'user-' || person END AS distinct_id,
                make_timestamp({int(START.timestamp()) * 1_000_000} + number * {step}) AS timestamp,
                'web' AS "$lib",
                '1.449.2' AS "$lib_version",
                {_pick(tuple(_BROWSERS), "device // 10")} AS "$browser",
                {_pick(tuple(map(str, _BROWSERS.values())), "device // 10")} AS "$browser_version",
                {_pick(_SYSTEMS, "device // 2")} AS "$os",
                CASE WHEN "$os" IN ('iOS', 'Android') THEN 'Mobile' ELSE 'Desktop' END AS "$device_type",
                {_pick(("1920", "390"), "device")} AS "$screen_width",
                {_pick(("1080", "844"), "device")} AS "$screen_height",
                'shop.example.com' AS "$host",
                '$direct' AS "$referrer",
                'Europe/Berlin' AS "$timezone",
                'Mozilla/5.0 (' || "$os" || ') ' || "$browser" || '/' || "$browser_version" AS "$raw_user_agent",
                printf('019d0000-%04x-7000-8000-%012x', mix >> 47, session) AS "$session_id",
                printf('019d0000-%04x-7000-9000-%012x', (mix >> 32) & 65535, session) AS "$window_id",
                {_pick(_COUNTRIES, "mix >> 40")} AS country,
                {_pick(_PLANS, "person")} AS plan,
                CASE WHEN mix >> 61 = 0 THEN {_pick(_SOURCES, "mix >> 56")} END AS utm_source,
                'https://shop.example.com/' || {_pick(_AREAS, "bits >> 8")} || '/' || (bits >> 12) % 40
                    AS "$current_url",
                CASE event WHEN 'purchase' THEN CAST((bits >> 20) % 50000 / 100 AS VARCHAR) END AS amount,
                CASE event WHEN 'purchase' THEN 'EUR' END AS currency
            FROM placed
        )
        SELECT *, concat('{{', {members}, '}}') AS properties,
            concat('{{', {members}, ',"$set":{{', {now}, '}},"$set_once":{{', {initially}, '}}}}') AS stored
        FROM named
    """  # noqa: S608 - nothing but this module's own words and numbers


def wire(first: int, last: int, people: int, *, newcomers: float = 0.0) -> list[Wire]:
    """Events in capture's shape but for their time; their properties are `orjson.Fragment`s."""
    columns = "event, CAST(uuid AS VARCHAR), distinct_id, properties"
    statement = f"SELECT {columns} FROM ({traffic(first, last, people, newcomers=newcomers)}) ORDER BY number"  # noqa: S608
    with duckdb.connect() as connection:
        rows = connection.execute(statement).fetchall()
    return [
        {"event": event, "uuid": uuid, "distinct_id": distinct_id, "properties": orjson.Fragment(properties)}
        for event, uuid, distinct_id, properties in rows
    ]


def _pick(choices: tuple[str, ...] | list[str], number: str) -> str:
    return f"{list(choices)}[1 + ({number}) % {len(choices)}]"


def _members(names: Mapping[str, str]) -> str:
    """Members of a JSON object, columns and their names, as pieces of one large concat. Without a value: nothing."""
    pieces = []
    for place, (column, name) in enumerate(names.items()):
        comma, quote = "," if place else "", "" if column in _NUMBERS else '"'
        begin, end = f"""'{comma}"{name}":{quote}'""", f"'{quote}'"
        pieces.append(f'{begin} || "{column}" || {end}' if column in _SOMETIMES else f'{begin}, "{column}", {end}')
    return ", ".join(pieces)
