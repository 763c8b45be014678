"""Which persons a query means, as SQL, as far as the relational store finds them: by ids and by e-mail."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, SQLColumnExpression, false, func, select

from ...domain.people_index import needs_index
from ...domain.ports import PersonQuery
from .tables import DistinctIdRow, PersonRow


def conditions(query: PersonQuery) -> list[ColumnElement[bool]]:
    """All conditions of a query that needs no index of people."""
    if needs_index(query):
        raise ValueError("Such a query is for the index of people.")
    found: list[ColumnElement[bool]] = [PersonRow.project_id == query.project_id]
    if any(asked is not None and "\0" in asked for asked in (query.distinct_id, query.email)):
        return [false()]  # nothing stored contains it, and PostgreSQL does not take it
    if query.distinct_id is not None:
        found.append(PersonRow.id == _holder(query.project_id, query.distinct_id))
    if query.email is not None:
        found.append(PersonRow.email == query.email)
    return found


def contains(connection: Connection, text: SQLColumnExpression[str], needle: str) -> ColumnElement[bool]:
    """Whether the lower-cased text contains the needle. Each character is lowered by itself, as the domain does it."""
    if connection.dialect.name == "sqlite":
        return func.hedgerow_contains(text, needle)
    return func.strpos(func.lower(text.collate("pg_c_utf8")), needle) > 0


def _holder(project_id: int, distinct_id: str) -> ColumnElement[int]:
    return (
        select(DistinctIdRow.person_id)
        .where(DistinctIdRow.project_id == project_id, DistinctIdRow.distinct_id == distinct_id)
        .scalar_subquery()
    )
