"""Dates as a query says them: absolute, or relative to now, in a project's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from .errors import InvalidInput
from .localtime import Calendar, Unit


class UnreadableDate(InvalidInput):
    """A text is not a date, or a date is out of reach. `attr` names the parameter."""


class Interval(StrEnum):
    """The width of a trend's buckets."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def unit(self) -> Unit:
        return Unit[self.name]

    @property
    def by_the_clock(self) -> bool:
        """Shorter than a day, so that the name of a bucket needs a time."""
        return self in (Interval.MINUTE, Interval.HOUR)


@dataclass(frozen=True, slots=True)
class ReadDate:
    """A date as read: the instant (aware UTC), and for a relative one its unit and number (0 if not said)."""

    at: datetime
    unit: Unit | None = None
    number: int = 0

    @property
    def relative(self) -> bool:
        return self.unit is not None


_ABSOLUTE = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]((?:[01]\d|2[0-3]).*))?", re.ASCII)
_RELATIVE = re.compile(r"-?(\d{1,9})?([hdwmqysM])(Start|End)?", re.ASCII)


def read_date(text: str, now: datetime, calendar: Calendar, attr: str, *, months_as_weeks: bool = False) -> ReadDate:
    """Read an ISO date or time, also without zero padding, or a relative date such as `-7d` or `-1mStart`.

    An ISO time without an offset is the project's. A relative date always goes back from `now`, then to the
    start or end of its unit if it says so. As in PostHog a capital M means minutes, and a quarter is 13 weeks
    (but `qStart` and `qEnd` are those of calendar quarters). `months_as_weeks`: a month is 4 weeks and a year
    52. Raises UnreadableDate with `attr`.
    """
    try:
        read = _absolute(text, calendar) or _relative(text, now, calendar, months_as_weeks)
    except (OverflowError, ValueError):
        read = None
    if read is None:
        said = f"{text[:50]!r} is neither an ISO date nor a relative date such as -7d or mStart"
        raise UnreadableDate(f"{said}, from the year 2 to 9998.", attr)
    return ReadDate(within_reach(read.at, attr), read.unit, read.number)


def within_reach(at: datetime, attr: str) -> datetime:
    """The instant itself. Raises UnreadableDate with `attr` outside the years 2 to 9998.

    The year left at both ends keeps local time and the bounds of buckets within what a datetime can hold.
    """
    if 2 <= at.year <= 9998:
        return at
    raise UnreadableDate("Dates before the year 2 or after the year 9998 are not supported.", attr)


def _absolute(text: str, calendar: Calendar) -> ReadDate | None:
    match = _ABSOLUTE.fullmatch(text)
    if match is None:
        return None
    year, month, day, clock = match.groups(default="00:00")
    said = datetime.combine(date(int(year), int(month), int(day)), time.fromisoformat(clock))
    return ReadDate(said.astimezone(UTC) if said.tzinfo else calendar.instant(said))


def _relative(text: str, now: datetime, calendar: Calendar, months_as_weeks: bool) -> ReadDate | None:
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    number, unit, edge = int(match[1] or 0), Unit(match[2]), match[3]
    at = now.astimezone(UTC)
    if months_as_weeks and unit in (Unit.MONTH, Unit.YEAR):
        at = calendar.ago(at, Unit.WEEK, number * (4 if unit is Unit.MONTH else 52))
    elif unit is Unit.QUARTER and not edge:
        at = calendar.ago(at, Unit.WEEK, number * 13)
    else:
        at = calendar.ago(at, unit, number)
    if edge == "Start":
        at = calendar.start(unit, at)
    if edge == "End":
        at = calendar.end(unit, at)
    return ReadDate(at, unit, number)
