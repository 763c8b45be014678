"""Event deletions on the wire."""

from __future__ import annotations

import marshmallow as ma

from ...domain.deletions import Deletion, DeletionStatus
from ..api import Schema
from .common import instant


class DeletionSchema(Schema):
    """A request to delete a person's events, or the receipt for it."""

    person_uuid = ma.fields.UUID(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf([*DeletionStatus]))
    delete_verified_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class DeletionPageSchema(Schema):
    """One page of deletions, newest first."""

    count = ma.fields.Integer(required=True)
    next = ma.fields.Url(required=True, allow_none=True)
    previous = ma.fields.Url(required=True, allow_none=True)
    results = ma.fields.List(ma.fields.Nested(DeletionSchema), required=True)


class DeletionArguments(Schema):
    """Which deletions, and which page of them."""

    status = ma.fields.String(metadata={"description": "`pending`, `completed` or `all` (default)."})
    person_uuid = ma.fields.String(metadata={"description": "Only this person's."})
    limit = ma.fields.String(metadata={"description": "1 to 1000; 100 when absent or empty."})
    offset = ma.fields.String(metadata={"description": "How many rows to pass over; 0 when absent."})


def deletion_body(deletion: Deletion) -> dict[str, str | None]:
    """A deletion of a person as JSON."""
    return {
        "person_uuid": deletion.request.key,
        "created_at": instant(deletion.request.at),
        "status": deletion.status.value,
        "delete_verified_at": instant(deletion.verified_at) if deletion.verified_at else None,
    }
