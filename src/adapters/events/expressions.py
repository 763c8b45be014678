"""Expressions as SQL, with the meaning that the domain gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    null,
    or_,
    true,
    type_coerce,
)
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from ...domain.aggregation import Function
from ...domain.expression import AGGREGATES, Term, Type
from ...domain.expression_values import EXACT
from ...domain.operands import Operand
from .dialects import duckdb
from .dialects.duckdb_let import let

Read: TypeAlias = Callable[[Operand], ColumnElement[Any]]

_TYPES: dict[Type, TypeEngine[Any]] = {Type.TEXT: Text(), Type.NUMBER: Double(), Type.BOOL: Boolean()}
_ZERO: ColumnElement[Any] = literal_column("0.0::DOUBLE", Double)


def value(term: Term, read: Read) -> ColumnElement[Any]:
    """A term's value; `read` gives an operand's text."""
    if term.op == "literal":
        if term.value is None:
            return type_coerce(null(), _TYPES[term.type])
        # Cast, or DuckDB takes a bound 1.0 for a decimal.
        return cast(bindparam(None, term.value, _TYPES[term.type]), _TYPES[term.type])
    if term.op == "read" and term.operand is not None:
        return read(term.operand)
    # In brackets: SQLAlchemy leaves them out where `NOT … IS NULL` needs them.
    return Grouping(_applied(term, [value(arg, read) for arg in term.args]))


def aggregate(term: Term, columns: dict[Term, ColumnElement[Any]]) -> ColumnElement[Any]:
    """An aggregate expression as a number, never NULL; `columns` has the argument of each of its aggregates."""
    return func.coalesce(_aggregated(term, columns), _ZERO, type_=Double)


def _aggregated(term: Term, columns: dict[Term, ColumnElement[Any]]) -> ColumnElement[Any]:
    if term.op not in AGGREGATES:
        if not term.args:
            return value(term, lambda _: null())
        return Grouping(_applied(term, [_aggregated(arg, columns) for arg in term.args]))
    if not term.args:
        return cast(func.count(), Double)
    column = columns[term.args[0]]
    found: ColumnElement[Any]
    match term.op:
        case "count":
            found = func.count(column)
        case "uniq":
            found = func.count(column.distinct())
        case "countif":
            found = func.count(case((column, literal_column("1"))))
        case "quantile":
            found = duckdb.quantile(column, float(term.value or 0))
        case _:
            found = duckdb.aggregate(Function(term.op), column)
    return cast(found, Double)


def _applied(term: Term, args: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    match term.op:
        case "and":
            return and_(*args)
        case "or":
            return or_(*args)
        case "not":
            return not_(args[0])
        case "is null":
            return args[0].is_(None)
        case "coalesce":
            return func.coalesce(*args, type_=_TYPES[term.type])
        case "if":
            return case((args[0], args[1]), else_=args[2])
        case "number" | "text" | "bool":
            return _converted(term, args[0])
        case "concat":
            return func.concat(*args, type_=Text)  # nulls are nothing in it
        case "lower" | "upper":
            return type_coerce(getattr(func, term.op)(args[0]), Text)
        case "length":
            return cast(func.length(args[0]), Double)
        case "match":
            return duckdb.matches(args[0], str(term.value))
    if term.type is Type.NUMBER:
        return _once(term, _number(term, args), lambda one: case((func.isfinite(one), one)))
    return _COMPARISONS[term.op](*args)


def _converted(term: Term, arg: ColumnElement[Any]) -> ColumnElement[Any]:
    given = term.args[0]
    match term.type, given.type:
        case Type.NUMBER, Type.TEXT:
            return _once(given, arg, duckdb.number)
        case Type.NUMBER, _:
            return cast(arg, Double)
        case Type.TEXT, Type.BOOL:
            return cast(arg, Text)
        case Type.TEXT, _:
            return _once(given, arg, _text_of_number)
        case _, Type.TEXT:
            return _once(given, arg, lambda one: case((one == "true", true()), (one == "false", false())))
    return arg != _ZERO


def _text_of_number(number: ColumnElement[Any]) -> ColumnElement[Any]:
    whole = and_(number == func.trunc(number), func.abs(number) < literal_column(str(EXACT)))
    return case((whole, cast(cast(number, BigInteger), Text)), else_=cast(number, Text))


def _number(term: Term, args: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    match term.op:
        case "+":
            return args[0] + args[1]
        case "-":
            return args[0] - args[1]
        case "*":
            return args[0] * args[1]
        case "/" | "%":
            number, by = args
            return _once(
                term.args[0],
                number,
                lambda one: _once(term.args[1], by, lambda other: _divided(term.op, one, other), name="other"),
            )
        case "round":
            return func.round(args[0], literal_column(str(int(float(term.value or 0)))))
    return type_coerce(getattr(func, term.op)(args[0]), Double)


def _divided(op: str, number: ColumnElement[Any], by: ColumnElement[Any]) -> ColumnElement[Any]:
    """By zero it makes zero, but of null null."""
    found = func.fmod(number, by) if op == "%" else number.op("/", return_type=Double())(by)
    return case((and_(by == _ZERO, number.is_not(None)), _ZERO), else_=found)


def _once(
    term: Term,
    value: ColumnElement[Any],
    within: Callable[[ColumnElement[Any]], ColumnElement[Any]],
    name: str = "one",
) -> ColumnElement[Any]:
    """A term's value where it is written several times: one that has parts gets a name, or nested expressions would
    double with each level."""
    return let(name, value, within) if term.args else within(value)


_COMPARISONS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
