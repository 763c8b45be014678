"""DuckDB: texts read as numbers by the rules of `number_of`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, and_, case, func, literal_column, try_cast


def number(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The text as a double by the syntax of `number_of`; NULL for what is no number."""
    # The cast also takes `inf`, `nan`, `1_000` and two rare kinds of space, but nothing else beyond the syntax.
    double = try_cast(value, Double)
    extra = (~func.contains(value, literal_column(char)) for char in ("'_'", "chr(11)", "chr(12)"))
    return case((and_(func.isfinite(double), *extra), double))
