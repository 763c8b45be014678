"""Expressions as SQL, with the meaning that the domain gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    Integer,
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
from ...domain.expression import Term, Type
from ...domain.expression_values import EXACT
from ...domain.operands import Operand
from .dialects import Dialect

Read: TypeAlias = Callable[[Operand], ColumnElement[Any]]

_TYPES: dict[Type, TypeEngine[Any]] = {Type.TEXT: Text(), Type.NUMBER: Double(), Type.BOOL: Boolean()}
_ZERO: ColumnElement[Any] = literal_column("CAST(0 AS DOUBLE PRECISION)", Double)


def value(term: Term, read: Read, sql: Dialect) -> ColumnElement[Any]:
    """A term's value; `read` gives an operand's text."""
    if term.op == "literal":
        if term.value is None:
            return cast(null(), _TYPES[term.type])
        # Cast, or DuckDB takes a bound 1.0 for a decimal.
        return cast(bindparam(None, term.value, _TYPES[term.type]), _TYPES[term.type])
    if term.op == "read" and term.operand is not None:
        return read(term.operand)
    # In brackets: SQLAlchemy leaves them out where `NOT … IS NULL` needs them.
    return Grouping(_applied(term, [value(arg, read, sql) for arg in term.args], sql))


def aggregate(term: Term, column: ColumnElement[Any] | None, sql: Dialect) -> ColumnElement[Any]:
    """What an aggregate comes to, as a double; `column` has its argument, if it takes one."""
    found: ColumnElement[Any]
    match term.op:
        case _ if column is None:
            found = func.count()
        case "count":
            found = func.count(column)
        case "uniq":
            found = func.count(column.distinct())
        case "countif":
            found = func.count(case((column, literal_column("1"))))
        case "quantile":
            found = sql.quantile(column, float(term.value or 0))
        case _:
            found = sql.aggregate(Function(term.op), column)
    return cast(found, Double)


def result(term: Term, columns: Mapping[Term, ColumnElement[Any]], sql: Dialect) -> ColumnElement[Any]:
    """An aggregate expression as a number, never NULL; `columns` has what each of its aggregates comes to."""
    return func.coalesce(_settled(term, columns, sql), _ZERO, type_=Double)


def _settled(term: Term, columns: Mapping[Term, ColumnElement[Any]], sql: Dialect) -> ColumnElement[Any]:
    if term in columns:
        return columns[term]
    if not term.args:
        return value(term, lambda _: null(), sql)
    return Grouping(_applied(term, [_settled(arg, columns, sql) for arg in term.args], sql))


def _applied(term: Term, args: list[ColumnElement[Any]], sql: Dialect) -> ColumnElement[Any]:
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
            return _converted(term, args[0], sql)
        case "concat":
            return func.concat(*args, type_=Text)  # nulls are nothing in it
        case "lower" | "upper":
            return sql.lower(args[0]) if term.op == "lower" else sql.upper(args[0])
        case "length":
            return cast(func.length(args[0]), Double)
        case "match":
            return sql.matches(args[0], str(term.value))
    if term.type is Type.NUMBER:
        return _once(term, _number(term, args, sql), sql.finite, sql)
    return _COMPARISONS[term.op](*args)


def _converted(term: Term, arg: ColumnElement[Any], sql: Dialect) -> ColumnElement[Any]:
    given = term.args[0]
    match term.type, given.type:
        case Type.NUMBER, Type.TEXT:
            return _once(given, arg, sql.number, sql)
        case Type.NUMBER, _:
            return cast(cast(arg, Integer), Double)  # PostgreSQL makes no double of a boolean
        case Type.TEXT, Type.BOOL:
            return cast(arg, Text)
        case Type.TEXT, _:
            return _once(given, arg, lambda one: _text_of_number(one, sql), sql)
        case _, Type.TEXT:
            return _once(given, arg, lambda one: case((one == "true", true()), (one == "false", false())), sql)
    return arg != _ZERO


def _text_of_number(number: ColumnElement[Any], sql: Dialect) -> ColumnElement[Any]:
    whole = and_(number == func.trunc(number), func.abs(number) < literal_column(str(EXACT)))
    return case((whole, cast(cast(number, BigInteger), Text)), else_=sql.number_text(number))


def _number(term: Term, args: list[ColumnElement[Any]], sql: Dialect) -> ColumnElement[Any]:
    match term.op:
        case "+" | "-" | "*":
            return sql.arithmetic(term.op, *args)
        case "/" | "%":
            number, by = args
            return _once(
                term.args[0],
                number,
                lambda one: _once(
                    term.args[1], by, lambda other: _divided(term.op, one, other, sql), sql, name="other"
                ),
                sql,
            )
        case "round":
            return sql.rounded(args[0], int(float(term.value or 0)))
    return type_coerce(getattr(func, term.op)(args[0]), Double)


def _divided(op: str, number: ColumnElement[Any], by: ColumnElement[Any], sql: Dialect) -> ColumnElement[Any]:
    """By zero it makes zero, but of null null."""
    return case((and_(by == _ZERO, number.is_not(None)), _ZERO), else_=sql.arithmetic(op, number, by))


def _once(
    term: Term,
    value: ColumnElement[Any],
    within: Callable[[ColumnElement[Any]], ColumnElement[Any]],
    sql: Dialect,
    name: str = "one",
) -> ColumnElement[Any]:
    """A term's value where it is written several times: one that has parts gets a name, or nested expressions would
    double with each level."""
    return sql.let(name, value, within) if term.args else within(value)


_COMPARISONS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
