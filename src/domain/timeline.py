"""The timeline of a person: at which of its events the properties that matter were others than before."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from .dates import Interval, read_date
from .events import Properties
from .localtime import Calendar, Unit

_DEFAULT_FROM = "-7d"
_DAY = re.compile(r"\d{4}-\d\d?-\d\d?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """A person's events between two instants, both included, whichever of its distinct ids they bear."""

    project_id: int
    person: UUID
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """So many events in a row, the first at `at`, that were stored alike: with the same person, at the same version
    and with the same `$set`. `has_person` is false of events that asked for none.
    """

    at: datetime
    count: int
    person: UUID
    version: int
    has_person: bool
    set_properties: Properties


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version of a person: all properties if it is a snapshot, else those it set before it removed others."""

    version: int
    set_properties: Properties
    unset_properties: Collection[str]
    snapshot: bool


@dataclass(frozen=True, slots=True)
class Point:
    """From when on the person had these properties, and on how many of its events."""

    at: datetime
    properties: Properties
    count: int


def read_range(
    date_from: str | None, date_to: str | None, *, interval: Interval, now: datetime, calendar: Calendar
) -> tuple[datetime, datetime]:
    """The instants, both included, that two dates mean. By default from 7 days ago to the end of today.

    A day without a time is meant whole, as are the hours and days that relative dates lead to. Two equal texts mean
    one interval: exactly an hour or a minute, or up to the end of the day, week or month. Raises `UnreadableDate`.
    """
    start = read_date(date_from or _DEFAULT_FROM, now, calendar, "date_from")
    begin = start.at
    if start.relative:
        begin = calendar.start(Unit.HOUR if start.unit is Unit.HOUR else Unit.DAY, begin)
    if date_from and date_from == date_to:
        if interval.by_the_clock:
            return begin, begin + (timedelta(hours=1) if interval is Interval.HOUR else timedelta(minutes=1))
        return begin, calendar.end(interval.unit, begin)
    end = read_date(date_to or "0d", now, calendar, "date_to")
    if end.relative or _DAY.fullmatch(date_to or ""):
        return begin, calendar.end(Unit.HOUR if end.unit is Unit.HOUR else Unit.DAY, end.at)
    return begin, end.at


def properties_at(history: Iterable[PastVersion], versions: Collection[int]) -> dict[int, Properties]:
    """The properties that a person had at versions, from its history in ascending order."""
    wanted = sorted(versions, reverse=True)
    found: dict[int, Properties] = {}
    properties: Properties = {}
    for past in history:
        while wanted and wanted[-1] < past.version:
            found[wanted.pop()] = properties
        properties = past.set_properties if past.snapshot else {**properties, **past.set_properties}
        if past.unset_properties:
            properties = {key: value for key, value in properties.items() if key not in past.unset_properties}
    return {**found, **dict.fromkeys(wanted, properties)}


def points(runs: Sequence[Run], keys: Sequence[str], known: Callable[[Run], Properties]) -> list[Point]:
    """A point at the first run and wherever the values of the keys change. `known`: a person's stored properties.

    An event's properties of its person are what the person had then and what the event itself set.
    """
    found: list[Point] = []
    last: bytes | None = None
    for run in runs:
        properties = {**known(run), **run.set_properties} if run.has_person else {}
        values = _values(properties, keys)
        if values == last:
            point = found.pop()
            found.append(Point(point.at, point.properties, point.count + run.count))
        else:
            found.append(Point(run.at, properties, run.count))
        last = values
    return found


def _values(properties: Mapping[str, object], keys: Sequence[str]) -> bytes:
    """Comparable: for Python 1 and true are equal."""
    return orjson.dumps([properties.get(key) for key in keys])
