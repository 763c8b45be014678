"""The period a trend looks at: which events count, its buckets and their names, and the period before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from .dates import Interval, ReadDate, UnreadableDate, read_date, within_reach
from .errors import InvalidInput
from .localtime import Calendar, Unit

# Enough for the days since 1970, to which one stray event at time 0 stretches `all`, or 3 years of hours.
MAX_BUCKETS = 30_000

_DEFAULT_FROM = "-7d"
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LENGTHS = {
    Interval.MINUTE: timedelta(minutes=1),
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
    Interval.MONTH: timedelta(days=28),
}


@dataclass(frozen=True, slots=True)
class Period:
    """What the dates and the interval of a query come to. All instants are aware UTC.

    Events with `lower <= timestamp <= date_to` count. `lower` may be before `date_from`: intervals count
    from their start. What looks back (rolling actives) or at each actor goes by `date_from`.

    `starts`, `days` and `labels` have one item a bucket: the instant at which it starts, strictly ascending,
    the first maybe before `lower`; its name in answers (`2020-01-09`, for hours and minutes with a time); its
    name for people. They are empty if `date_from` is in a later interval than `date_to`.

    For `previous`: `exact` says that `lower` is `date_from` itself, and `weeks_back` is the N of a date_from
    `-Nd` to now, by day, if it is whole weeks.
    """

    date_from: datetime
    date_to: datetime
    lower: datetime
    interval: Interval
    calendar: Calendar
    starts: tuple[datetime, ...]
    days: tuple[str, ...]
    labels: tuple[str, ...]
    exact: bool
    weeks_back: int | None


def read_period(
    date_from: str | None,
    date_to: str | None,
    *,
    interval: Interval,
    now: datetime,
    calendar: Calendar,
    explicit: bool = False,
    exact: bool = False,
    earliest: datetime | None = None,
) -> Period:
    """Read the dates of a query by PostHog's rules. Missing or empty ones: from `-7d`, to now.

    A relative `date_from` is truncated to its hour or day, and `date_to` goes to the end of its day, hour or
    minute. With `explicit`, both ends are taken as they are; with `exact` (one bold number) those that are
    relative or missing. Displays of one number ask by day. `earliest` is the time of the first event that may
    count, where `all` starts; None if there is none, when `all` is the default.

    Raises UnreadableDate with attr `date_from` or `date_to`, and InvalidInput with attr `date_from` for more
    than `MAX_BUCKETS` buckets.
    """
    start = _read_from(date_from, now, calendar, earliest)
    end = read_date(date_to or "0s", now, calendar, "date_to")
    as_is = explicit or exact
    by_day, by_hours = interval is Interval.DAY, start.unit is Unit.HOUR
    whole_weeks = start.unit is Unit.DAY and start.number % 7 == 0 and start.number > 0
    return _period(
        start.at if as_is else _round_down(start, interval, calendar),
        end.at if explicit or (exact and end.relative) else _round_up(end, interval, calendar),
        interval,
        calendar,
        exact=as_is or (start.relative and (interval.by_the_clock or (by_day and by_hours))),
        weeks_back=start.number if by_day and whole_weeks and not date_to else None,
    )


def previous(period: Period, compare_to: str | None = None, *, human_friendly: bool = False) -> Period:
    """The period to compare with, equally long by the local clock.

    With `compare_to`, it starts so long before (`-1w`; with `human_friendly` a month is 4 weeks and a year
    52). Without, minutes end where the period starts; all else moves back by whole days, to start at the same
    time of day. A range of `-7d` to now moves by 7 days, although it has 8, so that weekdays align.

    Raises UnreadableDate with attr `compare_to`, or `date_from` if the period before is out of reach.
    """
    attr = "compare_to" if compare_to else "date_from"
    try:
        date_from, date_to = _previous_ends(period, compare_to, human_friendly)
    except (OverflowError, ValueError):
        raise UnreadableDate("The period to compare with starts before the year 2.", attr) from None
    return _period(
        within_reach(date_from, attr),
        within_reach(date_to, attr),
        period.interval,
        period.calendar,
        exact=period.exact,
        weeks_back=period.weeks_back,
    )


def _read_from(text: str | None, now: datetime, calendar: Calendar, earliest: datetime | None) -> ReadDate:
    if text == "all" and earliest:
        return ReadDate(within_reach(earliest.astimezone(UTC), "date_from"))
    return read_date(_DEFAULT_FROM if not text or text == "all" else text, now, calendar, "date_from")


def _round_down(start: ReadDate, interval: Interval, calendar: Calendar) -> datetime:
    if interval is Interval.MINUTE or not start.relative:
        return start.at
    return calendar.start(Unit.HOUR if start.unit is Unit.HOUR else Unit.DAY, start.at)


def _round_up(end: ReadDate, interval: Interval, calendar: Calendar) -> datetime:
    if not interval.by_the_clock:
        return calendar.end(Unit.DAY, end.at)
    return calendar.end(interval.unit, end.at) if end.relative else end.at


def _previous_ends(period: Period, compare_to: str | None, human_friendly: bool) -> tuple[datetime, datetime]:
    calendar, date_from, date_to = period.calendar, period.date_from, period.date_to
    if not compare_to and period.interval is Interval.MINUTE:
        return date_from - (date_to - date_from), date_from
    wall_from = calendar.wall(date_from)
    # Up to the microsecond after, so that the end of a day stays one where clocks change at midnight.
    length = calendar.wall(date_to + _MICROSECOND) - wall_from
    if compare_to:
        read = read_date(compare_to, date_from, calendar, "compare_to", months_as_weeks=human_friendly)
        start = calendar.wall(read.at)
    else:
        nights = (wall_from.date() - (wall_from - length + _MICROSECOND).date()).days
        # Never by 0: a range of three hours compares with the same hours of the day before.
        start = wall_from - timedelta(days=period.weeks_back or max(nights, 1))
    return calendar.instant(start), calendar.instant(start + length) - _MICROSECOND


def _period(
    date_from: datetime,
    date_to: datetime,
    interval: Interval,
    calendar: Calendar,
    *,
    exact: bool,
    weeks_back: int | None,
) -> Period:
    if (date_to - date_from) / _LENGTHS[interval] > MAX_BUCKETS:
        detail = f"The dates span more than {MAX_BUCKETS} {interval}s: start later, or use a longer interval."
        raise InvalidInput(detail, "date_from")
    # A week counts from the first day in range only, a month from its start: PostHog's rule.
    whole = Unit.DAY if interval is Interval.WEEK else interval.unit
    starts = calendar.starts(interval.unit, date_from, date_to)
    return Period(
        date_from=date_from,
        date_to=date_to,
        lower=date_from if exact else calendar.start(whole, date_from),
        interval=interval,
        calendar=calendar,
        starts=tuple(starts),
        days=tuple(_days(interval, starts.values())),
        labels=tuple(_labels(interval, starts.values(), calendar.wall(date_from), calendar.wall(date_to))),
        exact=exact,
        weeks_back=weeks_back,
    )


def _days(interval: Interval, names: Iterable[datetime]) -> Iterable[str]:
    if interval.by_the_clock:
        return (name.isoformat(" ") for name in names)
    return (name.date().isoformat() for name in names)


def _labels(interval: Interval, names: Iterable[datetime], first: datetime, last: datetime) -> Iterable[str]:
    if interval.by_the_clock:
        return (f"{_short(name)} {name.hour:02}:{name.minute:02}" for name in names)
    if interval is Interval.DAY:
        return map(_long, names)
    if interval is Interval.MONTH:
        return (f"{_MONTHS[name.month - 1]} {name.year}" for name in names)
    first_day, last_day = first.date(), last.date()
    weeks = ((name.date(), name.date() + timedelta(days=6)) for name in names)
    return (_week(max(start, first_day), min(end, last_day)) for start, end in weeks)


def _week(start: date, end: date) -> str:
    if start >= end:
        return _long(start)
    if start.year != end.year:
        return f"{_long(start)} – {_long(end)}"
    if start.month != end.month:
        return f"{_short(start)} – {_short(end)}"
    return f"{start.day}–{end.day} {_MONTHS[end.month - 1]}"


def _long(day: date) -> str:
    return f"{_short(day)}-{day.year}"


def _short(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}"
