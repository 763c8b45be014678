"""The window, buckets and names of a trend's period, and the period before it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hedgerow.domain.dates import Interval, UnreadableDate
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.localtime import Calendar
from hedgerow.domain.periods import MAX_BUCKETS, Period, previous, read_period

MINUTE, HOUR, DAY, WEEK, MONTH = Interval


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_period(
    date_from: str | None = None,
    date_to: str | None = None,
    interval: Interval = DAY,
    *,
    now: str = "2021-08-25",
    zone: str = "UTC",
    week_start: int = 0,
    **options: Any,
) -> Period:
    calendar = Calendar(ZoneInfo(zone), week_start)
    return read_period(date_from, date_to, interval=interval, now=at(now), calendar=calendar, **options)


def local(period: Period) -> tuple[str, str, str]:
    """lower, date_from and date_to as local time."""
    wall = period.calendar.wall
    lower, date_from, date_to = map(wall, (period.lower, period.date_from, period.date_to))
    return lower.isoformat(" "), date_from.isoformat(" "), date_to.isoformat(" ")


def days_of(period: Period) -> tuple[int, str, str]:
    """How many buckets, the first and the last."""
    return len(period.days), period.days[0], period.days[-1]


# The window


@pytest.mark.parametrize(
    ("date_from", "date_to", "interval", "lower", "end"),
    [
        (None, None, DAY, "2021-08-18 00:00:00", "2021-08-25 23:59:59.999999"),
        ("", "", DAY, "2021-08-18 00:00:00", "2021-08-25 23:59:59.999999"),
        ("-48h", None, DAY, "2021-08-23 00:00:00", "2021-08-25 23:59:59.999999"),
        ("-48h", None, HOUR, "2021-08-23 00:00:00", "2021-08-25 00:59:59.999999"),
        ("2021-08-23 05:00:00", "2021-08-26 07:00:00", HOUR, "2021-08-23 05:00:00", "2021-08-26 07:00:00"),
        ("-7d", None, WEEK, "2021-08-18 00:00:00", "2021-08-25 23:59:59.999999"),
        ("-20h", None, DAY, "2021-08-24 04:00:00", "2021-08-25 23:59:59.999999"),
        ("-20h", None, WEEK, "2021-08-24 00:00:00", "2021-08-25 23:59:59.999999"),
        ("-50d", None, MONTH, "2021-07-01 00:00:00", "2021-08-25 23:59:59.999999"),
        ("-1dStart", "-1dEnd", HOUR, "2021-08-24 00:00:00", "2021-08-24 23:59:59.999999"),
        ("-1dStart", "-1dEnd", DAY, "2021-08-24 00:00:00", "2021-08-24 23:59:59.999999"),
        ("-2M", "-1M", MINUTE, "2021-08-24 23:58:00", "2021-08-24 23:59:59.999999"),
        ("2021-07-01", "2021-07-01 00:00:00", DAY, "2021-07-01 00:00:00", "2021-07-01 23:59:59.999999"),
        ("2021-07-01", "2021-07-01 00:00:00", MONTH, "2021-07-01 00:00:00", "2021-07-01 23:59:59.999999"),
        ("2021-07-01 10:20", "2021-07-01 11:40", HOUR, "2021-07-01 10:00:00", "2021-07-01 11:40:00"),
        ("2021-07-01 10:20:30", "2021-07-01 11:40:30", MINUTE, "2021-07-01 10:20:00", "2021-07-01 11:40:30"),
        ("2021-07-01 10:20", None, DAY, "2021-07-01 00:00:00", "2021-08-25 23:59:59.999999"),
        ("2021-07-01 10:20", None, WEEK, "2021-07-01 00:00:00", "2021-08-25 23:59:59.999999"),
    ],
)
def test_the_window(date_from: str, date_to: str, interval: Interval, lower: str, end: str) -> None:
    found = local(a_period(date_from, date_to, interval))
    assert (found[0], found[2]) == (lower, end)


def test_a_relative_start_is_truncated_to_its_hour_or_day_but_not_by_the_minute() -> None:
    now = "2021-08-25 13:05:06"
    assert local(a_period("-24h", None, HOUR, now=now))[:2] == ("2021-08-24 13:00:00",) * 2
    assert local(a_period("-24h", None, DAY, now=now))[:2] == ("2021-08-24 13:00:00",) * 2
    assert local(a_period("-1d", None, HOUR, now=now))[:2] == ("2021-08-24 00:00:00",) * 2
    assert local(a_period("-15M", None, HOUR, now=now))[:2] == ("2021-08-25 00:00:00",) * 2
    assert local(a_period("-15M", None, MINUTE, now=now))[:2] == ("2021-08-25 12:50:06",) * 2


def test_explicit_dates_are_kept_as_they_are() -> None:
    period = a_period("2021-02-25T12:25:23Z", "2021-04-25T10:59:23Z", explicit=True)
    assert local(period) == ("2021-02-25 12:25:23", "2021-02-25 12:25:23", "2021-04-25 10:59:23")
    assert (period.days[0], period.days[-1]) == ("2021-02-25", "2021-04-25")
    weekly = a_period("-7d", None, WEEK, now="2021-08-25 13:05:06", explicit=True)
    assert local(weekly) == ("2021-08-18 13:05:06", "2021-08-18 13:05:06", "2021-08-25 13:05:06")


def test_one_bold_number_is_exact_at_relative_and_missing_ends() -> None:
    period = a_period("-7d", now="2021-08-25 13:05:06", exact=True)
    assert local(period) == ("2021-08-18 13:05:06", "2021-08-18 13:05:06", "2021-08-25 13:05:06")
    assert (period.date_to - period.lower).total_seconds() == 168 * 3600
    assert local(a_period("-7d", "-1d", now="2021-08-25 13:05:06", exact=True))[2] == "2021-08-24 13:05:06"
    absolute = a_period("2021-08-01", "2021-08-03", now="2021-08-25 13:05:06", exact=True)
    assert local(absolute) == ("2021-08-01 00:00:00", "2021-08-01 00:00:00", "2021-08-03 23:59:59.999999")


def test_all_starts_at_the_earliest_event_or_by_default_where_there_is_none() -> None:
    period = a_period("all", None, MONTH, now="2020-04-30", earliest=at("2020-01-01"))
    assert period.days == ("2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01")
    assert local(a_period("all", earliest=at("2021-08-24 10:20")))[:2] == (
        "2021-08-24 00:00:00",
        "2021-08-24 10:20:00",
    )
    assert a_period("all") == a_period("-7d")
    with pytest.raises(UnreadableDate) as caught:
        a_period("-7d", "all")
    assert caught.value.attr == "date_to"


# Buckets and their names


def test_the_default_is_eight_days() -> None:
    period = a_period()
    assert period.days == (
        *("2021-08-18", "2021-08-19", "2021-08-20", "2021-08-21"),
        *("2021-08-22", "2021-08-23", "2021-08-24", "2021-08-25"),
    )
    assert period.labels[0] == "18-Aug-2021"
    assert period.starts[0] == at("2021-08-18")


def test_one_day_by_the_hour_is_one_bucket() -> None:
    period = a_period("2020-01-09", "2020-01-09", HOUR)
    assert (period.days, period.labels) == (("2020-01-09 00:00:00",), ("9-Jan 00:00",))


@pytest.mark.parametrize(
    ("date_from", "date_to", "interval", "now", "buckets"),
    [
        ("-24h", None, HOUR, "2020-01-03 13:05:01", (25, "2020-01-02 13:00:00", "2020-01-03 13:00:00")),
        ("-1d", None, HOUR, "2020-01-03 13:05:01", (38, "2020-01-02 00:00:00", "2020-01-03 13:00:00")),
        ("-3d", None, DAY, "2020-01-03 13:05:01", (4, "2019-12-31", "2020-01-03")),
        ("-2w", None, WEEK, "2020-01-03 13:05:01", (3, "2019-12-15", "2019-12-29")),
        ("-2m", None, MONTH, "2020-01-03 13:05:01", (3, "2019-11-01", "2020-01-01")),
        ("-20h", None, DAY, "2021-08-25", (2, "2021-08-24", "2021-08-25")),
        ("-3h", None, HOUR, "2021-08-25", (4, "2021-08-24 21:00:00", "2021-08-25 00:00:00")),
        ("-50d", None, MONTH, "2021-08-25", (2, "2021-07-01", "2021-08-01")),
        ("-15M", None, MINUTE, "2021-08-25 13:05:06", (16, "2021-08-25 12:50:00", "2021-08-25 13:05:00")),
        ("-2M", "-1M", MINUTE, "2021-08-25", (2, "2021-08-24 23:58:00", "2021-08-24 23:59:00")),
        ("-14d", None, DAY, "2020-11-14 10:20", (15, "2020-10-31", "2020-11-14")),
        ("dStart", None, DAY, "2020-11-01 10:20", (1, "2020-11-01", "2020-11-01")),
        ("-1d", "-1d", DAY, "2020-11-02 10:20", (1, "2020-11-01", "2020-11-01")),
        ("yStart", None, MONTH, "2020-04-30", (4, "2020-01-01", "2020-04-01")),
        ("2019-12-29", "2020-01-05", DAY, "2021-08-25", (8, "2019-12-29", "2020-01-05")),
    ],
)
def test_the_buckets(date_from: str, date_to: str, interval: Interval, now: str, buckets: tuple[int, str, str]) -> None:
    assert days_of(a_period(date_from, date_to, interval, now=now)) == buckets


def test_weeks_start_on_sunday_or_monday() -> None:
    assert a_period("-20d", None, WEEK).days == ("2021-08-01", "2021-08-08", "2021-08-15", "2021-08-22")
    monday = a_period("-20d", None, WEEK, week_start=1)
    assert monday.days == ("2021-08-02", "2021-08-09", "2021-08-16", "2021-08-23")


def test_weeks_are_labelled_by_what_of_them_is_in_the_range() -> None:
    period = a_period("2020-10-29", "2020-11-24", WEEK)
    assert period.days == ("2020-10-25", "2020-11-01", "2020-11-08", "2020-11-15", "2020-11-22")
    assert period.labels == ("29–31 Oct", "1–7 Nov", "8–14 Nov", "15–21 Nov", "22–24 Nov")
    relative = a_period("-30d", None, WEEK, now="2020-11-30 10:20")
    assert (relative.days[0], relative.days[-1]) == ("2020-10-25", "2020-11-29")
    assert relative.labels == ("31-Oct-2020", "1–7 Nov", "8–14 Nov", "15–21 Nov", "22–28 Nov", "29–30 Nov")
    assert a_period("2019-11-24", None, WEEK, now="2020-01-02").labels == (
        *("24–30 Nov", "1–7 Dec", "8–14 Dec", "15–21 Dec", "22–28 Dec", "29-Dec-2019 – 2-Jan-2020"),
    )
    assert a_period("2020-11-30", "2020-12-06", WEEK, week_start=1).labels == ("30-Nov – 6-Dec",)
    assert a_period("2019-12-29", "2020-01-04", WEEK).labels == ("29-Dec-2019 – 4-Jan-2020",)


def test_months_are_labelled_by_name() -> None:
    period = a_period("2019-9-24", None, MONTH, now="2020-01-02")
    assert period.labels == ("Sep 2019", "Oct 2019", "Nov 2019", "Dec 2019", "Jan 2020")


def test_buckets_are_those_of_the_projects_zone() -> None:
    weekly = a_period("-30d", None, WEEK, now="2022-11-30 13:01:01", zone="US/Pacific")
    assert weekly.days == ("2022-10-30", "2022-11-06", "2022-11-13", "2022-11-20", "2022-11-27")
    assert weekly.starts[:2] == (at("2022-10-30 07:00"), at("2022-11-06 07:00"))
    assert weekly.starts[2] == at("2022-11-13 08:00")
    monthly = a_period("2020-01-01", "2020-03-07", MONTH, zone="US/Pacific")
    assert monthly.days == ("2020-01-01", "2020-02-01", "2020-03-01")
    for zone in ("UTC", "Asia/Tokyo", "America/Phoenix"):
        hourly = a_period("2020-01-03", "2020-01-03 23:59:59", HOUR, zone=zone)
        assert (len(hourly.days), hourly.days[17]) == (24, "2020-01-03 17:00:00")


def test_a_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    spring = a_period("2020-03-29", "2020-03-29 23:59:59", HOUR, zone="Europe/Berlin")
    assert [day[11:13] for day in spring.days] == [f"{hour:02}" for hour in range(24) if hour != 2]
    autumn = a_period("2020-10-25", "2020-10-25 23:59:59", HOUR, zone="Europe/Berlin")
    assert [day[11:13] for day in autumn.days] == [f"{hour:02}" for hour in sorted([2, *range(24)])]
    assert autumn.starts[2:4] == (at("2020-10-25 00:00"), at("2020-10-25 01:00"))


def test_where_midnight_does_not_exist_the_day_starts_with_its_first_instant() -> None:
    period = a_period("2018-11-03", "2018-11-05", zone="America/Sao_Paulo")
    assert period.days == ("2018-11-03", "2018-11-04", "2018-11-05")
    assert period.starts == (at("2018-11-03 03:00"), at("2018-11-04 03:00"), at("2018-11-05 02:00"))
    toronto = a_period("1919-03-30", "1919-03-31", zone="America/Toronto")  # from 23:30 to 0:30
    assert toronto.starts == (at("1919-03-30 05:00"), at("1919-03-31 04:30"))


def test_a_day_that_a_zone_skipped_is_no_bucket() -> None:
    days = a_period("2011-12-29", "2011-12-31", zone="Pacific/Apia").days
    assert days == ("2011-12-29", "2011-12-31")


def test_clocks_that_change_by_half_an_hour_make_a_short_and_a_long_hour() -> None:
    spring = a_period("2020-10-04 01:00", "2020-10-04 03:00", HOUR, zone="Australia/Lord_Howe")
    assert [day[11:16] for day in spring.days] == ["01:00", "02:00", "03:00"]
    assert spring.starts == (at("2020-10-03 14:30"), at("2020-10-03 15:30"), at("2020-10-03 16:00"))
    autumn = a_period("2020-04-05 01:00", "2020-04-05 02:00", HOUR, zone="Australia/Lord_Howe")
    assert [day[11:16] for day in autumn.days] == ["01:00", "02:00"]
    assert autumn.starts == (at("2020-04-04 14:00"), at("2020-04-04 15:30"))


def test_a_range_that_ends_before_it_starts_has_no_buckets() -> None:
    period = a_period("2021-08-25", "2021-08-20")
    assert (period.starts, period.days, period.labels) == ((), (), ())
    assert previous(period).days == ()


def test_too_many_buckets_is_an_error_that_names_the_limit() -> None:
    for interval, date_from in ((MINUTE, "-1y"), (HOUR, "-10y"), (DAY, "1900-01-01")):
        with pytest.raises(InvalidInput, match=str(MAX_BUCKETS)) as caught:
            a_period(date_from, None, interval)
        assert caught.value.attr == "date_from"
    assert len(a_period("1970-01-01").days) > 18_000


# The period before


def test_whole_weeks_to_now_go_back_by_as_many_days_so_that_weekdays_align() -> None:
    current = a_period("-7d", now="2020-01-04 13:00:01")
    assert days_of(current) == (8, "2019-12-28", "2020-01-04")
    assert days_of(previous(current)) == (8, "2019-12-21", "2019-12-28")
    assert local(previous(current))[0] == "2019-12-21 00:00:00"
    assert local(previous(current))[2] == "2019-12-28 23:59:59.999999"
    assert previous(a_period(None, now="2020-01-04 13:00:01")) == previous(current)
    ended = a_period("-7d", "dEnd", now="2020-01-04 13:00:01")
    assert days_of(previous(ended)) == (8, "2019-12-20", "2019-12-27")
    assert days_of(previous(a_period("-3d", now="2020-01-04"))) == (4, "2019-12-28", "2019-12-31")


def test_the_days_before_end_where_the_days_start() -> None:
    current = a_period("-1dStart", now="2020-01-04")
    assert days_of(current) == (2, "2020-01-03", "2020-01-04")
    assert days_of(previous(current)) == (2, "2020-01-01", "2020-01-02")
    one_day = a_period("2020-01-02", now="2020-01-02 20:17")
    assert (one_day.days, previous(one_day).days) == (("2020-01-02",), ("2020-01-01",))


def test_hours_compare_with_the_same_hours() -> None:
    day = previous(a_period("-24h", None, HOUR, now="2020-01-03 13:05:01"))
    assert days_of(day) == (25, "2020-01-01 13:00:00", "2020-01-02 13:00:00")
    few = previous(a_period("-3h", None, HOUR, now="2020-01-03 13:05:01"))
    assert days_of(few) == (4, "2020-01-02 10:00:00", "2020-01-02 13:00:00")


def test_minutes_compare_with_the_minutes_just_before() -> None:
    current = a_period("-15M", None, MINUTE, now="2020-01-03 13:05:06")
    assert days_of(current) == (16, "2020-01-03 12:50:00", "2020-01-03 13:05:00")
    assert days_of(previous(current)) == (17, "2020-01-03 12:34:00", "2020-01-03 12:50:00")
    assert previous(current).date_to == current.date_from
    assert previous(current).date_to - previous(current).date_from == current.date_to - current.date_from


def test_one_bold_number_compares_168_hours_with_the_168_before() -> None:
    current = a_period("-7d", now="2021-08-25 13:05:06", exact=True)
    assert local(previous(current)) == (*("2021-08-11 13:05:06", "2021-08-11 13:05:06", "2021-08-18 13:05:06"),)


@pytest.mark.parametrize(
    ("compare_to", "friendly", "first", "last"),
    [
        ("-1w", False, "2020-01-08", "2020-01-12"),
        ("-2d", False, "2020-01-13", "2020-01-17"),
        ("-1m", False, "2019-12-15", "2019-12-19"),
        ("-1y", False, "2019-01-15", "2019-01-19"),
        ("-1m", True, "2019-12-18", "2019-12-22"),
        ("-2m", True, "2019-11-20", "2019-11-24"),
        ("-1y", True, "2019-01-16", "2019-01-20"),
    ],
)
def test_the_period_to_compare_with_can_be_chosen(compare_to: str, friendly: bool, first: str, last: str) -> None:
    current = a_period("2020-01-15", "2020-01-19")
    compared = previous(current, compare_to, human_friendly=friendly)
    assert days_of(compared) == (5, first, last)
    assert local(compared)[2] == f"{last} 23:59:59.999999"


def test_the_period_before_has_the_same_wall_times_across_a_change_of_clocks() -> None:
    current = a_period("2020-03-29", "2020-03-30", zone="Europe/Berlin")
    assert days_of(previous(current)) == (2, "2020-03-27", "2020-03-28")
    assert local(previous(current))[2] == "2020-03-28 23:59:59.999999"
    # Beirut's Saturday ended at its second 24:00, and that is the end of the week before as well.
    beirut = previous(a_period("2020-10-31", "2020-10-31", zone="Asia/Beirut"), "-1w")
    assert beirut.date_to == at("2020-10-24 21:59:59.999999")


def test_a_period_before_that_is_out_of_reach_is_an_error() -> None:
    current = a_period("0020-01-01", "0029-12-31", MONTH)
    assert previous(current).days[0] == "0009-12-01"
    for years in (("0003-01-01", "0007-12-31"), ("0008-01-01", "0013-12-31")):
        with pytest.raises(UnreadableDate) as caught:
            previous(a_period(*years, MONTH))
        assert caught.value.attr == "date_from"
    for compare_to in ("-2000y", "-99999y", "soon"):
        with pytest.raises(UnreadableDate) as caught:
            previous(current, compare_to)
        assert caught.value.attr == "compare_to"
