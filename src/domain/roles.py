"""Roles: groups of members that access rules can name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from .access import Member


@dataclass(frozen=True, slots=True)
class Role:
    """A named group of members."""

    id: UUID
    name: str
    created_at: datetime


class RoleRepository(Protocol):
    """The roles of the organisation and who is in them."""

    def add(self, name: str, at: datetime) -> Role:
        """A new role without members; raises `Conflict` when the name is taken."""

    def named(self, name: str) -> Role | None:
        """A role by its name, or None."""

    def ids(self) -> frozenset[UUID]:
        """All roles there are."""

    def join(self, role_id: UUID, user_id: int) -> None:
        """Put a user into a role; nothing happens to one who is in it."""

    def leave(self, role_id: UUID, user_id: int) -> bool:
        """Whether the user was in the role; they are not any more."""

    def members(self) -> Sequence[Member]:
        """All users with their roles, oldest user first."""
