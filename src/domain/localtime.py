"""Local time: where the hours, days, weeks, … of a time zone start and end.

Instants are aware UTC datetimes. A wall time, what a local clock shows, is a naive datetime. A wall time may
never come (clocks go forward) or come twice (clocks go back), and Python compares and subtracts two
datetimes of one zone by the wall; so nothing here computes with datetimes of a zone.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_AGAIN = time(fold=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)


class Unit(StrEnum):
    """What time is counted in. The values are the letters of PostHog's relative dates."""

    SECOND = "s"
    MINUTE = "M"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    QUARTER = "q"
    YEAR = "y"


# Seconds to hours pass by the clock: they are lengths of time. Days and longer are steps in the calendar.
_CLOCK = {Unit.SECOND: _SECOND, Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The time zone of a project and the day its weeks start on: 0 Sunday, 1 Monday.

    Every method may raise OverflowError or ValueError within a year of the ends of `datetime`.
    """

    zone: ZoneInfo
    week_start: int = 0

    def wall(self, at: datetime) -> datetime:
        """What the local clock shows at an instant."""
        return at.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def instant(self, wall: datetime) -> datetime:
        """The first instant at which the local clock shows a wall time or, if it never does, a later one."""
        return self._instant(wall.replace(tzinfo=self.zone, fold=0), wall.replace(tzinfo=self.zone, fold=1))

    def start(self, unit: Unit, at: datetime) -> datetime:
        """The instant at which the second, minute, … year that holds an instant starts."""
        if unit in _CLOCK:
            return self._clock_start(at, _CLOCK[unit])
        return self._midnight(self._first_day(unit, self.wall(at).date()))

    def end(self, unit: Unit, at: datetime) -> datetime:
        """The last microsecond of the second, minute, … year that holds an instant."""
        if unit in _CLOCK:
            return self._clock_next(self._clock_start(at, _CLOCK[unit]), _CLOCK[unit]) - _MICROSECOND
        return self._midnight(_later(self._first_day(unit, self.wall(at).date()), unit)) - _MICROSECOND

    def starts(self, unit: Unit, first: datetime, last: datetime) -> dict[datetime, datetime]:
        """The starts of all units from the one that holds `first` to the one that holds `last`, ascending.

        Each with its name: the wall time at which the unit nominally starts. An hour that comes twice is two
        units of one name; an hour or a day that clocks jump over is none. Empty if `first` is a later unit.
        """
        if unit in _CLOCK:
            return self._clock_starts(_CLOCK[unit], first, last)
        day, last_day = self._first_day(unit, self.wall(first).date()), self.wall(last).date()
        starts: dict[datetime, datetime] = {}
        while day <= last_day:
            # A day that is jumped over (Samoa, 30 December 2011) starts when the next does, and loses to it.
            starts[self._midnight(day)] = datetime.combine(day, time.min)
            day = _later(day, unit)
        return starts

    def ago(self, at: datetime, unit: Unit, number: int) -> datetime:
        """So many units before an instant: elapsed time for seconds to hours, else by the calendar.

        The wall time stays; a day of the month that does not exist becomes the month's last.
        """
        if unit in _CLOCK:
            return at - number * _CLOCK[unit]
        wall = self.wall(at)
        return self.instant(datetime.combine(_later(wall.date(), unit, -number), wall.time()))

    def _midnight(self, day: date) -> datetime:
        # As `instant` does, in half the time: a long range has a great many days.
        return self._instant(datetime.combine(day, time.min, self.zone), datetime.combine(day, _AGAIN, self.zone))

    def _instant(self, first: datetime, second: datetime) -> datetime:
        """That of a wall time, given with both of its folds."""
        early, late = first.astimezone(UTC), second.astimezone(UTC)
        # For a wall time that clocks jump over, the two folds mean the offsets before and after the jump, and
        # come in the other order.
        return early if early <= late else self._clock_change(late, early)

    def _first_day(self, unit: Unit, day: date) -> date:
        if unit is Unit.WEEK:
            return day - timedelta(days=(day.isoweekday() - self.week_start) % 7)
        if unit in _MONTHS:
            return day.replace(month=day.month - (day.month - 1) % _MONTHS[unit], day=1)
        return day

    def _clock_starts(self, step: timedelta, first: datetime, last: datetime) -> dict[datetime, datetime]:
        starts = {}
        start = self._clock_start(first, step)
        while start <= last:
            wall = self.wall(start)
            name = wall - _into(wall, step)
            tomorrow = start + timedelta(days=1)
            if name == wall and self._offset(start) == self._offset(tomorrow):
                # A day without a change of clocks, as almost all are: no need to look at them each time.
                while start < tomorrow and start <= last:
                    starts[start] = name
                    start, name = start + step, name + step
            else:
                starts[start] = name
                start = self._clock_next(start, step)
        return starts

    def _clock_start(self, at: datetime, step: timedelta) -> datetime:
        start = at - _into(self.wall(at), step)
        if self._offset(start) == self._offset(at):
            return start
        change = self._clock_change(start, at)
        if self._starts_anew(change, step):
            return change
        return self._clock_start(change - _MICROSECOND, step)

    def _clock_next(self, at: datetime, step: timedelta) -> datetime:
        after = at + step - _into(self.wall(at), step)
        if self._offset(after) == self._offset(at):
            return after
        change = self._clock_change(at, after)
        if self._starts_anew(change, step):
            return change
        return self._clock_next(change, step)

    def _starts_anew(self, change: datetime, step: timedelta) -> bool:
        """Whether a change of clocks starts a unit: one from its beginning, or the rest of another.

        It does not where clocks go back by less than the unit and within it (Lord Howe, from 2:00 to 1:30).
        """
        wall, before = self.wall(change), self.wall(change - _MICROSECOND)
        into = _into(wall, step)
        return not into or wall - into != before - _into(before, step)

    def _clock_change(self, before: datetime, after: datetime) -> datetime:
        """The first instant, up to and with `after`, whose offset from UTC is no longer that of `before`."""
        offset = self._offset(before)
        seconds = range((before - _EPOCH) // _SECOND, -((_EPOCH - after) // _SECOND))
        passed = bisect_left(seconds, True, key=lambda s: self._offset(_EPOCH + s * _SECOND) != offset)
        return _EPOCH + (seconds.start + passed) * _SECOND

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self.zone).utcoffset()


def _into(wall: datetime, step: timedelta) -> timedelta:
    """How far a clock is into its second, minute or hour."""
    past_hour = timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    return past_hour % step


def _later(day: date, unit: Unit, number: int = 1) -> date:
    if unit in _DAYS:
        return day + timedelta(days=number * _DAYS[unit])
    year, month = divmod(day.year * 12 + day.month - 1 + number * _MONTHS[unit], 12)
    return day.replace(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
