"""The small expression language: a safe part of PostHog's HogQL, for filters, breakdowns and maths.

Values are texts, numbers (doubles), truth values or null. An expression is read into `Term`s in which every type is
settled and every conversion is spelled out, so that all stores need to know is what each operation does:

- comparisons with a number, and arithmetic, read texts as numbers; what is no number is null;
- null makes null, as in SQL: a comparison with it is neither true nor false, `and`, `or` and `not` have three values;
- x/0 and x%0 are 0, and what is no finite number is null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn, TypeAlias

import re2

from .errors import InvalidInput
from .operands import Operand, Source
from .operators import checked_pattern

MAX_LENGTH = 2_000
MAX_NESTING = 20
MAX_ARITHMETIC = 50
MAX_DIGITS = 15


class Type(StrEnum):
    """What a term's value is, unless it is null."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Term:
    """An operation on terms, or a leaf: `literal` with its `value`, `read` of an operand.

    `op` is an operator (`+`, `=`, `and`, `is null`), a function of the language in lower case, a conversion
    (`number`, `text`, `bool`, of any type) or an aggregate (`AGGREGATES`) of an event's terms. `match` and `like`
    have their pattern, RE2, as `value`, `round` its digits, `quantile` its q.
    """

    op: str
    type: Type
    args: tuple[Term, ...] = ()
    value: str | float | bool | None = None
    operand: Operand | None = None


AGGREGATES = frozenset({"count", "countif", "sum", "avg", "min", "max", "median", "quantile", "uniq"})


def parse_condition(text: str, attr: str | None = None) -> Term:
    """Whether an event matches, as a truth value. Raises `InvalidInput` with the position."""
    return _converted(parse_value(text, attr), Type.BOOL)


@lru_cache(maxsize=512)
def parse_value(text: str, attr: str | None = None) -> Term:
    """A value of an event. Raises `InvalidInput` with the position."""
    return _Parser(text, attr).parse()


def parse_text(text: str, attr: str | None = None) -> Term:
    """A value of an event, as text. Raises `InvalidInput` with the position."""
    return _converted(parse_value(text, attr), Type.TEXT)


@lru_cache(maxsize=512)
def parse_aggregate(text: str, attr: str | None = None) -> Term:
    """A number of many events: aggregates, with arithmetic over them. Raises `InvalidInput` with the position."""
    return _converted(_Parser(text, attr, aggregate=True).parse(), Type.NUMBER)


def aggregates_of(term: Term) -> Iterator[Term]:
    """The aggregates of a term, in order."""
    if term.op in AGGREGATES:
        yield term
        return
    for arg in term.args:
        yield from aggregates_of(arg)


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[A-Za-z_$][\w$]*)
    | `(?P<quoted>(?:[^`\\]|\\.)+)`
    | '(?P<text>(?:[^'\\]|\\.|'')*)'
    | (?P<symbol><=|>=|<>|!=|==|[-+*/%(),.=<>])
    )""",
    re.VERBOSE | re.ASCII,
)
_COMPARISONS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = frozenset({"and", "or", "not", "in", "is", "null", "like", "ilike", "true", "false", "distinct"})
_COLUMNS = {name: Operand(Source.METADATA, name) for name in ("event", "distinct_id", "timestamp", "uuid")}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "name" else self.text if self.kind == "symbol" else ""


class _Parser:
    """Recursive descent; each method reads one level of precedence, the loosest first."""

    def __init__(self, text: str, attr: str | None, *, aggregate: bool = False) -> None:
        self._attr = attr
        if len(text) > MAX_LENGTH:
            raise InvalidInput(f"An expression has at most {MAX_LENGTH} characters.", attr)
        self._tokens = list(self._read(text))
        self._place = 0
        self._nesting = 0
        self._operations = 0
        # Outside of aggregates, the events' own values are not to be had.
        self._outside = aggregate

    def parse(self) -> Term:
        term = self._or()
        if self._next.kind != "end":
            self._fail(f"unexpected {self._next.text!r}")
        return term

    def _read(self, text: str) -> Iterator[_Token]:
        place = 0
        while place < len(text.rstrip()):
            match = _TOKEN.match(text, place)
            start = len(text) - len(text[place:].lstrip())
            if match is None or match.lastgroup is None:
                raise InvalidInput(f"Expression: unexpected {text[start]!r} at position {start}.", self._attr)
            kind = match.lastgroup
            value = match[kind]
            if kind in ("quoted", "text"):
                value = re.sub(r"\\(.)|''", lambda escape: escape[1] or "'", value, flags=re.DOTALL)
            yield _Token(kind, value, start)
            place = match.end()
        yield _Token("end", "the end", len(text))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *words: str) -> _Token | None:
        """The next token if it is one of these words or symbols."""
        token = self._next
        if token.word not in words or not token.word:
            return None
        self._place += 1
        return token

    def _expect(self, word: str) -> None:
        if not self._take(word):
            self._fail(f"{word!r} expected, not {self._next.text!r}")

    def _fail(self, what: str, at: int | None = None) -> NoReturn:
        raise self._error(what, self._next.at if at is None else at)

    def _error(self, what: str, at: int) -> InvalidInput:
        return InvalidInput(f"Expression: {what} at position {at}.", self._attr)

    def _or(self) -> Term:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self._fail("nested too deeply")
        terms = [self._and()]
        while self._take("or"):
            terms.append(self._and())
        self._nesting -= 1
        return _truth("or", *terms) if len(terms) > 1 else terms[0]

    def _and(self) -> Term:
        terms = [self._not()]
        while self._take("and"):
            terms.append(self._not())
        return _truth("and", *terms) if len(terms) > 1 else terms[0]

    def _not(self) -> Term:
        negations = 0
        while self._take("not"):
            negations += 1
        term = self._comparison()
        return _truth("not", term) if negations % 2 else _converted(term, Type.BOOL) if negations else term

    def _comparison(self) -> Term:
        left = self._sum()
        if symbol := self._take(*_COMPARISONS):
            return _compared(_COMPARISONS[symbol.word], left, self._sum())
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            found = Term("is null", Type.BOOL, (left,))
            return _truth("not", found) if negated else found
        negated = self._take("not")
        if self._take("in"):
            found = self._choice(left)
        elif word := self._take("like", "ilike"):
            found = self._like(left, lower=word.word == "ilike")
        elif negated:
            self._fail(f"'in', 'like' or 'ilike' expected, not {self._next.text!r}")
        else:
            return left
        return _truth("not", found) if negated else found

    def _choice(self, left: Term) -> Term:
        self._expect("(")
        terms = [_compared("=", left, self._sum())]
        while self._take(","):
            terms.append(_compared("=", left, self._sum()))
        self._expect(")")
        return _truth("or", *terms)

    def _like(self, left: Term, *, lower: bool) -> Term:
        pattern = self._text("a pattern in quotes")
        if lower:
            left, pattern = Term("lower", Type.TEXT, (_converted(left, Type.TEXT),)), pattern.lower()
        parts = {"%": ".*", "_": "."}
        regex = "".join(parts.get(character) or re2.escape(character) for character in pattern)
        return Term("match", Type.BOOL, (_converted(left, Type.TEXT),), f"(?s)^{regex}$")

    def _sum(self) -> Term:
        term = self._product()
        while symbol := self._take("+", "-"):
            term = self._arithmetic(symbol, term, self._product())
        return term

    def _product(self) -> Term:
        term = self._signed()
        while symbol := self._take("*", "/", "%"):
            term = self._arithmetic(symbol, term, self._signed())
        return term

    def _arithmetic(self, symbol: _Token, left: Term, right: Term) -> Term:
        self._operations += 1
        if self._operations > MAX_ARITHMETIC:
            self._fail(f"more than {MAX_ARITHMETIC} operations", symbol.at)
        return _numeric(symbol.word, left, right)

    def _signed(self) -> Term:
        negative = False
        while symbol := self._take("+", "-"):
            negative ^= symbol.word == "-"
        term = self._primary()
        return _numeric("-", Term("literal", Type.NUMBER, value=0.0), term) if negative else term

    def _primary(self) -> Term:
        token = self._next
        if self._take("("):
            term = self._or()
            self._expect(")")
            return term
        self._place += 1
        match token.kind:
            case "number":
                return Term("literal", Type.NUMBER, value=float(token.text))
            case "text":
                return Term("literal", Type.TEXT, value=token.text)
            case "name" if token.word in ("true", "false"):
                return Term("literal", Type.BOOL, value=token.word == "true")
            case "name" if token.word == "null":
                return Term("literal", Type.TEXT)
            case "name" if token.word not in _WORDS:
                return self._call(token) if self._take("(") else self._name(token)
        raise self._error(f"a value expected, not {token.text!r}", token.at)

    def _name(self, token: _Token) -> Term:
        operand = _COLUMNS.get(token.text)
        if token.text == "properties":
            operand = Operand(Source.EVENT, self._key())
        elif token.text == "person":
            self._expect(".")
            self._expect("properties")
            operand = Operand(Source.PERSON, self._key())
        if operand is None:
            self._fail(f"unknown name {token.text!r}", token.at)
        if self._outside:
            self._fail(f"{token.text!r} outside of an aggregate", token.at)
        return Term("read", Type.TEXT, operand=operand)

    def _key(self) -> str:
        self._expect(".")
        token = self._next
        if token.kind not in ("name", "quoted"):
            self._fail(f"the name of a property expected, not {token.text!r}")
        self._place += 1
        return token.text

    def _text(self, what: str) -> str:
        token = self._next
        if token.kind != "text":
            self._fail(f"{what} expected, not {token.text!r}")
        self._place += 1
        return token.text

    def _call(self, token: _Token) -> Term:
        name = token.text.lower()
        if name in AGGREGATES and self._outside:
            self._outside = False
            term = self._aggregate(name, token)
            self._outside = True
            return term
        if name == "match":
            return self._match()
        args = self._args()
        build = _FUNCTIONS.get(name)
        if build is None:
            self._fail(f"unknown function {token.text!r}", token.at)
        built = build(args)
        if built is None:
            self._fail(f"{token.text} does not take these arguments", token.at)
        return built

    def _args(self) -> list[Term]:
        args: list[Term] = []
        while not self._take(")"):
            if args:
                self._expect(",")
            args.append(self._or())
        return args

    def _match(self) -> Term:
        text = _converted(self._or(), Type.TEXT)
        self._expect(",")
        at = self._next.at
        pattern = self._text("a pattern in quotes")
        self._expect(")")
        try:
            checked_pattern(pattern, self._attr)
        except InvalidInput as error:
            self._fail(error.detail.removesuffix("."), at)
        return Term("match", Type.BOOL, (text,), pattern)

    def _aggregate(self, name: str, token: _Token) -> Term:
        value: float | None = None
        if name == "quantile":
            number = self._next
            self._place += 1
            value = float(number.text) if number.kind == "number" else -1.0
            if not 0 <= value <= 1:
                self._fail("a number from 0 to 1 expected", number.at)
            self._expect(")")
            self._expect("(")
        if name == "count" and self._take("*"):
            self._expect(")")
            return Term(name, Type.NUMBER)
        if name == "count" and self._take("distinct"):
            name = "uniq"
        args = self._args()
        if len(args) != 1 and not (name == "count" and not args):
            self._fail(f"{token.text} does not take these arguments", token.at)
        to = {"count": None, "uniq": Type.TEXT, "countif": Type.BOOL}.get(name, Type.NUMBER)
        return Term(name, Type.NUMBER, tuple(_converted(arg, to) if to else arg for arg in args), value)


def _converted(term: Term, to: Type) -> Term:
    return term if term.type is to else Term(to.value, to, (term,))


def _truth(op: str, *terms: Term) -> Term:
    return Term(op, Type.BOOL, tuple(_converted(term, Type.BOOL) for term in terms))


def _numeric(op: str, *terms: Term) -> Term:
    return Term(op, Type.NUMBER, tuple(_converted(term, Type.NUMBER) for term in terms))


def _compared(op: str, left: Term, right: Term) -> Term:
    to = Type.NUMBER if Type.NUMBER in (left.type, right.type) else Type.TEXT
    return Term(op, Type.BOOL, (_converted(left, to), _converted(right, to)))


_Build: TypeAlias = Callable[[list[Term]], Term | None]


def _fixed(name: str, takes: Type, gives: Type) -> _Build:
    def build(args: list[Term]) -> Term | None:
        return Term(name, gives, (_converted(args[0], takes),)) if len(args) == 1 else None

    return build


def _conversion(to: Type) -> _Build:
    return lambda args: _converted(args[0], to) if len(args) == 1 else None


def _alike(name: str, terms: list[Term]) -> Term:
    to = terms[0].type if len({term.type for term in terms}) == 1 else Type.TEXT
    return Term(name, to, tuple(_converted(term, to) for term in terms))


def _coalesce(args: list[Term]) -> Term | None:
    return _alike("coalesce", args) if args else None


def _if(args: list[Term]) -> Term | None:
    if len(args) != 3:
        return None
    chosen = _alike("if", args[1:])
    return Term("if", chosen.type, (_converted(args[0], Type.BOOL), *chosen.args))


def _round(args: list[Term]) -> Term | None:
    if not 1 <= len(args) <= 2:
        return None
    digits = args[1].value if len(args) == 2 and args[1].op == "literal" else 0.0 if len(args) == 1 else None
    if not isinstance(digits, float) or not digits.is_integer() or digits > MAX_DIGITS:
        return None
    return Term("round", Type.NUMBER, (_converted(args[0], Type.NUMBER),), digits)


def _concat(args: list[Term]) -> Term | None:
    return Term("concat", Type.TEXT, tuple(_converted(arg, Type.TEXT) for arg in args)) if args else None


_FUNCTIONS: dict[str, _Build] = {
    "tostring": _conversion(Type.TEXT),
    "tofloat": _conversion(Type.NUMBER),
    "toint": _fixed("trunc", Type.NUMBER, Type.NUMBER),
    "lower": _fixed("lower", Type.TEXT, Type.TEXT),
    "upper": _fixed("upper", Type.TEXT, Type.TEXT),
    "length": _fixed("length", Type.TEXT, Type.NUMBER),
    "floor": _fixed("floor", Type.NUMBER, Type.NUMBER),
    "ceil": _fixed("ceil", Type.NUMBER, Type.NUMBER),
    "abs": _fixed("abs", Type.NUMBER, Type.NUMBER),
    "round": _round,
    "concat": _concat,
    "coalesce": _coalesce,
    "ifnull": lambda args: _coalesce(args) if len(args) == 2 else None,
    "if": _if,
}
