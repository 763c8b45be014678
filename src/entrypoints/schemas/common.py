"""What all schemas share: times, whole numbers in a query, cursors."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from ...domain.errors import InvalidInput
from ...domain.ports import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_INTEGER = 2**63 - 1


def instant(at: datetime) -> str:
    """ISO 8601 in UTC with `Z`; microseconds only when there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def whole_number(text: str | None, name: str, *, default: int, minimum: int, maximum: int = _MAX_INTEGER) -> int:
    """A whole number of a query string, `default` when absent or empty. Raises `InvalidInput` naming it."""
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        raise InvalidInput("A valid integer is required.", name)
    number = int(text)
    if number < minimum:
        raise InvalidInput(f"Ensure this value is greater than or equal to {minimum}.", name)
    if number > maximum:
        raise InvalidInput(f"Ensure this value is less than or equal to {maximum}.", name)
    return number


def write_cursor(position: Position) -> str:
    """A position as an opaque text for a URL."""
    microseconds = (position.created_at - _EPOCH) // timedelta(microseconds=1)
    text = f"{'b' if position.backward else 'f'}{microseconds}.{position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Position:
    """The position that a cursor names. Raises `InvalidInput`."""
    try:
        raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
        microseconds, _, row = raw[1:].partition(".")
        created_at = _EPOCH + timedelta(microseconds=int(microseconds))
        number = int(row)
    except (ValueError, OverflowError, binascii.Error):
        raise InvalidInput("Invalid cursor", "cursor") from None
    if raw[:1] not in "bf" or not raw or not 0 <= number <= _MAX_INTEGER:
        raise InvalidInput("Invalid cursor", "cursor")
    return Position(created_at, number, backward=raw.startswith("b"))
