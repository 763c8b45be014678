"""The tables of what members keep: actions, cohorts with their members, insights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .columns import Json
from .tables import PersonRow, ProjectRow, Row, UserRow

_KEPT_IDS = {"sqlite_strict": True, "sqlite_autoincrement": True}
_STRICT = {"sqlite_strict": True}


class ActionRow(Row):
    __tablename__ = "actions"
    __table_args__ = (Index(None, "project_id", "id"), _KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    name: Mapped[str]
    description: Mapped[str]
    tags: Mapped[Any] = mapped_column(Json)
    steps: Mapped[Any] = mapped_column(Json)
    deleted: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(UserRow.id))
    version: Mapped[int]


class CohortRow(Row):
    __tablename__ = "cohorts"
    __table_args__ = (Index(None, "project_id", "id"), _KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    name: Mapped[str]
    description: Mapped[str]
    is_static: Mapped[bool]
    filters: Mapped[Any] = mapped_column(Json)
    deleted: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(UserRow.id))
    version: Mapped[int]


class CohortMemberRow(Row):
    """A person in a static cohort. Whoever deletes a person deletes these with it."""

    __tablename__ = "cohort_members"
    __table_args__ = _STRICT

    cohort_id: Mapped[int] = mapped_column(ForeignKey(CohortRow.id, ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey(PersonRow.id, ondelete="CASCADE"), primary_key=True, index=True)


class InsightRow(Row):
    __tablename__ = "insights"
    __table_args__ = (UniqueConstraint("project_id", "short_id"), Index(None, "project_id", "id"), _KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    short_id: Mapped[str]
    name: Mapped[str]
    derived_name: Mapped[str | None]
    description: Mapped[str]
    tags: Mapped[Any] = mapped_column(Json)
    favorited: Mapped[bool]
    saved: Mapped[bool]
    deleted: Mapped[bool]
    order: Mapped[int | None]
    dashboards: Mapped[Any] = mapped_column(Json)
    query: Mapped[Any | None] = mapped_column(Json)
    filters: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey(UserRow.id))
    last_modified_at: Mapped[datetime]
    last_modified_by: Mapped[int | None] = mapped_column(ForeignKey(UserRow.id))
