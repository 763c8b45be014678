"""The tables of roles and access rules, and the organisation they are for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from .tables import ProjectRow, Row, UserRow

_STRICT = {"sqlite_strict": True}
_RULED = ("project_id", "resource", "resource_id")


class OrganizationRow(Row):
    """One row, made by the migration."""

    __tablename__ = "organizations"
    __table_args__ = _STRICT

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    slug: Mapped[str]


class RoleRow(Row):
    __tablename__ = "roles"
    __table_args__ = _STRICT

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class RoleMemberRow(Row):
    __tablename__ = "role_members"
    __table_args__ = _STRICT

    role_id: Mapped[UUID] = mapped_column(ForeignKey(RoleRow.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id, ondelete="CASCADE"), primary_key=True, index=True)


def _one_rule(kind: str, *subject: str, where: str) -> Index:
    name = f"ix_access_controls_{kind}"  # by the convention it would be too long for PostgreSQL
    return Index(name, *_RULED, *subject, unique=True, sqlite_where=text(where), postgresql_where=text(where))


class AccessRuleRow(Row):
    """An access rule. `resource_id` is empty for one on the resource as a whole.

    One rule for each subject, nobody being one of them: as nulls are never equal in an index, there is one index
    for each kind of subject.
    """

    __tablename__ = "access_controls"
    __table_args__ = (
        _one_rule("default", where="organization_member IS NULL AND role IS NULL"),
        _one_rule("member", "organization_member", where="organization_member IS NOT NULL"),
        _one_rule("role", "role", where="role IS NOT NULL"),
        {"sqlite_strict": True, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id, ondelete="CASCADE"))
    resource: Mapped[str]
    resource_id: Mapped[str]
    organization_member: Mapped[UUID | None] = mapped_column(ForeignKey(UserRow.member_id, ondelete="CASCADE"))
    role: Mapped[UUID | None] = mapped_column(ForeignKey(RoleRow.id, ondelete="CASCADE"))
    access_level: Mapped[str]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
