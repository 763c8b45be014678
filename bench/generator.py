"""Made-up web traffic in capture's shape: the same numbers always give the same events.

About 480 bytes of JSON properties an event; sessions of five events, ten of them at a time, whose people are the
more active the lower their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Wire = dict[str, Any]

END = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
START = END - timedelta(days=DAYS)

_NAMES = ("$pageview",) * 11 + ("purchase",) * 4 + ("search",) * 3 + ("signed_up", "plan_changed")
_COUNTRIES = tuple("DE US FR GB IN BR JP ES IT NL PL SE NO DK FI AT CH BE CZ PT".split()) + tuple(
    "IE GR HU RO BG HR TR MX AR CL CO PE CA AU NZ KR SG ZA KE EG".split()
)
_PLANS = ("free", "free", "free", "free", "team", "team", "business", "enterprise")
_SOURCES = ("google", "newsletter", "bing", "reddit")
_PATHS = tuple(
    f"https://shop.example.com/{area}/{page}"
    for area in "products articles checkout account support".split()
    for page in range(40)
)
_BROWSERS = {"Chrome": 131, "Safari": 18, "Firefox": 133, "Edge": 130, "Samsung": 27, "Opera": 114}
_DEVICES: tuple[Wire, ...] = tuple(
    {
        "$lib": "web",
        "$lib_version": "1.449.2",
        "$browser": browser,
        "$browser_version": version,
        "$os": system,
        "$device_type": "Mobile" if system in {"iOS", "Android"} else "Desktop",
        "$screen_width": width,
        "$screen_height": height,
        "$host": "shop.example.com",
        "$referrer": "$direct",
        "$timezone": "Europe/Berlin",
        "$raw_user_agent": f"Mozilla/5.0 ({system}) {browser}/{version}",
    }
    for browser, version in _BROWSERS.items()
    for system in ("Windows", "Mac OS X", "iOS", "Android", "Linux")
    for width, height in ((1920, 1080), (390, 844))
)
_MASK = 2**64 - 1


def history(events: int) -> Iterator[Wire]:
    """That many events spread evenly over the 90 days before `END`, in the order of time."""
    people = people_of(events)
    first, step = START.timestamp(), DAYS * 86_400 / events
    for number in range(events):
        yield event(number, people, datetime.fromtimestamp(first + number * step, UTC))


def people_of(events: int) -> int:
    """How many people are behind that many events."""
    return max(events // 50, 1)


def event(number: int, people: int, at: datetime, *, newcomers: float = 0.0) -> Wire:
    """The event of that number by one of `people`; a share `newcomers` of the sessions is by people never seen."""
    distinct_id, shared = _session(number // 50 * 10 + number % 10, people, newcomers)
    bits = _mixed(2 * number)
    name = _NAMES[bits % len(_NAMES)]
    properties = {**shared, "$current_url": _PATHS[(bits >> 8) % len(_PATHS)]}
    if name == "purchase":
        properties["amount"] = (bits >> 20) % 50_000 / 100
        properties["currency"] = "EUR"
    return {
        "event": name,
        "uuid": f"{bits >> 32:08x}-{bits >> 16 & 0xFFFF:04x}-7{bits & 0xFFF:03x}-8000-{number:012x}",
        "distinct_id": distinct_id,
        "timestamp": at.isoformat(),
        "properties": properties,
    }


@lru_cache(maxsize=64)
def _session(number: int, people: int, newcomers: float) -> tuple[str, Wire]:
    """Whose session it is, and the properties that all its events have."""
    bits = _mixed(2 * number + 1)
    share = (bits & 0xFFFFFF) / 0x1000000
    person = int(people * share * share)
    properties = {
        **_DEVICES[(bits >> 24) % len(_DEVICES)],
        "$session_id": f"019d0000-{bits >> 48:04x}-7000-8000-{number:012x}",
        "$window_id": f"019d0000-{bits >> 32 & 0xFFFF:04x}-7000-9000-{number:012x}",
        "country": _COUNTRIES[(bits >> 40) % len(_COUNTRIES)],
        "plan": _PLANS[person % len(_PLANS)],
    }
    if bits >> 62 == 0:
        properties["utm_source"] = _SOURCES[(bits >> 56) % len(_SOURCES)]
    return f"newcomer-{number}" if share < newcomers else f"user-{person}", properties


def _mixed(number: int) -> int:
    """64 bits that look random (the splitmix64 generator): a seeded `Random` an event would cost ten times more."""
    mixed = (number * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
    return mixed ^ mixed >> 31
