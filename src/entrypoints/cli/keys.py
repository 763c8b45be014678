"""`hedgerow keys`: personal API keys."""

from __future__ import annotations

from typing import Any

import click

from ...domain.accounts import ApiKey
from .output import answers


@click.group()
def keys() -> None:
    """Personal API keys, which the private API asks for."""


@keys.command()
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose key it is.")
@click.option("--label", default="Personal API key", show_default=True, help="What the key is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help="What it may do, as person:read, insight:write or * (may be given several times).",
)
@click.option("--project", "projects", multiple=True, type=int, metavar="ID", help="Limit it to projects.")
@answers
def create(email: str, label: str, scopes: tuple[str, ...], projects: tuple[int, ...]) -> dict[str, Any]:
    """Create a key. Its value is shown this once."""
    from ..bootstrap import accounts

    with accounts() as service:
        key, value = service.create_key(email, scopes=scopes, label=label, projects=projects)
    return {"id": key.id, "label": key.label, "value": value, **_rights(key)}


@keys.command("list")
@click.option("--user", "email", required=True, metavar="EMAIL", help="Whose keys.")
@answers
def list_(email: str) -> list[dict[str, Any]]:
    """List a user's keys, without their values."""
    from ..bootstrap import accounts

    with accounts() as service:
        found = service.keys(email)
    return [
        {
            "id": key.id,
            "label": key.label,
            **_rights(key),
            "created_at": key.created_at.isoformat(),
            "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        }
        for key in found
    ]


@keys.command()
@click.argument("key_id", metavar="ID")
@answers
def revoke(key_id: str) -> dict[str, Any]:
    """End a key at once."""
    from ..bootstrap import accounts

    with accounts() as service:
        service.revoke_key(key_id)
    return {"id": key_id, "revoked": True}


def _rights(key: ApiKey) -> dict[str, Any]:
    return {
        "mask_value": key.mask_value,
        "scopes": list(key.scopes),
        "scoped_teams": list(key.scoped_projects),
    }
