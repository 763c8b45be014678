"""DuckDB: a value named within an expression, so that it is written and worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


def let(
    name: str, value: ColumnElement[Any], within: Callable[[ColumnElement[Any]], ColumnElement[Any]]
) -> ColumnElement[Any]:
    """An expression within which a value has a name, so that it is written and worked out once."""
    return Let(name, value, within(literal_column(name)))


class Let(ColumnElement[Any]):
    """A value named within an expression: DuckDB has no other way to say it than a list of one."""

    inherit_cache = True
    # What makes up the cache key of a statement that holds one.
    _traverse_internals: Any = [  # noqa: RUF012
        ("name", InternalTraversal.dp_string),
        ("value", InternalTraversal.dp_clauseelement),
        ("within", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, name: str, value: ColumnElement[Any], within: ColumnElement[Any]) -> None:
        self.name = name
        self.value = value
        self.within = within


@compiles(Let)
def _let_text(let: Let, compiler: Any, **options: Any) -> str:
    value, within = compiler.process(let.value, **options), compiler.process(let.within, **options)
    return f"list_transform([{value}], lambda {let.name}: {within})[1]"
