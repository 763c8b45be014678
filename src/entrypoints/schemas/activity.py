"""The audit log on the wire."""

from __future__ import annotations

import marshmallow as ma

from ..api import Schema


class AuthorSchema(Schema):
    """Who did it; for commands also `is_system`."""

    first_name = ma.fields.String(required=True)
    email = ma.fields.String(required=True, allow_none=True)
    is_system = ma.fields.Boolean()


class ChangeSchema(Schema):
    """One change, with the values before and after."""

    type = ma.fields.String(required=True, metadata={"example": "Person"})
    action = ma.fields.String(required=True, metadata={"example": "changed"})
    field = ma.fields.String(required=True, allow_none=True, metadata={"example": "plan"})
    before = ma.fields.Raw(required=True, allow_none=True, metadata={"example": "free"})
    after = ma.fields.Raw(required=True, allow_none=True, metadata={"example": "team"})


class DetailSchema(Schema):
    """What was done."""

    changes = ma.fields.List(ma.fields.Nested(ChangeSchema), required=True, allow_none=True)
    trigger = ma.fields.Dict(required=True, allow_none=True)
    name = ma.fields.String(required=True, allow_none=True)
    short_id = ma.fields.String(required=True, allow_none=True)
    type = ma.fields.String(required=True, allow_none=True)


class EntrySchema(Schema):
    """An entry of the audit log."""

    id = ma.fields.UUID(required=True)
    user = ma.fields.Nested(AuthorSchema, required=True)
    activity = ma.fields.String(required=True, metadata={"example": "updated"})
    scope = ma.fields.String(required=True, metadata={"example": "Person"})
    item_id = ma.fields.String(required=True, metadata={"example": "17"})
    detail = ma.fields.Nested(DetailSchema, required=True)
    created_at = ma.fields.AwareDateTime(required=True)


class ActivityPageSchema(Schema):
    """One page of entries, newest first."""

    results = ma.fields.List(ma.fields.Nested(EntrySchema), required=True)
    next = ma.fields.Url(required=True, allow_none=True)
    previous = ma.fields.Url(required=True, allow_none=True)
    total_count = ma.fields.Integer(required=True)


class PageArguments(Schema):
    """Which page."""

    page = ma.fields.String(metadata={"description": "From 1."})
    limit = ma.fields.String(metadata={"description": "1 to 1000 entries a page; 10 when absent or empty."})


class ActivityArguments(PageArguments):
    """Which entries, and which page of them. All conditions must hold."""

    scope = ma.fields.List(ma.fields.String(), metadata={"description": "Kinds of objects.", "example": ["Person"]})
    item_id = ma.fields.String(metadata={"description": "The object's id."})
    user = ma.fields.String(metadata={"description": "The author's id."})
    activity = ma.fields.String(metadata={"description": "What was done.", "example": "deleted"})
