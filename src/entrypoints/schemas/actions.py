"""Actions on the wire."""

from __future__ import annotations

import marshmallow as ma

from ...domain.access import Resource, object_target
from ...domain.accounts import User
from ...domain.events import JsonValue
from ...domain.saved_actions import SavedAction
from ...services.access import Entered
from ..api import Schema
from .common import instant
from .pages import PageSchema
from .saved import description_field, tags_field, text_field
from .users import UserBasicSchema, author_body

_STEPS = {
    "description": "Any of these must match an event; none matches every event.",
    "example": [{"event": "$pageview", "url": "/pricing", "url_matching": "contains"}],
}


class ActionChangeSchema(Schema):
    """What to change of an action. `steps` replaces all steps."""

    name = text_field(1)
    description = description_field()
    tags = tags_field()
    steps = ma.fields.Raw(metadata=_STEPS)
    deleted = ma.fields.Boolean()


class NewActionSchema(ActionChangeSchema):
    """A new action."""

    name = text_field(1, required=True)


class ActionSchema(Schema):
    """An action: a named set of events."""

    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    tags = ma.fields.List(ma.fields.String(), required=True)
    deleted = ma.fields.Boolean(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    created_by = ma.fields.Nested(UserBasicSchema, required=True, allow_none=True)
    user_access_level = ma.fields.String(required=True)
    steps = ma.fields.List(ma.fields.Dict(), required=True, metadata=_STEPS)


class ActionPageSchema(PageSchema):
    """One page of actions, newest first."""

    results = ma.fields.List(ma.fields.Nested(ActionSchema), required=True)


def action_body(action: SavedAction, users: dict[int, User], who: Entered) -> dict[str, JsonValue]:
    """An action as JSON. `users` are those it may be by."""
    return {
        "id": action.id,
        "name": action.name,
        "description": action.description,
        "tags": list(action.tags),
        "deleted": action.deleted,
        "created_at": instant(action.created_at),
        "created_by": author_body(users, action.created_by),
        "user_access_level": who.level(object_target(Resource.ACTION, action)).text,
        "steps": [dict(step) for step in action.steps],
    }
