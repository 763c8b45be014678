"""Reading lz-string's `compressToBase64`, a format that only old browser clients still send.

There is no kept-up library with a bound on what comes out. https://github.com/pieroxy/lz-string
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

_CHUNK = 1 << 15  # bytes turned into bits at a time: a bit is a character, so all at once would be eight-fold
_LITERAL_BITS = {0: 8, 1: 16}
_END = 2


class TooLong(Exception):
    """More comes out than the caller allows."""


def decompress_from_base64(text: str, limit: int) -> str:
    """The text that was compressed. Raises ValueError for bad input, TooLong beyond `limit` UTF-16 units."""
    bits = _Bits(_from_base64(text))
    code = bits.take(2)
    if code == _END:
        return ""
    if code not in _LITERAL_BITS:
        raise ValueError("not lz-string")
    word = chr(bits.take(_LITERAL_BITS[code]))
    # The codes 0 to 2 stand for "8-bit character", "16-bit character" and "end".
    entries, result, length = ["", "", "", word], [word], 1
    width, room = 3, 4  # `room`: how many more entries until codes grow by a bit
    while (code := bits.take(width)) != _END:
        if code in _LITERAL_BITS:
            entries.append(chr(bits.take(_LITERAL_BITS[code])))
            code = len(entries) - 1
            room -= 1
            if room == 0:
                room = 1 << width
                width += 1
        if code > len(entries):
            raise ValueError("not lz-string")
        entry = entries[code] if code < len(entries) else word + word[0]
        length += len(entry)
        if length > limit:
            raise TooLong
        result.append(entry)
        entries.append(word + entry[0])
        word = entry
        room -= 1
        if room == 0:
            room = 1 << width
            width += 1
    return "".join(result).encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _from_base64(text: str) -> bytes:
    text = text.rstrip("=")
    # lz-string pads with up to three "=", also where base64 has no such length.
    try:
        return b64decode(text + "A" * (-len(text) % 4), validate=True)
    except Base64Error as error:
        raise ValueError("not base64") from error


class _Bits:
    """The bits of some bytes, most significant first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = 0  # the first byte not yet in `_text`
        self._text = ""
        self._at = 0

    def take(self, count: int) -> int:
        """The number in the next bits, least significant first. Raises ValueError at the end."""
        end = self._at + count
        if end > len(self._text):
            self._refill()
            end = count
            if end > len(self._text):
                raise ValueError("lz-string ends early")
        value = int(self._text[self._at : end][::-1], 2)
        self._at = end
        return value

    def _refill(self) -> None:
        chunk = self._data[self._next : self._next + _CHUNK]
        self._next += len(chunk)
        fresh = f"{int.from_bytes(chunk, 'big'):0{len(chunk) * 8}b}" if chunk else ""
        self._text = self._text[self._at :] + fresh
        self._at = 0
