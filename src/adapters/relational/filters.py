"""Which persons a query means, as SQL.

On SQLite the domain itself decides each condition, in functions that the connection knows (`functions`). On
PostgreSQL (17 or newer) a condition becomes SQL of the same meaning (`postgresql`).
"""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Connection,
    SQLColumnExpression,
    Text,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from ...domain.conditions import Condition, Contains, OneOf, lower
from ...domain.errors import InvalidInput
from ...domain.ports import PersonQuery
from ...domain.properties import And, Filter, FilterTree, Or, Source
from ...domain.uuids import parse_uuid
from . import postgresql
from .tables import EMAIL_PREFIX, DistinctIdRow, PersonRow, ProjectRow


def conditions(connection: Connection, query: PersonQuery) -> list[ColumnElement[bool]]:
    """All conditions of a query. Raises `InvalidInput` for a filter that persons do not have."""
    texts = _Texts(connection, query.project_id)
    found: list[ColumnElement[bool]] = [PersonRow.project_id == query.project_id]
    for asked in (query.distinct_id, query.email, query.search):
        if asked is not None and "\0" in asked:  # nothing stored contains it, and PostgreSQL does not take it
            return [*found, false()]
    if query.distinct_id is not None:
        found.append(PersonRow.id == _holder(query.project_id, query.distinct_id))
    if query.email is not None:
        found.append(PersonRow.email == query.email[:EMAIL_PREFIX])
        if len(query.email) >= EMAIL_PREFIX:
            found.append(texts.holds("email", OneOf((query.email,))))
    if query.search is not None:
        found.append(_search(texts, query.search))
    if query.updated_after is not None:
        found.append(PersonRow.updated_at > query.updated_after)
    if query.where is not None:
        found.append(_tree(texts, query.where))
    return found


def contains(connection: Connection, text: SQLColumnExpression[str], needle: str) -> ColumnElement[bool]:
    """Whether the lower-cased text contains the needle."""
    if connection.dialect.name == "sqlite":
        return func.hedgerow_contains(text, needle)
    return postgresql.contains(text, needle)


def _holder(project_id: int, distinct_id: str) -> ColumnElement[int]:
    return (
        select(DistinctIdRow.person_id)
        .where(DistinctIdRow.project_id == project_id, DistinctIdRow.distinct_id == distinct_id)
        .scalar_subquery()
    )


def _search(texts: _Texts, search: str) -> ColumnElement[bool]:
    condition = Contains(lower(search))
    ids = select(DistinctIdRow.person_id).where(
        DistinctIdRow.project_id == texts.project_id,
        DistinctIdRow.person_id.is_not(None),
        texts.contains(DistinctIdRow.distinct_id, condition.needle),
    )
    found = [PersonRow.id.in_(ids), texts.holds("email", condition), texts.holds("name", condition)]
    if uuid := parse_uuid(search):
        found.append(PersonRow.uuid == uuid)
    return or_(*found)


def _tree(texts: _Texts, tree: FilterTree) -> ColumnElement[bool]:
    match tree:
        case And():
            return and_(true(), *(_tree(texts, child) for child in tree.children))
        case Or():
            return or_(false(), *(_tree(texts, child) for child in tree.children))
        case Filter() if tree.operand.source is Source.PERSON:
            return texts.holds(tree.operand.key, tree.condition)
    raise InvalidInput("This filter does not work on persons.", "properties")


class _Texts:
    """What may be demanded of texts, in the connection's dialect."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self.project_id = project_id
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    def contains(self, text: SQLColumnExpression[str], needle: str) -> ColumnElement[bool]:
        return contains(self._connection, text, needle)

    def holds(self, key: str, condition: Condition) -> ColumnElement[bool]:
        """Whether a person's property meets the condition."""
        if not self._is_sqlite:
            return postgresql.holds(condition, PersonRow.properties.op("->>", return_type=Text())(literal(key, Text)))
        kept: list[Condition] = self._connection.info["conditions"]
        if condition not in kept:
            kept.append(condition)
        zone = select(ProjectRow.timezone).where(ProjectRow.id == self.project_id).scalar_subquery()
        return func.hedgerow_holds(PersonRow.properties, key, kept.index(condition), zone)
