"""How a text is read as a number or as an instant: what comparisons compare."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

# Also the syntax that stores must demand before they cast: casts accept `inf`, `nan`, `1_000` and more.
NUMBER_SYNTAX = r"[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*"
"""The whole text of a number, in a notation common to RE2, PostgreSQL and Python."""

_NUMBER = re.compile(NUMBER_SYNTAX)


def number_of(text: str) -> float | None:
    """The number a text writes, as a double, or None: plain decimal notation with an optional exponent.

    Surrounding spaces do not count. What is too large for a double is no number.
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if isfinite(number) else None


DATE_SYNTAX = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
"""A date without a time."""

ISO_SYNTAX = (
    rf"({DATE_SYNTAX})(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]+))?)?"
    r" ?(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?"
)
"""A date, perhaps with a time. Groups: the date, hour, minute, second, digits of the fraction, offset."""

_DATE = re.compile(DATE_SYNTAX)
_ISO = re.compile(ISO_SYNTAX)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT = datetime(1000, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


def instant_of(text: str, zone: ZoneInfo) -> datetime | None:
    """The instant, aware UTC to the microsecond, that a text names, or None. The first reading that fits:

    1. a number (`number_of`): unix seconds, rounded to microseconds;
    2. ISO: `2020-01-02`, midnight, or with a time, `2020-01-02T03:04`, `2020-01-02 03:04:05.678`, perhaps
       followed by `Z`, `+02`, `+0200` or `+02:00`; without that in `zone`. Digits after the sixth are cut;
    3. the first ten characters as a date.

    Surrounding spaces do not count. Instants lie in the years 1000 to 9999 of UTC.
    """
    if (number := number_of(text)) is not None:
        return _unix(number)
    text = text.strip(" \t\r\n")
    if instant := iso_instant(text, zone):
        return instant
    return iso_instant(text[:10], zone)


def iso_instant(text: str, zone: ZoneInfo) -> datetime | None:
    """The instant that a text names by the second reading of `instant_of` alone."""
    iso = _ISO.fullmatch(text)
    if iso is None:
        return None
    day, hour, minute, second, fraction, offset = iso.groups(default="")
    try:
        wall = datetime.combine(
            date.fromisoformat(day),
            time(int(hour or 0), int(minute or 0), int(second or 0), int(fraction[:6].ljust(6, "0"))),
        )
        instant = (wall - _offset(offset, wall, zone)).replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None
    return instant if instant >= FIRST_INSTANT else None


def is_date(text: str) -> bool:
    """Whether a text is a date without a time."""
    return _DATE.fullmatch(text) is not None


def _unix(seconds: float) -> datetime | None:
    try:
        instant = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return instant if instant >= FIRST_INSTANT else None


def _offset(text: str, wall: datetime, zone: ZoneInfo) -> timedelta:
    """The offset from UTC that a text names or, without one, the zone's.

    A wall time that comes twice is the later one, one that never comes is counted with the offset before the
    change: the smaller offset in both cases, as PostgreSQL and ICU (DuckDB) choose.
    """
    if not text:
        return min(wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if text == "Z":
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if text[0] == "-" else offset
