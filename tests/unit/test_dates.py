"""Dates as a query says them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hedgerow.domain.dates import ReadDate, UnreadableDate, read_date
from hedgerow.domain.localtime import Calendar

NOW = datetime(2021, 8, 25, 13, 5, 6, 700, tzinfo=UTC)  # a Wednesday
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
SAO_PAULO = Calendar(ZoneInfo("America/Sao_Paulo"))
PARIS_MONDAY = Calendar(ZoneInfo("Europe/Paris"), week_start=1)
UTC_SUNDAY = Calendar(ZoneInfo("UTC"))


def read(text: str, calendar: Calendar = UTC_SUNDAY, now: datetime = NOW) -> ReadDate:
    return read_date(text, now, calendar, "date_from")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-01-09", "2020-01-09T00:00:00"),
        ("2020-6-01", "2020-06-01T00:00:00"),
        ("2020-6-1", "2020-06-01T00:00:00"),
        ("2020-01-01 10:20:30", "2020-01-01T10:20:30"),
        ("2020-01-01T10:20", "2020-01-01T10:20:00"),
        ("2020-01-01T10:20:30.123456", "2020-01-01T10:20:30.123456"),
        ("2020-01-01T10:20:30Z", "2020-01-01T10:20:30"),
        ("2020-01-01T10:20:30.5+02:00", "2020-01-01T08:20:30.500000"),
        ("2020-01-01 00:00:00-0330", "2020-01-01T03:30:00"),
    ],
)
def test_it_reads_iso(text: str, expected: str) -> None:
    assert read(text) == ReadDate(at(expected))
    assert not read(text).relative


def test_a_time_without_offset_is_the_projects_and_one_with_offset_is_not() -> None:
    assert read("2020-07-01", BERLIN).at == at("2020-06-30T22:00:00")
    assert read("2020-01-01 00:00", BERLIN).at == at("2019-12-31T23:00:00")
    assert read("2020-01-01T00:00:00Z", BERLIN).at == at("2020-01-01T00:00:00")


def test_a_time_that_clocks_jump_over_is_the_first_instant_after_and_one_that_comes_twice_the_first() -> None:
    assert read("2020-03-29 02:30", BERLIN).at == at("2020-03-29T01:00:00")
    assert read("2018-11-04", SAO_PAULO).at == at("2018-11-04T03:00:00")
    assert read("2020-10-25 02:30", BERLIN).at == at("2020-10-25T00:30:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-24h", "2021-08-24T13:05:06.000700"),
        ("24h", "2021-08-24T13:05:06.000700"),
        ("-15M", "2021-08-25T12:50:06.000700"),
        ("-60s", "2021-08-25T13:04:06.000700"),
        ("-7d", "2021-08-18T13:05:06.000700"),
        ("-2w", "2021-08-11T13:05:06.000700"),
        ("-3m", "2021-05-25T13:05:06.000700"),
        ("-6m", "2021-02-25T13:05:06.000700"),
        ("-1q", "2021-05-26T13:05:06.000700"),
        ("-1y", "2020-08-25T13:05:06.000700"),
        ("d", "2021-08-25T13:05:06.000700"),
        ("sStart", "2021-08-25T13:05:06"),
        ("MStart", "2021-08-25T13:05:00"),
        ("hStart", "2021-08-25T13:00:00"),
        ("hEnd", "2021-08-25T13:59:59.999999"),
        ("-1hStart", "2021-08-25T12:00:00"),
        ("dStart", "2021-08-25T00:00:00"),
        ("dEnd", "2021-08-25T23:59:59.999999"),
        ("-1dStart", "2021-08-24T00:00:00"),
        ("-1dEnd", "2021-08-24T23:59:59.999999"),
        ("wStart", "2021-08-22T00:00:00"),
        ("-1wEnd", "2021-08-21T23:59:59.999999"),
        ("mStart", "2021-08-01T00:00:00"),
        ("-1mStart", "2021-07-01T00:00:00"),
        ("mEnd", "2021-08-31T23:59:59.999999"),
        ("-6mEnd", "2021-02-28T23:59:59.999999"),
        ("qStart", "2021-07-01T00:00:00"),
        ("-1qStart", "2021-04-01T00:00:00"),
        ("-1qEnd", "2021-06-30T23:59:59.999999"),
        ("yStart", "2021-01-01T00:00:00"),
        ("-1yStart", "2020-01-01T00:00:00"),
        ("yEnd", "2021-12-31T23:59:59.999999"),
        ("-1yEnd", "2020-12-31T23:59:59.999999"),
    ],
)
def test_it_reads_relative_dates(text: str, expected: str) -> None:
    assert read(text).at == at(expected)
    assert read(text).relative


def test_a_day_that_the_month_does_not_have_is_the_months_last() -> None:
    assert read("-1m", now=at("2021-03-31T10:00:00")).at == at("2021-02-28T10:00:00")
    assert read("-1y", now=at("2020-02-29T10:00:00")).at == at("2019-02-28T10:00:00")
    assert read("-1qStart", now=at("2021-12-31T10:00:00")).at == at("2021-07-01T00:00:00")


def test_weeks_start_on_the_projects_day() -> None:
    assert read("wStart", PARIS_MONDAY).at == at("2021-08-22T22:00:00")


def test_days_keep_the_wall_time_across_a_change_of_clocks_and_hours_are_elapsed() -> None:
    now = at("2020-03-29T12:00:00")  # 14:00 in Berlin, whose clocks went forward that night
    assert read("-1d", BERLIN, now).at == at("2020-03-28T13:00:00")
    assert read("-24h", BERLIN, now).at == at("2020-03-28T12:00:00")


def test_the_hour_that_comes_twice_ends_when_it_does_and_so_does_the_day() -> None:
    now = at("2020-10-25T00:30:00")  # the first 2:30
    assert read("hEnd", BERLIN, now).at == at("2020-10-25T00:59:59.999999")
    beirut = Calendar(ZoneInfo("Asia/Beirut"))  # Saturday's 23:00 to 24:00 came twice
    assert read("dEnd", beirut, at("2020-10-24T20:30:00")).at == at("2020-10-24T21:59:59.999999")


def test_friendly_months_and_years_are_whole_weeks() -> None:
    def friendly(text: str) -> datetime:
        return read_date(text, NOW, UTC_SUNDAY, "compare_to", months_as_weeks=True).at

    assert friendly("-2m") == read("-8w").at
    assert friendly("-2y") == read("-104w").at
    assert friendly("-1w") == read("-1w").at


@pytest.mark.parametrize(
    "text",
    [
        *("", "d7", "-7", "--7d", "+7d", "- 7d", "7 d", "-7D", "-7day", "last week", "-1.5d", "-7dstart"),
        *("xx-7d", "-7d\n", "all", "null", "-７d", "２０２０-01-01", "2020", "2020-13-01", "2020-02-30"),
        *("20-01-01", "2020-01-01T", "2020-01-01x10:00", "2020-01-01T1:00", "2020-01-01T24:00"),
        *("2020-01-01T10:00:00+25:00", "10000-01-01", "0000-01-01", "0001-01-01", "9999-12-31"),
        *("-9999y", "-999999999d", "-999999999h", "-999999999m", "-" + "9" * 5000 + "d"),
    ],
)
def test_anything_else_is_an_error_that_names_the_parameter(text: str) -> None:
    with pytest.raises(UnreadableDate) as caught:
        read_date(text, NOW, BERLIN, "date_to")
    assert caught.value.attr == "date_to"
    assert len(caught.value.detail) < 200
