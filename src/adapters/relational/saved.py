"""What members keep, row by row: one repository for each kind over the same few statements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, bindparam, false, func, insert, or_, select, update

from ...domain.access import EVERYTHING, Listing
from ...domain.conditions import lower
from ...domain.insights import Insight, InsightQuery
from ...domain.saved import SavedPage
from ...domain.saved_actions import SavedAction
from .columns import LARGEST
from .filters import contains
from .saved_tables import ActionRow, InsightRow
from .tables import Row

T = TypeVar("T")


class SqlSavedRepository(Generic[T]):
    """A kind is told by its table, whose columns are the entity's fields, and by the entity's class."""

    table: ClassVar[type[Row]]
    entity: ClassVar[type[Any]]
    tuples: ClassVar[tuple[str, ...]] = ()

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._columns: Any = self.table.__table__.c
        self._names = [column.name for column in self._columns]

    def add(self, one: T) -> T:
        values = self._values(one)
        return self._entity(self._connection.execute(insert(self.table).values(values).returning(*self._columns)).one())

    def get(self, project_id: int, id: int) -> T | None:
        return self._one(project_id, self._columns.id == id) if 0 < id <= LARGEST else None

    def save(self, one: T) -> None:
        statement = update(self.table).where(self._columns.id == one.id)  # type: ignore[attr-defined]
        self._connection.execute(statement.values(self._values(one)))

    def page(self, project_id: int, *, limit: int, offset: int, shown: Listing = EVERYTHING) -> SavedPage[T]:
        return self._page([self._columns.project_id == project_id], shown, limit=limit, offset=offset)

    def revision(self, project_id: int) -> int:
        return int(self._connection.execute(_revision_in(self.table), {"project": project_id}).scalar_one())

    def _page(self, where: Sequence[ColumnElement[bool]], shown: Listing, *, limit: int, offset: int) -> SavedPage[T]:
        found = (self._columns.deleted.is_(false()), *where, *self._shown(shown))
        count = self._connection.execute(select(func.count()).select_from(self.table).where(*found)).scalar_one()
        rows = select(*self._columns).where(*found).order_by(self._columns.id.desc())
        rows = rows.limit(limit).offset(min(offset, LARGEST))
        return SavedPage([self._entity(row) for row in self._connection.execute(rows)], count)

    def _shown(self, shown: Listing) -> list[ColumnElement[bool]]:
        if shown == EVERYTHING:
            return []
        ids = [int(one) for one in shown.exceptions]
        by_rule = self._columns.id.not_in(ids) if shown.everything else self._columns.id.in_(ids)
        if shown.creator is None:
            return [by_rule]
        return [or_(by_rule, self._columns.created_by == shown.creator)]

    def _one(self, project_id: int, by: ColumnElement[bool]) -> T | None:
        statement = select(*self._columns).where(self._columns.project_id == project_id, by)
        if not self._connection.get_execution_options().get("postgresql_readonly"):
            statement = statement.with_for_update()
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else self._entity(row)

    def _values(self, one: Any) -> dict[str, Any]:
        return {name: getattr(one, name) for name in self._names if name != "id"}

    def _entity(self, row: Any) -> T:
        fields = dict(row._mapping)
        found: T = self.entity(**{**fields, **{name: tuple(fields[name]) for name in self.tuples}})
        return found


class SqlActionRepository(SqlSavedRepository[SavedAction]):
    """The actions in a relational store, within one transaction."""

    table = ActionRow
    entity = SavedAction
    tuples = ("tags", "steps")


class SqlInsightRepository(SqlSavedRepository[Insight]):
    """The insights in a relational store, within one transaction."""

    table = InsightRow
    entity = Insight
    tuples = ("tags", "dashboards")

    def by_short_id(self, project_id: int, short_id: str) -> Insight | None:
        return self._one(project_id, InsightRow.short_id == short_id)

    def find(self, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        where: list[ColumnElement[bool]] = [InsightRow.project_id == query.project_id]
        for column, value in (
            (InsightRow.short_id, query.short_id),
            (InsightRow.saved, query.saved),
            (InsightRow.favorited, query.favorited),
            (InsightRow.created_by, query.created_by),
        ):
            if value is not None:
                where.append(column == value)
        if query.search is not None:
            where.append(contains(self._connection, InsightRow.name, lower(query.search)))
        return self._page(where, query.shown, limit=limit, offset=offset)


@cache
def _revision_in(table: type[Row]) -> Select[Any]:
    """Rows stay and versions only grow, so their sum grows with every change. Asked by every trend, so put together
    once."""
    columns: Any = table.__table__.c
    return select(func.coalesce(func.sum(columns.version), 0)).where(columns.project_id == bindparam("project"))
