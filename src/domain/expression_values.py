"""What expressions come to: the one meaning of each operation. Stores that compute them must agree."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .conditions import compiled, lower
from .expression import AGGREGATES, Term, Type
from .operands import Operand
from .readings import number_of

Value: TypeAlias = str | float | bool | None
Read: TypeAlias = Callable[[Operand], str | None]

EXACT = 1e15
"""Below it, whole numbers are written without a point."""


def value_of(term: Term, read: Read) -> Value:
    """A term's value; `read` gives an operand's text."""
    match term.op:
        case "literal":
            return term.value
        case "read" if term.operand is not None:
            return read(term.operand)
        case "and" | "or" | "coalesce" | "if" | "is null":
            return _lazy(term, read)
    args = [value_of(arg, read) for arg in term.args]
    if term.op == "concat":
        return "".join(str(arg) for arg in args if arg is not None)
    if any(arg is None for arg in args):
        return None
    return _applied(term, args)


def aggregate_of(term: Term, reads: Sequence[Read]) -> float:
    """The number that an aggregate expression makes of many events."""
    found = value_of(_settled(term, reads), lambda _: None)
    return float(found) if isinstance(found, float | int) else 0.0


def text_of_number(number: float) -> str:
    """The shortest text that is read as the number again; whole numbers without a point."""
    return str(int(number)) if number == math.trunc(number) and abs(number) < EXACT else repr(number)


def upper(text: str) -> str:
    """Upper case, one character for each, as databases do it."""
    return "".join(_upper(character) for character in text)


def quantile(numbers: Sequence[float], q: float) -> float:
    """Linear interpolation at (n−1)·q; 0 without numbers."""
    if not numbers:
        return 0.0
    ordered = sorted(numbers)
    place = (len(ordered) - 1) * q
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


def _lazy(term: Term, read: Read) -> Value:
    if term.op == "if":
        return value_of(term.args[1 if value_of(term.args[0], read) else 2], read)
    args = [value_of(arg, read) for arg in term.args]
    match term.op:
        case "is null":
            return args[0] is None
        case "coalesce":
            return next((arg for arg in args if arg is not None), None)
        case "and":
            return False if False in args else None if None in args else True
    return True if True in args else None if None in args else False


def _applied(term: Term, args: list[Any]) -> Value:
    match term.op:
        case "not":
            return not args[0]
        case "number":
            return number_of(args[0]) if isinstance(args[0], str) else float(args[0])
        case "text":
            return str(args[0]).lower() if isinstance(args[0], bool) else text_of_number(args[0])
        case "bool":
            return {"true": True, "false": False}.get(args[0]) if isinstance(args[0], str) else bool(args[0])
        case "lower":
            return lower(args[0])
        case "upper":
            return upper(args[0])
        case "length":
            return float(len(args[0]))
        case "match":
            return compiled(str(term.value)).search(args[0].encode(errors="surrogatepass")) is not None
    if term.type is Type.NUMBER:
        return _finite(_number(term, args))
    if isinstance(args[0], str):
        args = [arg.encode(errors="surrogatepass") for arg in args]  # by code point, which is the order of UTF-8
    return bool(_COMPARISONS[term.op](*args))


def _number(term: Term, args: list[float]) -> float:
    match term.op:
        case "+" | "-" | "*":
            return float(_ARITHMETIC[term.op](*args))
        case "/":
            return args[0] / args[1] if args[1] else 0.0
        case "%":
            return math.fmod(*args) if args[1] else 0.0
        case "round":
            scale = 10.0 ** float(term.value or 0)
            scaled = args[0] * scale
            return _half_away(scaled) / scale if math.isfinite(scaled) else args[0]
        case "abs":
            return abs(args[0])
        case "floor":
            return float(math.floor(args[0]))
        case "ceil":
            return float(math.ceil(args[0]))
    return float(math.trunc(args[0]))


def _half_away(number: float) -> float:
    whole = math.floor(abs(number))
    return math.copysign(whole + (abs(number) - whole >= 0.5), number)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _settled(term: Term, reads: Sequence[Read]) -> Term:
    """The term with its aggregates replaced by what they come to."""
    if term.op not in AGGREGATES:
        return Term(term.op, term.type, tuple(_settled(arg, reads) for arg in term.args), term.value, term.operand)
    if not term.args:
        return Term("literal", Type.NUMBER, value=float(len(reads)))
    found = [value for read in reads if (value := value_of(term.args[0], read)) is not None]
    return Term("literal", Type.NUMBER, value=_aggregated(term, found))


def _aggregated(term: Term, found: list[Any]) -> float:
    match term.op:
        case "count":
            return float(len(found))
        case "countif":
            return float(sum(found))
        case "uniq":
            return float(len(set(found)))
        case "median" | "quantile":
            return quantile(found, 0.5 if term.op == "median" else float(term.value or 0))
        case "sum":
            return math.fsum(found)
    if not found:
        return 0.0
    return math.fsum(found) / len(found) if term.op == "avg" else float((min if term.op == "min" else max)(found))


def _upper(character: str) -> str:
    found = character.upper()
    return found if len(found) == 1 else "ẞ" if character == "ß" else character


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
