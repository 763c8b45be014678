"""`hedgerow users`: who may hold keys."""

from __future__ import annotations

from typing import Any

import click

from ...domain.accounts import MemberLevel, User
from .output import answers


@click.group()
def users() -> None:
    """Users, who hold the keys."""


@users.command()
@click.argument("email")
@click.option("--first-name", default="", help="First name.")
@click.option("--last-name", default="", help="Last name.")
@click.option(
    "--level",
    type=click.Choice([level.name.lower() for level in MemberLevel]),
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


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "uuid": str(user.uuid),
        "email": user.email,
        "level": user.level.name.lower(),
        "member_id": str(user.member_id),
    }
