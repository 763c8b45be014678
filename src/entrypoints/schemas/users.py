"""Users as other things' bodies show them."""

from __future__ import annotations

from collections.abc import Mapping

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


def user_body(user: User) -> dict[str, JsonValue]:
    """A user in PostHog's short form. There is no mail: nothing is verified."""
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


def author_body(users: Mapping[int, User], user_id: int | None) -> dict[str, JsonValue] | None:
    """The user who made or changed something, of all `users`; None for nobody."""
    user = users.get(user_id or 0)
    return user_body(user) if user else None
