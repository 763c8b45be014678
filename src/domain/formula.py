"""Formulas over series: `A + 2*B`, evaluated bucket by bucket.

Letters of any case are the series in order; numbers, `+ - * / % ** ( )` and signs have Python's precedence
(`-2**2` is −4). `x/0` and `x%0` are 0, as in PostHog; so is a result that is no finite real number.
Both are counted, so that an answer can warn of them.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .errors import InvalidInput

MAX_LENGTH = 500
MAX_NESTING = 50


@dataclass(frozen=True, slots=True)
class Letter:
    """The series of that index."""

    index: int


@dataclass(frozen=True, slots=True)
class Operator:
    """Takes its operands from the stack: one if `unary`, else two."""

    symbol: str
    unary: bool = False


Step: TypeAlias = Letter | float | Operator


@dataclass(frozen=True, slots=True)
class Outcome:
    """A formula's value in each bucket, and in which buckets (by index) it met a problem."""

    data: list[float]
    divided_by_zero: frozenset[int]
    out_of_range: frozenset[int]


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that can be evaluated: operands and operators in postfix order."""

    steps: tuple[Step, ...]

    def evaluate(self, columns: Sequence[Sequence[float]], length: int) -> Outcome:
        """The formula of series that each have `length` numbers."""
        zero: set[int] = set()
        range_: set[int] = set()
        stack: list[list[float]] = []
        for step in self.steps:
            if isinstance(step, Letter):
                stack.append([float(number) for number in columns[step.index]])
            elif isinstance(step, float):
                stack.append([step] * length)
            elif step.unary:
                stack[-1] = [-number for number in stack[-1]]
            else:
                right = stack.pop()
                stack[-1] = _combine(_BINARY[step.symbol], stack[-1], right, zero, range_)
        # Adding 0 turns −0.0 into 0.0, which reads better in an answer.
        return Outcome([number + 0.0 for number in stack[0]], frozenset(zero), frozenset(range_))


def parse_formula(text: str, series: int, attr: str = "formula") -> Formula:
    """Read a formula over so many series.

    Raises InvalidInput, with the position, for anything but a formula, for a letter without a series, and for
    more than `MAX_LENGTH` characters or `MAX_NESTING` levels.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(f"A formula has at most {MAX_LENGTH} characters.", attr)
    return Formula(_Parser(text, series, attr).parse())


def _combine(
    operation: Callable[[float, float], float],
    left: list[float],
    right: list[float],
    zero: set[int],
    range_: set[int],
) -> list[float]:
    data = []
    for index, (a, b) in enumerate(zip(left, right, strict=True)):
        try:
            result = operation(a, b)
        except ZeroDivisionError:
            zero.add(index)
            result = 0.0
        except OverflowError:
            result = math.inf
        # A negative number to a fractional power is complex.
        if isinstance(result, complex) or not math.isfinite(result):
            range_.add(index)
            result = 0.0
        data.append(result)
    return data


_BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "**": operator.pow,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>\w+)|(?P<symbol>\*\*|[-+*/%()]))",
    re.ASCII,
)


class _Parser:
    """Recursive descent: sum → product → signed → power → atom, writing postfix as it goes."""

    def __init__(self, text: str, series: int, attr: str) -> None:
        self._text = text
        self._series = series
        self._attr = attr
        self._at = 0
        self._depth = 0
        self._steps: list[Step] = []
        self._next()

    def parse(self) -> tuple[Step, ...]:
        self._sum()
        if self._current:
            raise self._unexpected()
        return tuple(self._steps)

    def _sum(self) -> None:
        self._left_to_right(("+", "-"), self._product)

    def _product(self) -> None:
        self._left_to_right(("*", "/", "%"), self._signed)

    def _left_to_right(self, symbols: tuple[str, ...], part: Callable[[], None]) -> None:
        part()
        while self._current in symbols:
            symbol = self._take()
            part()
            self._steps.append(Operator(symbol))

    def _signed(self) -> None:
        if self._current not in ("+", "-"):
            self._power()
            return
        symbol = self._take()
        self._deeper(self._signed)
        if symbol == "-":
            self._steps.append(Operator("-", unary=True))

    def _power(self) -> None:
        self._atom()
        if self._current == "**":
            self._take()
            self._deeper(self._signed)
            self._steps.append(Operator("**"))

    def _atom(self) -> None:
        if self._kind == "number":
            self._steps.append(self._number(self._take()))
        elif self._kind == "name":
            self._steps.append(self._letter())
        elif self._current == "(":
            self._take()
            self._deeper(self._sum)
            if self._current != ")":
                raise self._unexpected()
            self._take()
        else:
            raise self._unexpected()

    def _number(self, text: str) -> float:
        number = float(text)
        if math.isinf(number):
            raise InvalidInput(f"The number {text[:20]} is too large.", self._attr)
        return number

    def _letter(self) -> Letter:
        name = self._current.upper()
        index = ord(name) - ord("A") if len(name) == 1 else -1
        if not 0 <= index < min(self._series, 26):
            raise InvalidInput(f"The formula names {self._current[:20]}, but there is no such series.", self._attr)
        self._take()
        return Letter(index)

    def _deeper(self, part: Callable[[], None]) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise InvalidInput(f"A formula is nested at most {MAX_NESTING} levels deep.", self._attr)
        part()
        self._depth -= 1

    def _take(self) -> str:
        token = self._current
        self._next()
        return token

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :]
            self._start = self._at + len(rest) - len(rest.lstrip())
            self._current, self._kind = self._text[self._start : self._start + 1], "end"
            return
        self._kind = match.lastgroup or ""
        self._current = match[self._kind]
        self._start, self._at = match.start(self._kind), match.end()

    def _unexpected(self) -> InvalidInput:
        if not self._current:
            return InvalidInput("The formula ends too early.", self._attr)
        return InvalidInput(
            f"The formula has an unexpected {self._current[:20]!r} at position {self._start + 1}.", self._attr
        )
