"""Roles and who is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError

from ...domain.access import Member
from ...domain.errors import Conflict
from ...domain.roles import Role
from .access_tables import RoleMemberRow, RoleRow
from .accounts import SqlAccountRepository


class SqlRoleRepository:
    """The roles in a relational store, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, name: str, at: datetime) -> Role:
        role = Role(uuid4(), name, at)
        try:
            with self._connection.begin_nested():  # so that the transaction can go on after a refusal
                self._connection.execute(insert(RoleRow).values(id=role.id, name=name, created_at=at))
        except IntegrityError as error:
            raise Conflict(f"There is already a role {name!r}.") from error
        return role

    def named(self, name: str) -> Role | None:
        row = self._connection.execute(select(*_ROLE).where(RoleRow.name == name)).one_or_none()
        return Role(**row._mapping) if row else None

    def ids(self) -> frozenset[UUID]:
        return frozenset(self._connection.execute(select(RoleRow.id)).scalars())

    def join(self, role_id: UUID, user_id: int) -> None:
        own = RoleMemberRow.role_id == role_id, RoleMemberRow.user_id == user_id
        if not self._connection.execute(select(exists().where(*own))).scalar():
            self._connection.execute(insert(RoleMemberRow).values(role_id=role_id, user_id=user_id))

    def leave(self, role_id: UUID, user_id: int) -> bool:
        own = RoleMemberRow.role_id == role_id, RoleMemberRow.user_id == user_id
        return self._connection.execute(delete(RoleMemberRow).where(*own)).rowcount > 0

    def members(self) -> Sequence[Member]:
        roles = defaultdict(set)
        for user_id, role_id in self._connection.execute(select(RoleMemberRow.user_id, RoleMemberRow.role_id)):
            roles[user_id].add(role_id)
        users = SqlAccountRepository(self._connection).users()
        return [Member(user, frozenset(roles[user.id])) for user in users]


_ROLE = tuple(RoleRow.__table__.columns)
