"""RE2's patterns in PostgreSQL's own notation: the part of them that both engines understand alike.

Character classes are worked out here, case and all, so that no setting of the database has a say. PostgreSQL's engine
takes linear time for what is left: neither looking around nor references to groups, which RE2 has not either.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from ....domain.errors import InvalidInput

Ranges = list[tuple[int, int]]

_LAST = 0x10FFFF
_MAX_REPEAT = 255
_MAX_LENGTH = 1000
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\?(?:P?<\w+>|([is]*)(?:-([is]+))?(:|\)))")
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_ESCAPES = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ALPHA: Ranges = [(65, 90), (97, 122)]
_DIGIT: Ranges = [(48, 57)]
_PERL: dict[str, Ranges] = {
    "d": _DIGIT,
    "w": [*_DIGIT, (65, 90), (95, 95), (97, 122)],
    "s": [(9, 10), (12, 13), (32, 32)],
}
_CLASSES: dict[str, Ranges] = {
    "alnum": [*_DIGIT, *_ALPHA],
    "alpha": _ALPHA,
    "ascii": [(0, 127)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 31), (127, 127)],
    "digit": _DIGIT,
    "graph": [(33, 126)],
    "lower": [(97, 122)],
    "print": [(32, 126)],
    "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)],
    "upper": [(65, 90)],
    "word": _PERL["w"],
    "xdigit": [*_DIGIT, (65, 70), (97, 102)],
}


@lru_cache(maxsize=128)
def translated(pattern: str) -> str:
    """A valid pattern of RE2 in PostgreSQL's notation. Raises `InvalidInput` for what is not common to both."""
    if len(pattern) > _MAX_LENGTH:
        raise InvalidInput(f"A regular expression may have at most {_MAX_LENGTH} characters on PostgreSQL.", "value")
    return _Reader(pattern).read()


class _Reader:
    """One pass over a pattern. `fold`: letters stand for both cases; `dot_all`: a dot stands for newlines too."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._fold = self._dot_all = False
        self._outer: list[tuple[bool, bool]] = []

    def read(self) -> str:
        pieces = []
        while self._at < len(self._text):
            pieces.append(self._piece())
        return "".join(pieces)

    def _piece(self) -> str:
        char = self._next()
        match char:
            case "(":
                return self._group()
            case ")":
                self._fold, self._dot_all = self._outer.pop()
                return ")"
            case "|" | "^" | "$":
                return char
            case "*" | "+" | "?":
                return self._eager(char)
            case "{" if repeat := _REPEAT.match(self._text, self._at - 1):
                self._at = repeat.end()
                if max(int(number) for number in (repeat[1], repeat[3] or 0)) > _MAX_REPEAT:
                    raise self._refusal(repeat[0])
                return self._eager(repeat[0])
            case ".":
                return _class([(0, _LAST)] if self._dot_all else [(0, 9), (11, _LAST)])
            case "[":
                return self._class()
            case "\\":
                return self._escape()
        return self._literal(ord(char))

    def _next(self) -> str:
        self._at += 1
        return self._text[self._at - 1 : self._at]

    def _eager(self, repeat: str) -> str:
        """Whether a text matches at all does not depend on what a repetition tries first."""
        if self._text.startswith("?", self._at):
            self._at += 1
        return repeat

    def _group(self) -> str:
        outer = (self._fold, self._dot_all)
        if not self._text.startswith("?", self._at):
            self._outer.append(outer)
            return "(?:"
        head = _GROUP.match(self._text, self._at)
        if head is None:
            raise self._refusal(self._text[self._at - 1 : self._at + 3])
        self._at = head.end()
        on, off, end = head.groups()
        if end == ")":
            self._set(on, off)
            return ""
        self._outer.append(outer)
        if end == ":":
            self._set(on, off)
        return "(?:"

    def _set(self, on: str, off: str | None) -> None:
        for flags, value in ((on, True), (off or "", False)):
            if "i" in flags:
                self._fold = value
            if "s" in flags:
                self._dot_all = value

    def _escape(self) -> str:
        char = self._text[self._at : self._at + 1]
        if char in ("A", "z", "b", "B"):
            self._at += 1
            return {"A": "^", "z": "$", "b": r"\y", "B": r"\Y"}[char]
        found = self._escaped()
        return self._literal(found) if isinstance(found, int) else _class(found)

    def _escaped(self) -> int | Ranges:
        """What an escape stands for, in a class or outside."""
        char = self._next()
        if char in _ESCAPES:
            return _ESCAPES[char]
        if char.lower() in _PERL:
            ranges = _PERL[char.lower()]
            return _complement(ranges) if char.isupper() else ranges
        if hexadecimal := re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})").match(self._text, self._at - 1):
            self._at = hexadecimal.end()
            return int(hexadecimal[1] or hexadecimal[2], 16)
        if char.isascii() and char.isalnum():
            raise self._refusal("\\" + char)
        return ord(char)

    def _literal(self, code: int) -> str:
        if self._fold and len(alike := _alike(code)) > 1:
            return _class([(one, one) for one in alike])
        return _quoted(code)

    def _class(self) -> str:
        negated = self._text.startswith("^", self._at)
        self._at += negated
        ranges: Ranges = []
        first = True
        while first or not self._text.startswith("]", self._at):
            first = False
            if posix := _POSIX.match(self._text, self._at):
                self._at = posix.end()
                named = _CLASSES[posix[2]]
                ranges += _complement(named) if posix[1] else named
                continue
            low = self._member()
            if isinstance(low, list):
                ranges += low
                continue
            high = low
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                end = self._member()
                if isinstance(end, list):
                    raise self._refusal("-")
                high = end
            ranges.append((low, high))
        self._at += 1
        if self._fold:
            ranges += _folded(ranges)
        return _class(_complement(ranges) if negated else ranges)

    def _member(self) -> int | Ranges:
        char = self._next()
        return self._escaped() if char == "\\" else ord(char)

    def _refusal(self, part: str) -> InvalidInput:
        return InvalidInput(f"Regular expressions with {part} do not work on PostgreSQL.", "value")


def _class(ranges: Ranges) -> str:
    parts = [
        _quoted(low) if low == high else f"{_quoted(low)}-{_quoted(high)}"
        for given, high in ranges
        if (low := max(given, 1)) <= high  # no text has a NUL
    ]
    return f"[{''.join(parts)}]" if parts else r"[^\s\S]"


def _quoted(code: int) -> str:
    char = chr(code)
    if char.isascii() and not char.isalnum():
        return f"\\x{code:02x}" if code < 33 or code == 127 else "\\" + char
    return char


def _complement(ranges: Ranges) -> Ranges:
    found: Ranges = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return [*found, (start, _LAST)] if start <= _LAST else found


def _folded(ranges: Ranges) -> Ranges:
    """The other cases of all letters in the ranges."""
    return [
        (other, other)
        for alike in _families().values()
        if any(low <= one <= high for one in alike for low, high in ranges)
        for other in alike
    ]


def _alike(code: int) -> tuple[int, ...]:
    """The code points that are one letter in different cases, by Unicode's simple folding."""
    return _families().get(_folding(code), (code,))


def _folding(code: int) -> str:
    return chr(code).casefold()


@cache
def _families() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for code in range(_LAST + 1):
        folding = chr(code).casefold()
        if len(folding) == 1:
            found.setdefault(folding, []).append(code)
    return {folding: tuple(codes) for folding, codes in found.items() if len(codes) > 1}
