"""Reading and correcting event times."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hedgerow.domain.timestamps import EPOCH, corrected, iso_text, parse_rfc3339, parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
AT = datetime(2025, 9, 17, 14, 5, 4, tzinfo=UTC)
MIDNIGHT = datetime(2025, 9, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-09-17T14:05:04Z", AT),
        ("2025-09-17t14:05:04z", AT),
        ("2025-09-17T16:05:04+02:00", AT),
        ("2025-09-17T17:05:04.000+03", AT),
        ("2025-09-17T14:05:04.123456789Z", AT.replace(microsecond=123456)),
        ("2025-09-17 14:05:04", AT),
        ("2025-09-17T14:05:04", AT),
        (" 2025-09-17T14:05:04Z ", AT),
        ("2025-09-17", MIDNIGHT),
        ("2025/09/17", MIDNIGHT),
        ("2025/09/17 14:05:04", AT),
        ("09/17/2025", MIDNIGHT),
        ("9/17/2025 14:05:04", AT),
        ("Wed, 17 Sep 2025 16:05:04 +0200", AT),
        ("Wed, 17 Sep 2025 14:05:04 GMT", AT),
        ("1758117904", AT),
        ("1758117904.25", AT.replace(microsecond=250_000)),
        ("1758117904000", AT),
    ],
)
def test_it_reads_every_format_that_clients_write(text: str, expected: datetime) -> None:
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize("text", ["garbage", "", "2025-13-01", "12345-01-01", "9" * 400, "٢٠٢٥", "-", "//"])
def test_an_unreadable_time_is_none(text: str) -> None:
    assert parse_timestamp(text) is None


@given(st.text())
def test_reading_never_raises_and_gives_utc(text: str) -> None:
    for read in (parse_timestamp, parse_rfc3339):
        at = read(text)
        assert at is None or at.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(1000, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_a_time_with_any_offset_is_read_back_as_the_same_instant(local: datetime, minutes: int) -> None:
    at = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_timestamp(at.isoformat()) == parse_rfc3339(at.isoformat()) == at


@pytest.mark.parametrize(
    ("sent_at", "text", "expected"),
    [
        ("12:00:05", "11:59:55", "11:59:50"),
        ("11:59:50", "11:00:00", "11:00:10"),
        ("13:00:00", "12:59:50", "11:59:50"),  # case 51: the client's clock is an hour ahead
        ("12:00:00", "11:00:00", "11:00:00"),
    ],
)
def test_a_wrong_clock_is_corrected_by_the_time_of_sending(sent_at: str, text: str, expected: str) -> None:
    day = "2026-11-23T"
    at = corrected(f"{day}{text}Z", now=NOW, sent_at=datetime.fromisoformat(f"{day}{sent_at}Z"))
    assert at == datetime.fromisoformat(f"{day}{expected}Z")


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [
        (timedelta(hours=22), True),
        (timedelta(hours=23), True),
        (timedelta(hours=23, microseconds=1), False),
        (timedelta(hours=24), False),
    ],
)
def test_case_55_a_time_more_than_23_hours_ahead_becomes_now(ahead: timedelta, kept: bool) -> None:
    assert corrected((NOW + ahead).isoformat(), now=NOW) == (NOW + ahead if kept else NOW)


@pytest.mark.parametrize("text", [None, "", "garbage"])
def test_case_56_an_absent_or_unreadable_time_becomes_now(text: str | None) -> None:
    assert corrected(text, now=NOW, sent_at=NOW + timedelta(hours=5)) == NOW


def test_case_56_an_offset_overrides_the_time() -> None:
    assert corrected("2020-01-01T00:00:00Z", now=NOW, offset_ms=5000) == NOW - timedelta(seconds=5)
    assert corrected(None, now=NOW, offset_ms=5000) == NOW - timedelta(seconds=5)


def test_a_time_before_the_calendar_becomes_1970_and_one_after_it_now() -> None:
    assert corrected(None, now=NOW, offset_ms=2**62) == EPOCH
    assert corrected(None, now=NOW, offset_ms=-(2**62)) == NOW
    assert corrected("0001-01-01", now=NOW, sent_at=NOW + timedelta(days=1)) == EPOCH
    assert corrected("9999-12-31", now=NOW, sent_at=NOW - timedelta(days=1)) == NOW


def test_old_times_are_kept() -> None:
    assert corrected("1999-01-01", now=NOW) == datetime(1999, 1, 1, tzinfo=UTC)


@given(
    st.one_of(st.none(), st.text(), st.datetimes().map(str)),
    st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
)
def test_a_corrected_time_is_never_far_ahead(text: str | None, sent_at: datetime | None, offset: int | None) -> None:
    assert corrected(text, now=NOW, sent_at=sent_at, offset_ms=offset) - NOW <= timedelta(hours=23)


@pytest.mark.parametrize(
    "text",
    [
        "2025-09-17T14:05:04Z",
        "2025-09-17t14:05:04z",
        "2025-09-17 16:05:04+02:00",
        "2025-09-17T14:05:04.0-00:00",
    ],
)
def test_rfc_3339_is_read(text: str) -> None:
    assert parse_rfc3339(text) == AT


@pytest.mark.parametrize(
    "text",
    [
        "2025-09-17",
        "2025-09-17T14:05Z",
        "2025-09-17T14:05:04",
        "2025-09-17T17:05:04+03",
        "2025-09-17T14:05:04,5Z",
        "2025-09-17x14:05:04Z",
        "20250917T140504+00:00",
        "1758117904000",
        "2025-09-17T14:05:61Z",
        "",
    ],
)
def test_what_is_not_strictly_rfc_3339_is_none(text: str) -> None:
    assert parse_rfc3339(text) is None


def test_times_are_written_as_javascript_does() -> None:
    assert iso_text(AT.replace(microsecond=714_999)) == "2025-09-17T14:05:04.714Z"
