"""From the bytes of a capture request to a JSON value: forms, base64, gzip, lz-string and their mixtures."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from ..domain.capture import CaptureRejected
from ..domain.capture_v1 import V1Rejected
from ..domain.events import JsonValue
from .inflation import INFLATE, CorruptData, TooLarge, gunzip
from .json_text import InvalidJson, holds_nul, parse_json
from .lz_string import TooLong, decompress_from_base64

MAX_SIZE = 20 * 1024 * 1024
"""Bytes of a request, compressed and not."""

_GZIP_MAGIC = b"\x1f\x8b\x08"
_PREFIX = 128
_BASE64_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_FORM_TYPE = "application/x-www-form-urlencoded"
_FORM_FIELDS = (b"data=", b"_=", b"ip=", b"compression=")
_MAX_FIELDS = 100
_TWICE_ENCODED_PATHS: Final = frozenset({"/e", "/capture", "/engage", "/track"})
_COMPRESSIONS: Final = {
    "gzip": "gzip",
    "gzip-js": "gzip",
    "lz64": "lz64",
    "lz-string": "lz64",
    "base64": "base64",
    "b64": "base64",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request's JSON value, and whether some text in it may hold a NUL."""

    payload: JsonValue
    holds_nul: bool


def decode(raw: bytes, *, query: Mapping[str, str], content_type: str, content_encoding: str, path: str) -> Decoded:
    """Undo whatever a client of the classic protocol did to its JSON; `raw` is the body, "" an absent header.

    Raises CaptureRejected: 400 for what cannot be read, 413 for more than MAX_SIZE before or after inflating.
    """
    raw = _unquoted(query.get("data", "")) or raw
    if not raw:
        raise CaptureRejected(400, "request missing data payload")
    if len(raw) > MAX_SIZE:
        raise _too_large()
    hint = _hint(query.get("compression", ""))
    if content_type == _FORM_TYPE:
        raw, form_hint = _read_form(raw, hint)
        hint = hint or form_hint
    text = _inflate(raw, hint or _hint(content_encoding))
    if path.rstrip("/") in _TWICE_ENCODED_PATHS and (inner := _from_base64(text)) is not None:
        text = _gunzip(inner) if inner.startswith(_GZIP_MAGIC) else inner
    try:
        return Decoded(parse_json(text), holds_nul(text))
    except InvalidJson as error:
        raise CaptureRejected(400, f"failed to parse request: {error}") from error
    except UnicodeDecodeError as error:
        raise _undecodable("invalid UTF8 in request payload") from error


def decode_v1(raw: bytes, *, content_encoding: str) -> Decoded:
    """Undo the Content-Encoding (gzip, deflate, br, zstd or none) of a v1 request. Raises V1Rejected."""
    if not raw:
        raise V1Rejected(400, "empty_body", "The request has no body.")
    encoding = content_encoding.strip().lower() or "identity"
    if encoding != "identity" and encoding not in INFLATE:
        raise V1Rejected(415, "unsupported_encoding", "The content encoding must be gzip, deflate, br or zstd.")
    try:
        if len(raw) > MAX_SIZE:
            raise TooLarge
        text = raw if encoding == "identity" else INFLATE[encoding](raw, MAX_SIZE)
        return Decoded(parse_json(text), holds_nul(text))
    except TooLarge as error:
        raise V1Rejected(413, "payload_too_large", f"The body is larger than {MAX_SIZE} bytes.") from error
    except CorruptData as error:
        raise V1Rejected(400, "request_parsing_error", f"The body is not valid {encoding} data.") from error
    except (InvalidJson, UnicodeDecodeError) as error:
        raise V1Rejected(400, "request_parsing_error", f"The body is not valid JSON: {error}.") from error


def _hint(name: str) -> str:
    """gzip, lz64, base64 or "". Names that mean nothing here are ignored, as PostHog ignores them."""
    return _COMPRESSIONS.get(name.strip().lower(), "")


def _read_form(raw: bytes, hint: str) -> tuple[bytes, str]:
    """The form's `data` and its compression hint."""
    if not _looks_like_form(raw):
        # A form that is base64 as a whole is looked into; anything else is refused, base64 or not.
        inner = None if hint == "lz64" else _from_base64(raw)
        if inner is None or not _looks_like_form(inner):
            raise _undecodable("expected form data in POST request payload")
        raw = inner
    try:
        fields = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # not UTF-8, or too many fields
        raise _undecodable("invalid form data") from error
    data = _unquoted(fields.get("data", [""])[0])
    if not data:
        raise CaptureRejected(400, "request missing data payload")
    return data, _hint(fields.get("compression", [""])[0])


def _unquoted(data: str) -> bytes:
    """A value out of a URL or form. In base64 a blank there was a "+" that the client did not quote."""
    raw = data.encode(errors="replace")
    return raw.replace(b" ", b"+") if _in_base64_letters(raw[:_PREFIX].replace(b" ", b"")) else raw


def _looks_like_form(raw: bytes) -> bool:
    start = raw[:_PREFIX]
    return start.startswith(_FORM_FIELDS) or any(b"&" + field in start for field in _FORM_FIELDS)


def _inflate(raw: bytes, hint: str) -> bytes:
    if hint == "lz64":
        return _from_lz64(raw)
    if not raw.startswith(_GZIP_MAGIC):
        inner = _from_base64(raw)
        if inner is None and hint == "base64":
            raise _undecodable("invalid base64 data")
        raw = raw if inner is None else inner
    if hint == "gzip" or raw.startswith(_GZIP_MAGIC):
        return _gunzip(raw)
    return raw


def _from_base64(raw: bytes) -> bytes | None:
    """The bytes behind likely base64, or None."""
    if len(raw) % 4 or not _in_base64_letters(raw[:_PREFIX]):
        return None
    try:
        return b64decode(raw, validate=True)
    except Base64Error:
        return None


def _in_base64_letters(start: bytes) -> bool:
    return bool(start) and not start.translate(None, _BASE64_BYTES)


def _from_lz64(raw: bytes) -> bytes:
    try:
        text = decompress_from_base64(raw.decode("ascii"), MAX_SIZE)
    except TooLong as error:
        raise _too_large() from error
    except ValueError as error:
        raise _undecodable("invalid LZ64 data") from error
    inflated = text.encode()
    if len(inflated) > MAX_SIZE:
        raise _too_large()
    return inflated


def _gunzip(raw: bytes) -> bytes:
    try:
        return gunzip(raw, MAX_SIZE)
    except TooLarge as error:
        raise _too_large() from error
    except CorruptData as error:
        raise _undecodable("invalid GZIP data") from error


def _undecodable(reason: str) -> CaptureRejected:
    return CaptureRejected(400, f"failed to decode request: {reason}")


def _too_large() -> CaptureRejected:
    return CaptureRejected(413, f"maximum event size exceeded: {MAX_SIZE} bytes")
