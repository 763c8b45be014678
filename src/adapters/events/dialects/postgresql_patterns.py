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
_REFERENCE = re.compile(r"\\[0-9\\]")
_REFERENCES = {"\\0": "\\&"}
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


@lru_cache(maxsize=128)
def replacement(pattern: str, alias: str) -> tuple[str, str]:
    """A pattern whose matches are replaced, and what by. Raises `InvalidInput` where the engines may not agree how
    far a match goes: RE2 takes the first way that leads anywhere, PostgreSQL the longest.
    """
    reader = _PlainReader(pattern)
    text = reader.read()
    reader.demand_one_way()
    return text, _REFERENCE.sub(lambda found: _REFERENCES.get(found[0], found[0]), alias)


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
                return self._atom([(0, _LAST)] if self._dot_all else [(0, 9), (11, _LAST)])
            case "[":
                return self._atom(self._class())
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
        return self._literal(found) if isinstance(found, int) else self._atom(found)

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
        return self._atom([(one, one) for one in (_alike(code) if self._fold else (code,))])

    def _atom(self, ranges: Ranges) -> str:
        """One character of these."""
        return _class(ranges)

    def _class(self) -> Ranges:
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
        return _complement(ranges) if negated else ranges

    def _member(self) -> int | Ranges:
        char = self._next()
        return self._escaped() if char == "\\" else ord(char)

    def _refusal(self, part: str) -> InvalidInput:
        return InvalidInput(f"Regular expressions with {part} do not work on PostgreSQL.", "value")


class _PlainReader(_Reader):
    """Takes only a row of characters, each maybe repeated, in which groups may be marked."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self._row: list[tuple[Ranges, bool, bool]] = []  # the characters, may be left out, may come again

    def demand_one_way(self) -> None:
        """Refuse where a character that may be repeated or left out could also be one of those that follow it."""
        if all(optional for _, optional, _ in self._row):
            raise self._refusal("nothing that must be there")
        for place, (ranges, optional, again) in enumerate(self._row):
            for following, may_lack, _ in self._row[place + 1 :] if optional or again else ():
                if _meet(ranges, following):
                    raise self._refusal("more than one way to match")
                if not may_lack:
                    break

    def _piece(self) -> str:
        char = self._text[self._at]
        if char in "|^$" or (char == "\\" and self._text[self._at + 1 : self._at + 2] in ("A", "z", "b", "B")):
            raise self._refusal(char)
        if char == ")" and self._text[self._at + 1 : self._at + 2] in ("*", "+", "?", "{"):
            raise self._refusal("repeated groups")
        return super()._piece()

    def _group(self) -> str:
        found = super()._group()
        return "(" if found == "(?:" and not self._text.startswith("(?:", self._at - 3) else found

    def _atom(self, ranges: Ranges) -> str:
        self._row.append((ranges, False, False))
        return super()._atom(ranges)

    def _eager(self, repeat: str) -> str:
        if self._text.startswith("?", self._at):
            raise self._refusal(repeat + "?")
        ranges, _, _ = self._row.pop()
        low, _, high = repeat.strip("{}").partition(",")
        optional, fixed = repeat in ("*", "?") or low == "0", repeat.startswith("{") and "," not in repeat
        self._row += [(ranges, optional, not fixed and repeat != "?" and low != high)]
        return repeat


def _meet(some: Ranges, others: Ranges) -> bool:
    return any(low <= end and start <= high for low, high in some for start, end in others)


def _class(ranges: Ranges) -> str:
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1] > 0:
        return _quoted(ranges[0][0])
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
