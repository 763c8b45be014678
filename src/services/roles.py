"""Roles: groups of members, which access rules can name."""

from __future__ import annotations

from ..domain.errors import InvalidInput, NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.roles import Role


class RoleService:
    """Makes roles and says who is in them."""

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def create(self, name: str) -> Role:
        """A new role without members. Raises `InvalidInput` for an empty name, `Conflict` for one in use."""
        if not name.strip():
            raise InvalidInput("This field may not be blank.", attr="name", code="blank")
        with self._begin() as work:
            role = work.roles.add(name.strip(), self._clock())
            work.commit()
        return role

    def add(self, name: str, email: str) -> Role:
        """Put a user into a role; nothing happens to one who is in it. Raises `NotFound`."""
        with self._begin() as work:
            role, user_id = _both(work, name, email)
            work.roles.join(role.id, user_id)
            work.commit()
        return role

    def remove(self, name: str, email: str) -> Role:
        """Take a user out of a role. Raises `NotFound`, also for one who is not in it."""
        with self._begin() as work:
            role, user_id = _both(work, name, email)
            if not work.roles.leave(role.id, user_id):
                raise NotFound(f"{email} is not in the role {name!r}.")
            work.commit()
        return role


def _both(work: UnitOfWork, name: str, email: str) -> tuple[Role, int]:
    role, user = work.roles.named(name), work.accounts.user(email=email)
    if role is None:
        raise NotFound(f"There is no role {name!r}.")
    if user is None:
        raise NotFound(f"There is no user {email!r}.")
    return role, user.id
