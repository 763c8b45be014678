"""Roles and who is in them, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from ...domain.access import Member
from ...domain.errors import Conflict
from ...domain.roles import Role
from .state import State


class MemoryRoleRepository:
    """The roles of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, name: str, at: datetime) -> Role:
        if self.named(name):
            raise Conflict(f"There is already a role {name!r}.")
        role = Role(uuid4(), name, at)
        self._state.roles[role.id] = role
        return role

    def named(self, name: str) -> Role | None:
        return next((role for role in self._state.roles.values() if role.name == name), None)

    def ids(self) -> frozenset[UUID]:
        return frozenset(self._state.roles)

    def join(self, role_id: UUID, user_id: int) -> None:
        self._state.role_members[role_id, user_id] = None

    def leave(self, role_id: UUID, user_id: int) -> bool:
        return self._state.role_members.pop((role_id, user_id), 0) is None

    def members(self) -> Sequence[Member]:
        return [Member(user, self.of(user.id)) for user in self._state.users.values()]

    def of(self, user_id: int) -> frozenset[UUID]:
        """The roles of a user."""
        return frozenset(role for role, member in self._state.role_members if member == user_id)
