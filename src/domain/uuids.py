"""Event uuids: reading a client's and making one."""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID, SafeUUID

from .timestamps import EPOCH

_new, _set = object.__new__, object.__setattr__
_UNKNOWN = SafeUUID.unknown


def parse_uuid(text: str) -> UUID | None:
    """Read a uuid of 36 characters with hyphens or 32 without, in any case; None for any other text."""
    if len(text) == 36 and text[8:24:5] == "----":
        text = text.replace("-", "")
    if len(text) != 32:
        return None
    try:
        # fromhex, because int(…, 16) also takes signs, blanks, "0x" and underscores.
        digits = bytes.fromhex(text)
    except ValueError:
        return None
    return _uuid(int.from_bytes(digits)) if len(digits) == 16 else None


def known_uuid(text: str) -> UUID:
    """Read a uuid that was written by us, with hyphens or without, in a third of the time that `UUID` takes."""
    return _uuid(int(text.replace("-", ""), 16))


def uuid7(at: datetime) -> UUID:
    """A new version 7 uuid (RFC 9562) with the time `at` in milliseconds; times before 1970 count as 1970."""
    milliseconds = max(0, int((at - EPOCH).total_seconds() * 1000))
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return _uuid(value)


def _uuid(value: int) -> UUID:
    # UUID's own constructor first sorts out its six kinds of argument, which takes three times as long.
    uuid = _new(UUID)
    _set(uuid, "int", value)
    _set(uuid, "is_safe", _UNKNOWN)
    return uuid
