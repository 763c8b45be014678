"""Laws of local time and of dates that hold in every time zone."""

import zoneinfo
from bisect import bisect_right
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hedgerow.domain.dates import Interval, read_date
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.localtime import Calendar, Unit
from hedgerow.domain.periods import MAX_BUCKETS, Period, previous, read_period
from hypothesis import given
from hypothesis import strategies as st

# Loaded once and kept: the cache of ZoneInfo holds on to eight.
ZONES = [ZoneInfo(name) for name in sorted(zoneinfo.available_timezones())]
NOW = datetime(2021, 8, 25, 13, 5, 6, tzinfo=UTC)
# The evening before clocks change in many zones; Samoa skips a day; St John's goes back across midnight;
# Lord Howe changes by half an hour, Troll by two.
DAYS = ("2011-12-29", "2010-11-06", "2020-03-28", "2020-10-03", "2020-10-24")
SKIPPED = {"2011-12-29": {"Pacific/Apia", "Pacific/Fakaofo"}}

MICROSECOND = timedelta(microseconds=1)
UNTIL = {Interval.MINUTE: 16, Interval.HOUR: 13, Interval.DAY: 10, Interval.WEEK: 10, Interval.MONTH: 10}
LENGTHS = {Interval.HOUR: 1, Interval.MONTH: 99, Interval.WEEK: 20, Interval.DAY: 2}

zones = st.sampled_from(ZONES)
calendars = st.builds(Calendar, zones, st.sampled_from([0, 1]))
intervals = st.sampled_from(Interval)
units = st.sampled_from(Unit)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
relative = st.from_regex(r"-?[0-9]{0,9}[hdwmqysM](Start|End)?", fullmatch=True)
iso_texts = st.one_of(st.datetimes().map(str), st.dates().map(str), st.datetimes(timezones=zones).map(str))
texts = st.one_of(relative, iso_texts, st.sampled_from(["", "all"]), st.text(max_size=30))


def assert_lawful(period: Period) -> None:
    assert len(period.starts) == len(period.days) == len(period.labels)
    assert all(a < b for a, b in pairwise(period.starts)), "ascending"
    wall = period.calendar.wall
    for start, day in zip(period.starts, period.days, strict=True):
        shown, before = wall(start), wall(start - MICROSECOND)
        name = datetime.fromisoformat(day)
        # The clock shows the bucket's name as it starts, unless it jumps just then into the middle of it.
        assert shown == name or shown - before != MICROSECOND, (period.calendar, day)
        assert shown.isoformat(" ").startswith(day[: UNTIL[period.interval]]), (period.calendar, day)
    if not period.interval.by_the_clock:
        assert len(set(period.days)) == len(period.days)
    if period.interval in (Interval.DAY, Interval.MONTH):
        assert len(set(period.labels)) == len(period.labels)
    if period.starts:
        assert period.starts[0] <= period.date_from
        assert period.starts[-1] <= period.date_to
        assert period.lower >= period.starts[0]


@pytest.mark.parametrize("day", DAYS)
def test_in_every_zone_each_unit_is_a_bucket_that_starts_as_the_clock_shows_its_name(day: str) -> None:
    first = datetime.fromisoformat(day)
    for zone in ZONES:
        calendar = Calendar(zone)
        periods = {
            interval: read_period(
                day,
                (first + timedelta(days=length)).isoformat(),
                interval=interval,
                now=NOW,
                calendar=calendar,
            )
            for interval, length in LENGTHS.items()
        }
        for period in periods.values():
            assert_lawful(period)
        assert len(periods[Interval.DAY].days) == (2 if zone.key in SKIPPED.get(day, ()) else 3), zone


def test_in_every_zone_minutes_follow_one_another_while_clocks_go_back() -> None:
    for zone in ZONES:
        assert_lawful(
            read_period(
                "2020-10-25 01:50",
                "2020-10-25 03:10",
                interval=Interval.MINUTE,
                now=NOW,
                calendar=Calendar(zone),
            )
        )


@given(calendars, instants, intervals, st.integers(0, 60), st.booleans())
def test_buckets_are_lawful(
    calendar: Calendar, start: datetime, interval: Interval, length: int, explicit: bool
) -> None:
    unit = timedelta(days=1) if not interval.by_the_clock else timedelta(hours=1)
    period = read_period(
        start.isoformat(),
        (start + length * unit).isoformat(),
        interval=interval,
        now=NOW,
        calendar=calendar,
        explicit=explicit,
    )
    assert_lawful(period)
    assert_lawful(previous(period))


@given(calendars, units, instants)
def test_every_instant_lies_in_its_unit_and_units_follow_one_another(
    calendar: Calendar, unit: Unit, at: datetime
) -> None:
    start, end = calendar.start(unit, at), calendar.end(unit, at)
    if calendar.wall(at) >= calendar.wall(start):  # not so only in an evening that comes again after midnight
        assert start <= at <= end
    assert start <= end
    assert calendar.start(unit, start) == start
    after = end + MICROSECOND
    assert calendar.start(unit, after) == after
    assert list(calendar.starts(unit, start, after)) == [start, after]


@given(calendars, instants)
def test_the_first_instant_of_a_wall_time_shows_it(calendar: Calendar, at: datetime) -> None:
    first = calendar.instant(calendar.wall(at))
    assert first <= at
    assert calendar.wall(first) == calendar.wall(at)


@given(calendars, instants, st.integers(1, 12))
def test_each_event_in_the_window_falls_in_the_bucket_of_its_local_day(
    calendar: Calendar, event: datetime, length: int
) -> None:
    first = event - timedelta(days=length)
    period = read_period(first.isoformat(), event.isoformat(), interval=Interval.DAY, now=NOW, calendar=calendar)
    assert period.lower <= event <= period.date_to
    bucket = period.days[bisect_right(period.starts, event) - 1]
    local_day = calendar.wall(event).date().isoformat()
    again = calendar.wall(period.starts[-1]).date().isoformat()
    assert bucket in (local_day, again)


@given(texts, calendars, instants)
def test_no_text_raises_anything_but_invalid_input(text: str, calendar: Calendar, now: datetime) -> None:
    with suppress(InvalidInput):
        assert read_date(text, now, calendar, "date_from").at.tzinfo is UTC


@given(texts, texts, intervals, calendars, st.booleans(), st.booleans(), st.one_of(st.none(), relative))
def test_no_dates_raise_anything_but_invalid_input_nor_make_too_many_buckets(
    date_from: str,
    date_to: str,
    interval: Interval,
    calendar: Calendar,
    explicit: bool,
    exact: bool,
    compare_to: str | None,
) -> None:
    with suppress(InvalidInput):
        period = read_period(
            date_from,
            date_to,
            interval=interval,
            now=NOW,
            calendar=calendar,
            explicit=explicit,
            exact=exact,
        )
        assert len(period.starts) <= MAX_BUCKETS + 2
        previous(period, compare_to)
