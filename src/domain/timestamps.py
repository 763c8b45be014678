"""Event times: reading what clients write, and correcting for clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(hours=23)

_MILLISECONDS_FROM = 100_000_000_000  # as seconds this is the year 5138, as milliseconds it is 1973
_SLASH_FORMATS = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")


def corrected(
    text: str | None, *, now: datetime, sent_at: datetime | None = None, offset_ms: int | None = None
) -> datetime:
    """When the event happened by the server's clock, as aware UTC; PostHog's rules of clock skew.

    `text` is the client's own time, `sent_at` the client's time of sending (None: no correction),
    `offset_ms` how long before `now` it happened, which overrides `text`. An absent or unreadable time is
    `now`, and so is one more than 23 hours ahead. A time outside the calendar is 1970-01-01.
    """
    at = parse_timestamp(text) if text and offset_ms is None else None
    try:
        if offset_ms is not None:
            at = now - timedelta(milliseconds=offset_ms)
        elif at is None:
            return now
        elif sent_at is not None:
            at -= sent_at - now
    except OverflowError:
        ahead = offset_ms < 0 if offset_ms is not None else sent_at is not None and sent_at < now
        return now if ahead else EPOCH
    return now if at - now > MAX_AHEAD else at


def parse_timestamp(text: str) -> datetime | None:
    """Read a time as aware UTC, or None if it cannot be read.

    Reads ISO 8601 and RFC 3339 (also `+HH` offsets, dates alone as midnight, a blank for the `T`),
    dates with slashes, RFC 2822, and numbers of seconds or milliseconds since 1970. A time
    without a zone is UTC.
    """
    try:
        # A number of 13 digits could pass for a compact ISO time, so ISO goes first only behind a "YYYY-".
        if text[4:5] == "-":
            at = datetime.fromisoformat(text)
            return at if at.tzinfo is UTC else _as_utc(at)
    except (ValueError, OverflowError):
        pass
    try:
        return _parse_slowly(text.strip().upper())
    except (
        ValueError,
        TypeError,
        IndexError,
        OverflowError,
    ):  # parsedate_to_datetime raises all but the last
        return None


def parse_rfc3339(text: str) -> datetime | None:
    """Read a strict RFC 3339 date-time (seconds and offset required) as aware UTC, or None."""
    if len(text) < 20 or text[4] + text[7] + text[13] + text[16] != "--::" or text[10] not in "Tt ":
        return None
    if text[-1] not in "Zz" and (text[-3] != ":" or text[-6] not in "+-"):
        return None
    if "," in text:
        return None
    try:
        return _as_utc(datetime.fromisoformat(text.upper()))
    except (ValueError, OverflowError):
        return None


def from_milliseconds(milliseconds: int) -> datetime:
    """The time so many milliseconds after 1970, aware UTC. Raises OverflowError outside the calendar."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def iso_text(at: datetime) -> str:
    """The time as JavaScript writes it, in UTC and milliseconds: `2026-11-23T02:03:26.714Z`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _parse_slowly(text: str) -> datetime:
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        number = float(text)
        return from_milliseconds(round(number if number >= _MILLISECONDS_FROM else number * 1000))
    if text[4:5] == "-":
        return _as_utc(datetime.fromisoformat(text))
    if text[4:5] == "/" and text[:4].isdecimal():
        return _as_utc(datetime.fromisoformat(text.replace("/", "-", 2)))
    if "/" in text:
        return _parse_american(text)
    return _as_utc(parsedate_to_datetime(text))


def _parse_american(text: str) -> datetime:
    for pattern in _SLASH_FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(text)
