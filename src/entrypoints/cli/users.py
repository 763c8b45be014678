"""`hedgerow users`: who may hold keys."""

from __future__ import annotations

from typing import Any

import click

from ...domain.accounts import MemberLevel, User
from .output import answers

_LEVELS = [level.name.lower() for level in MemberLevel]


@click.group()
def users() -> None:
    """Users, who hold the keys."""


@users.command()
@click.argument("email")
@click.option("--first-name", default="", help="First name.")
@click.option("--last-name", default="", help="Last name.")
@click.option(
    "--level",
    type=click.Choice(_LEVELS),
    default="member",
    show_default=True,
    help="Level in the organisation.",
)
@answers
def create(email: str, first_name: str, last_name: str, level: str) -> dict[str, Any]:
    """Create a user."""
    from ..bootstrap import accounts

    with accounts() as service:
        user = service.create_user(email, first_name=first_name, last_name=last_name, level=MemberLevel[level.upper()])
    return _user(user)


@users.command()
@click.argument("email")
@click.option("--level", type=click.Choice(_LEVELS), help="Level in the organisation.")
@answers
def update(email: str, level: str | None) -> dict[str, Any]:
    """Change a user."""
    from ..bootstrap import accounts

    with accounts() as service:
        return _user(service.update_user(email, level=MemberLevel[level.upper()] if level else None))


@users.command()
@click.argument("email")
@answers
def deactivate(email: str) -> dict[str, Any]:
    """End a user's membership: their keys open nothing any more, at once."""
    from ..bootstrap import accounts

    with accounts() as service:
        return _user(service.deactivate_user(email))


@users.command("list")
@answers
def list_() -> list[dict[str, Any]]:
    """List the users."""
    from ..bootstrap import accounts

    with accounts() as service:
        return [_user(user) for user in service.users()]


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "uuid": str(user.uuid),
        "email": user.email,
        "level": user.level.name.lower(),
        "member_id": str(user.member_id),
    }
