"""JSON from strangers: parsed fast, with a bounded depth, and with errors worded as serde_json words them."""

from __future__ import annotations

import re
from typing import Final

import orjson

from ..domain.events import JsonValue

MAX_DEPTH = 128

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)|.)".replace(b"..", b"[0-9a-fA-F]{2}"),
    re.DOTALL,
)
_WRITER_DEPTH = 254
_REASONS: Final = (
    ("unexpected end of data", "EOF while parsing a value"),
    ("Input is a zero-length", "EOF while parsing a value"),
    ("unexpected content after document", "trailing characters"),
    ("unexpected control character", "control character (\\u0000-\\u001F) found while parsing a string"),
    ("trailing comma", "trailing comma"),
    ("number is infinity", "number out of range"),
    ("depth limit", "recursion limit exceeded"),
)


class InvalidJson(Exception):
    """The argument says what is wrong and where: `expected value at line 1 column 1`."""


def parse_json(raw: bytes) -> JsonValue:
    """The value of a JSON document in UTF-8; integers beyond 64 bits become floats.

    A lone surrogate becomes U+FFFD, since no text that is stored can hold one. Raises InvalidJson, also for
    NaN and for more than 128 levels, and UnicodeDecodeError.
    """
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raw.decode()
        value = _parse_with_surrogates(raw, error)
    if is_too_deep(raw, value):
        raise InvalidJson("recursion limit exceeded")
    return value


def is_too_deep(raw: bytes, value: JsonValue) -> bool:
    """Whether the value of a JSON document has more than 128 levels."""
    return raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _is_deep(value)


def holds_nul(raw: bytes) -> bool:
    """Whether a text in the JSON may hold a NUL, which JSON can only write as an escape."""
    return b"\\u0000" in raw


def _parse_with_surrogates(raw: bytes, error: orjson.JSONDecodeError) -> JsonValue:
    if "surrogate" not in error.msg:
        raise InvalidJson(_reason(error)) from error
    try:
        value: JsonValue = orjson.loads(_ESCAPE.sub(_replace_lone_surrogate, raw))
    except orjson.JSONDecodeError as other:
        raise InvalidJson(_reason(other)) from other
    return value


def _replace_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]


def _reason(error: orjson.JSONDecodeError) -> str:
    reason = next((ours for theirs, ours in _REASONS if error.msg.startswith(theirs)), "expected value")
    # serde counts to the last character read, orjson to the one it misses.
    column = error.colno - 1 if reason.startswith("EOF") else error.colno
    return f"{reason} at line {error.lineno} column {column}"


def _is_deep(value: JsonValue) -> bool:
    # orjson's writer stops at 254 levels and finds them several times faster than a loop in Python could.
    for _ in range(_WRITER_DEPTH - MAX_DEPTH):
        value = [value]
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return True
    return False
