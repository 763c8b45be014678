"""Access rules."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, or_, select, update

from ...domain.access import Level, Resource, Rule
from ...domain.accounts import User
from .access_tables import AccessRuleRow, RoleMemberRow
from .population import lock_projects


class SqlRuleRepository:
    """The access rules in a relational store, within one transaction."""

    def __init__(self, connection: Connection, *, write: bool) -> None:
        self._connection = connection
        self._write = write

    def for_member(
        self,
        user: User,
        project_id: int | None,
        *,
        wholes: Collection[Resource] = (),
        objects: Collection[Resource] = (),
    ) -> Sequence[Rule]:
        asked = {"user": user.id, "member": user.member_id, "objects": [*objects], "wholes": [*wholes]}
        if project_id is None:
            return [_rule(row) for row in self._connection.execute(_FOR_MEMBER, asked)]
        rows = self._connection.execute(_FOR_MEMBER_IN_PROJECT, asked | {"project": project_id})
        return [_rule(row) for row in rows]

    def about(self, project_id: int, resources: Collection[Resource]) -> Sequence[Rule]:
        if self._write:
            lock_projects(self._connection, [project_id])
        statement = select(*_RULE).where(
            AccessRuleRow.project_id == project_id, AccessRuleRow.resource.in_({*resources, Resource.PROJECT})
        )
        return [_rule(row) for row in self._connection.execute(statement.order_by(AccessRuleRow.id))]

    def put(self, rule: Rule) -> None:
        values = {column.key: getattr(rule, column.key) for column in _RULE}
        values |= {"resource_id": rule.resource_id or "", "access_level": rule.access_level.text}
        if not self._connection.execute(update(AccessRuleRow).where(*_same(rule)).values(values)).rowcount:
            self._connection.execute(insert(AccessRuleRow).values(values))

    def delete(self, rule: Rule) -> None:
        self._connection.execute(delete(AccessRuleRow).where(*_same(rule)))

    def forget_object(self, project_id: int, resource: Resource, resource_id: str) -> None:
        self._connection.execute(delete(AccessRuleRow).where(*_about(project_id, resource, resource_id)))


def _about(project_id: int, resource: Resource, resource_id: str | None) -> tuple[ColumnElement[bool], ...]:
    return (
        AccessRuleRow.project_id == project_id,
        AccessRuleRow.resource == resource,
        AccessRuleRow.resource_id == (resource_id or ""),
    )


def _same(rule: Rule) -> tuple[ColumnElement[bool], ...]:
    """About the same and for the same subject; `== None` becomes IS NULL."""
    return (
        *_about(rule.project_id, rule.resource, rule.resource_id),
        AccessRuleRow.organization_member == rule.organization_member,
        AccessRuleRow.role == rule.role,
    )


def _rule(row: Any) -> Rule:
    return Rule(
        **{
            **row._mapping,
            "resource": Resource(row.resource),
            "resource_id": row.resource_id or None,
            "access_level": Level[row.access_level.upper()],
        }
    )


_RULE = tuple(column for column in AccessRuleRow.__table__.columns if column.key != "id")

# Asked by every request, so put together once.
_FOR_MEMBER = select(*_RULE).where(
    or_(
        AccessRuleRow.organization_member == bindparam("member"),
        AccessRuleRow.role.in_(select(RoleMemberRow.role_id).where(RoleMemberRow.user_id == bindparam("user"))),
        and_(AccessRuleRow.organization_member.is_(None), AccessRuleRow.role.is_(None)),
    ),
    or_(
        AccessRuleRow.resource.in_(bindparam("objects", expanding=True)),
        and_(AccessRuleRow.resource.in_(bindparam("wholes", expanding=True)), AccessRuleRow.resource_id == ""),
    ),
)
_FOR_MEMBER_IN_PROJECT = _FOR_MEMBER.where(AccessRuleRow.project_id == bindparam("project"))
