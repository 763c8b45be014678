"""Decompression with a bound on what comes out: a bomb costs no more memory than an honest request."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Final

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ZSTD_OPTIONS: Final[dict[int, int]] = {
    zstd.DecompressionParameter.window_log_max: 25
}  # 32 MiB of memory for the window


class CorruptData(Exception):
    """The bytes are not what their encoding says, or they end early."""


class TooLarge(Exception):
    """More comes out than the limit."""


def gunzip(data: bytes, limit: int) -> bytes:
    """The first member of a gzip file. Raises CorruptData and TooLarge."""
    return _zlib(data, limit, zlib.MAX_WBITS | 16)


def deflate(data: bytes, limit: int) -> bytes:
    """HTTP's `deflate`: the zlib format. Raises CorruptData and TooLarge."""
    return _zlib(data, limit, zlib.MAX_WBITS)


def unbrotli(data: bytes, limit: int) -> bytes:
    """Raises CorruptData and TooLarge."""
    decompressor = brotli.Decompressor()
    try:
        result: bytes = decompressor.process(data, output_buffer_limit=limit + 1)
    except brotli.error as error:
        raise CorruptData from error
    return _checked(result, limit, finished=decompressor.is_finished())


def unzstd(data: bytes, limit: int) -> bytes:
    """The first frame. Raises CorruptData and TooLarge."""
    decompressor = zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)
    try:
        result = decompressor.decompress(data, max_length=limit + 1)
    except zstd.ZstdError as error:
        raise CorruptData from error
    return _checked(result, limit, finished=decompressor.eof)


INFLATE: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": gunzip,
    "deflate": deflate,
    "br": unbrotli,
    "zstd": unzstd,
}
"""By the names of HTTP's Content-Encoding."""


def _zlib(data: bytes, limit: int, wbits: int) -> bytes:
    decompressor = zlib.decompressobj(wbits)
    try:
        result = decompressor.decompress(data, limit + 1)
    except zlib.error as error:
        raise CorruptData from error
    return _checked(result, limit, finished=decompressor.eof)


def _checked(result: bytes, limit: int, *, finished: bool) -> bytes:
    if len(result) > limit:
        raise TooLarge
    if not finished:
        raise CorruptData
    return result
