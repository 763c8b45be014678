"""From the bytes of a request to JSON."""

import gzip
import sys
import tracemalloc
import zlib
from base64 import b64encode
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus, urlencode

import brotli
import orjson
import pytest
from hedgerow.domain.capture import CaptureRejected
from hedgerow.domain.capture_v1 import V1Rejected
from hedgerow.entrypoints.decoding import MAX_SIZE, Decoded, decode, decode_v1
from hedgerow.entrypoints.json_text import MAX_DEPTH
from hedgerow.entrypoints.lz_string import TooLong, decompress_from_base64
from hypothesis import given
from hypothesis import strategies as st

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

EVENT = {
    "token": "phc_test",
    "event": "e1",
    "distinct_id": "u1",
    "uuid": "0190a0b0-0000-7000-8000-0000000000aa",
}
JSON = orjson.dumps(EVENT)
FORM = "application/x-www-form-urlencoded"
B64 = (
    "eyJ0b2tlbiI6InBoY190ZXN0IiwiZXZlbnQiOiJlMSIsImRpc3RpbmN0X2lkIjoidTEiLCJ1dWlkIjoiMDE5MGEwYjAtMDAwMC03"
    "MDAwLTgwMDAtMDAwMDAwMDAwMGFhIn0="
)
LZ64 = (
    "N4IgLg9g1gpgdiAXCADgCwMYH0wwM5ggA0IMAbvIcjAIzEgAmAlgU3BmFkw0iAK50SfPt14AGGgE4xAQzEAjMQFoxq5QHY1SgBxa1+tTJkgAvkA="
)
NODE_LZ64 = {  # made by lz-string 1.5.0
    "": "Q===",
    "a": "IZA=",
    "a" * 24: "IY18aQ==",
    '{"event":"e1","distinct_id":"u1","properties":{"name":"Zoë 日本 😀"}}': (
        "N4IgpgbmB2AuIC5wEYQBoQBMCWBnW20AxrAPraaIgCuqGADgE4D29YjBYuio0AhgFswVAFrMA1wAJAp6aAac0mBeDcAAeyAC+qoA"
    ),
    "ab" * 300: "IYI17SOrZ+6IcpqXrZj2u5/vQg4o0k8syi6q2m+uxhhoA===",
}
UNDECODABLE = "failed to decode request: "
UNREADABLE = "failed to parse request: "


def decoded(
    raw: bytes, *, query: dict[str, str] | None = None, type_: str = "", encoding: str = "", path: str = "/batch/"
) -> Decoded:
    return decode(raw, query=query or {}, content_type=type_, content_encoding=encoding, path=path)


def payload(raw: bytes, **context: Any) -> Any:
    return decoded(raw, **context).payload


def rejection(raw: bytes, **context: Any) -> tuple[int, str]:
    with pytest.raises(CaptureRejected) as caught:
        decoded(raw, **context)
    return caught.value.status, caught.value.text


@pytest.mark.parametrize("type_", ["application/json", "text/plain", "application/octet-stream", ""])
def test_plain_json_is_read_whatever_the_content_type(type_: str) -> None:
    assert payload(JSON, type_=type_) == EVENT


def test_an_empty_request_holds_no_payload() -> None:
    assert rejection(b"") == (400, "request missing data payload")
    assert rejection(b"", query={"data": ""}) == (400, "request missing data payload")
    assert rejection(b"data=&compression=gzip", type_=FORM) == (400, "request missing data payload")


@pytest.mark.parametrize(
    "context",
    [
        {"encoding": "gzip", "type_": "application/json"},  # case 11
        {"type_": "text/plain"},
        {"query": {"compression": "gzip-js"}},
        {"query": {"compression": "GZIP"}},
        {"query": {"compression": "something"}, "encoding": "deflate"},
    ],
    ids=repr,
)
def test_case_11_gzip_is_known_by_its_first_bytes(context: dict[str, Any]) -> None:
    assert payload(gzip.compress(JSON, mtime=0), **context) == EVENT


@pytest.mark.parametrize("path", ["/e/", "/batch", "/i/v0/e"])
def test_case_15_base64_is_read_from_body_and_query(path: str) -> None:
    assert payload(B64.encode(), path=path) == EVENT
    assert payload(b"", query={"data": B64}, path=path) == EVENT
    assert payload(b"ignored", query={"data": B64}, path=path) == EVENT


def test_plain_json_is_read_from_the_query() -> None:
    assert payload(b"", query={"data": JSON.decode()}) == EVENT


def test_a_plus_that_came_as_a_blank_is_put_right() -> None:
    raw = b'{"a":"\xc3\xbe\xc3\xbe~~>>??~~"}'
    text = b64encode(raw).decode()
    assert "+" in text
    assert payload(b"", query={"data": text.replace("+", " ")}) == orjson.loads(raw)
    assert payload(f"data={text}".encode(), type_=FORM) == orjson.loads(raw)


def test_case_16_lz_string_is_read_from_form_query_and_body() -> None:
    assert payload(f"compression=lz64&data={quote_plus(LZ64)}".encode(), type_=FORM, path="/e/") == EVENT
    assert payload(b"", query={"compression": "lz-string", "data": LZ64.replace("+", " ")}) == EVENT
    assert payload(LZ64.encode(), query={"compression": "lz64"}) == EVENT


@pytest.mark.parametrize("text", NODE_LZ64)
def test_lz_string_reads_what_the_original_writes(text: str) -> None:
    assert decompress_from_base64(NODE_LZ64[text], 1000) == text


def test_lz_string_stops_at_its_limit() -> None:
    assert len(decompress_from_base64(NODE_LZ64["ab" * 300], 600)) == 600
    with pytest.raises(TooLong):
        decompress_from_base64(NODE_LZ64["ab" * 300], 599)


@pytest.mark.parametrize("raw", [b"!", b"\xff", b"AAAA", b"N4Ig", b"Ibo=", JSON])
def test_bad_lz_string_is_refused(raw: bytes) -> None:
    assert rejection(raw, query={"compression": "lz64"}) == (400, UNDECODABLE + "invalid LZ64 data")


def test_forms_hold_plain_base64_or_compressed_data() -> None:
    packed = b64encode(gzip.compress(JSON, mtime=0)).decode()
    for data, hint in ((B64, "base64"), (B64, ""), (packed, ""), (packed, "gzip-js"), (JSON.decode(), "")):
        fields = {"data": data} | ({"compression": hint} if hint else {})
        assert payload(urlencode(fields).encode(), type_=FORM) == EVENT
    assert payload(urlencode({"data": B64}).encode(), type_=FORM, query={"compression": "base64"}) == EVENT


@pytest.mark.parametrize("path", ["/e/", "/batch/"])
def test_gzip_inside_base64_is_read_on_every_path(path: str) -> None:
    packed = b64encode(gzip.compress(JSON, mtime=0))
    assert payload(packed, path=path) == payload(b"", query={"data": packed.decode()}, path=path) == EVENT


@pytest.mark.parametrize("path", ["/e", "/capture/", "/engage", "/track/"])
def test_old_paths_undo_base64_once_more(path: str) -> None:
    assert payload(b64encode(B64.encode()), path=path) == EVENT
    assert payload(gzip.compress(B64.encode()), path=path) == EVENT
    assert payload(b64encode(b64encode(gzip.compress(JSON, mtime=0))), path=path) == EVENT
    assert rejection(b64encode(B64.encode()), path="/batch")[0] == 400


@pytest.mark.parametrize(
    ("raw", "context", "reason"),
    [
        (JSON, {"encoding": "gzip"}, "invalid GZIP data"),  # case 41
        (JSON, {"query": {"compression": "gzip"}}, "invalid GZIP data"),
        (gzip.compress(JSON, mtime=0)[:-9], {}, "invalid GZIP data"),
        (b"\x1f\x8b\x08junk", {}, "invalid GZIP data"),
        (b64encode(b"\x1f\x8b\x08junk!"), {"path": "/e"}, "invalid GZIP data"),
        (JSON, {"type_": FORM}, "expected form data in POST request payload"),
        (b"data=%s", {"type_": FORM, "query": {"compression": "base64"}}, "invalid base64 data"),
        (b"data=" + b"&a=b" * 200, {"type_": FORM}, "invalid form data"),
        (b"data=\xff", {"type_": FORM}, "invalid form data"),
        (b'{"a":"\xff"}', {}, "invalid UTF8 in request payload"),
        (b'["\xed\xa0\x80"]', {}, "invalid UTF8 in request payload"),
    ],
    ids=repr,
)
def test_case_41_what_cannot_be_decoded_is_refused_with_the_reason(
    raw: bytes, context: dict[str, Any], reason: str
) -> None:
    assert rejection(raw, **context) == (400, UNDECODABLE + reason)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"not json!", "expected value at line 1 column 1"),
        (b"[1,\n NaN]", "expected value at line 2 column 2"),
        (b"[Infinity]", "expected value at line 1 column 2"),
        (b"[1e999]", "number out of range at line 1 column 2"),
        (b'{"a":', "EOF while parsing a value at line 1 column 5"),
        (b'["\\ud800', "EOF while parsing a value at line 1 column 8"),
        (b"[1] [2]", "trailing characters at line 1 column 5"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "recursion limit exceeded"),
        (b"[" * 100_000, "recursion limit exceeded at line 1 column 1026"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_not_json_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    assert rejection(raw) == (400, UNREADABLE + reason)


def test_128_levels_are_read_however_wide() -> None:
    nested: Any = []
    for _ in range(MAX_DEPTH - 2):
        nested = {"a": nested}
    assert payload(orjson.dumps([nested] * 3)) == [nested] * 3
    assert rejection(orjson.dumps([[], {"a": nested}])) == (400, UNREADABLE + "recursion limit exceeded")


def test_case_26_texts_and_numbers_arrive_without_loss_and_nul_is_announced() -> None:
    found = decoded(rb'{"e":"\ud83d\ude00","n":9007199254740993,"big":18446744073709551616,"nul":"\u0000"}')
    assert found == Decoded({"e": "😀", "n": 2**53 + 1, "big": 2.0**64, "nul": "\0"}, holds_nul=True)
    assert not decoded(JSON).holds_nul


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"\ud800", "\ufffd"),
        (rb"\udc00x", "\ufffdx"),
        (rb"\ud800\ud83d\ude00", "\ufffd😀"),
        (rb"\ud800\u0041", "\ufffdA"),
        (rb"\\ud800\ud800", "\\ud800\ufffd"),
        (rb"\uD83D\uDE00\uDE00", "😀\ufffd"),
    ],
)
def test_case_26_a_lone_surrogate_is_replaced(raw: bytes, text: str) -> None:
    assert payload(b'["' + raw + b'"]') == [text]
    assert payload(b'{"' + raw + b'":1}') == {text: 1}


def test_case_25_a_bomb_is_refused_at_the_limit_with_bounded_memory() -> None:
    bomb = gzip.compress(b"[" + b" " * (10 * MAX_SIZE) + b"]", 1)
    tracemalloc.start()
    try:
        status, text = rejection(bomb)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_SIZE
    finally:
        tracemalloc.stop()
    assert status == 413
    assert text.startswith("maximum event size exceeded: ")


def test_the_limit_holds_before_and_after_inflating() -> None:
    fitting = b"[" + b" " * (MAX_SIZE - 2) + b"]"
    assert payload(fitting) == payload(gzip.compress(fitting, 1, mtime=0)) == []
    assert rejection(fitting + b" ")[0] == rejection(gzip.compress(fitting + b" ", 1, mtime=0))[0] == 413


@pytest.mark.parametrize("path", ["/batch", "/e"])
@given(
    raw=st.one_of(
        st.binary(),
        st.binary().map(b64encode),
        st.binary().map(lambda b: b"data=" + b),
        st.binary().map(gzip.compress),
        st.text(alphabet='[]{}",:\\ud800123ane ').map(str.encode),
    ),
    compression=st.sampled_from(["", "gzip", "lz64", "base64"]),
    type_=st.sampled_from(["", FORM]),
)
def test_any_bytes_are_decoded_or_rejected_and_nothing_else(
    path: str, raw: bytes, compression: str, type_: str
) -> None:
    with suppress(CaptureRejected):
        decoded(raw, path=path, type_=type_, query={"compression": compression})


PACK = {
    "": lambda raw: raw,
    "identity": lambda raw: raw,
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("encoding", PACK)
def test_v1_undoes_every_content_encoding(encoding: str) -> None:
    assert decode_v1(PACK[encoding](JSON), content_encoding=encoding).payload == EVENT


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_v1_refuses_bombs_in_every_encoding(encoding: str) -> None:
    raw = b"[" + b" " * (2 * MAX_SIZE) + b"]"
    packed = brotli.compress(raw, quality=1) if encoding == "br" else PACK[encoding](raw)
    assert v1_rejection(packed, encoding) == (413, "payload_too_large")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_v1_refuses_bytes_that_are_cut_short_or_wrong(encoding: str) -> None:
    for raw in (JSON, PACK[encoding](JSON)[:-5]):
        assert v1_rejection(raw, encoding) == (400, "request_parsing_error")


@pytest.mark.parametrize(
    ("raw", "encoding", "refusal"),
    [
        (b"", "", (400, "empty_body")),
        (b"{", "", (400, "request_parsing_error")),
        (b'"\xff"', "", (400, "request_parsing_error")),
        (JSON, "lzma", (415, "unsupported_encoding")),
        (b" " * (MAX_SIZE + 1), "", (413, "payload_too_large")),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_v1_refuses_with_a_tag(raw: bytes, encoding: str, refusal: tuple[int, str]) -> None:
    assert v1_rejection(raw, encoding) == refusal


def v1_rejection(raw: bytes, encoding: str) -> tuple[int, str]:
    with pytest.raises(V1Rejected) as caught:
        decode_v1(raw, content_encoding=encoding)
    return caught.value.status, caught.value.tag
