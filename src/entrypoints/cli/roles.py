"""`hedgerow roles`: groups of members, which access rules can name."""

from __future__ import annotations

from typing import Any

import click

from ...domain.roles import Role
from .output import answers


@click.group()
def roles() -> None:
    """Roles: groups of users, which access rules can name."""


@roles.command()
@click.argument("name")
@answers
def create(name: str) -> dict[str, Any]:
    """Create a role."""
    from ..bootstrap import relational_store

    with relational_store() as store:
        return _role(store.roles.create(name))


@roles.command()
@click.argument("name")
@click.argument("email")
@answers
def add(name: str, email: str) -> dict[str, Any]:
    """Put a user into a role."""
    from ..bootstrap import relational_store

    with relational_store() as store:
        return _role(store.roles.add(name, email))


@roles.command()
@click.argument("name")
@click.argument("email")
@answers
def remove(name: str, email: str) -> dict[str, Any]:
    """Take a user out of a role."""
    from ..bootstrap import relational_store

    with relational_store() as store:
        return _role(store.roles.remove(name, email))


def _role(role: Role) -> dict[str, Any]:
    return {"id": str(role.id), "name": role.name}
