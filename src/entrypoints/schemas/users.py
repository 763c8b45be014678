"""Users as other things' bodies show them."""

from __future__ import annotations

import marshmallow as ma

from ...domain.accounts import User
from ...domain.events import JsonValue
from ..api import Schema


class UserBasicSchema(Schema):
    """Who made or changed something."""

    id = ma.fields.Integer(required=True)
    uuid = ma.fields.UUID(required=True)
    distinct_id = ma.fields.String(required=True)
    first_name = ma.fields.String(required=True)
    last_name = ma.fields.String(required=True)
    email = ma.fields.String(required=True)
    is_email_verified = ma.fields.Boolean(required=True, allow_none=True)
    hedgehog_config = ma.fields.Dict(required=True, allow_none=True)
    role_at_organization = ma.fields.String(required=True, allow_none=True)


def user_body(user: User | None) -> dict[str, JsonValue] | None:
    """A user in PostHog's short form; None for nobody."""
    if user is None:
        return None
    return {
        "id": user.id,
        "uuid": str(user.uuid),
        "distinct_id": str(user.uuid),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_email_verified": None,
        "hedgehog_config": None,
        "role_at_organization": None,
    }


def own_level(user: User, created_by: int | None) -> str:
    """The caller's `user_access_level` for an object. The seam for access rules."""
    return "manager" if created_by == user.id else "editor"
