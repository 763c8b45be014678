"""Changes of persons on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ..api import REQUIRED, Schema

_TEXTS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Flag(ma.fields.Boolean):
    """A boolean, or `true`, `1`, `yes`, `false`, `0` or `no` in any case: its presence alone means nothing."""

    default_error_messages = {"invalid": "Must be a valid boolean."}  # noqa: RUF012 - marshmallow declares it so

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        if not isinstance(value, str) or value.lower() not in _TEXTS:
            raise self.make_error("invalid", input=value)
        return _TEXTS[value.lower()]


class PropertiesBody(Schema):
    """The properties to set. Others stay as they are; further fields are ignored."""

    properties = ma.fields.Dict(
        required=True, error_messages={"null": REQUIRED}, metadata={"example": {"plan": "team", "seats": 5}}
    )


class PropertyBody(Schema):
    """One property to set."""

    value = ma.fields.Raw(required=True, allow_none=True, metadata={"description": "Any JSON value.", "example": 5})
    key = ma.fields.String(required=True, error_messages={"null": REQUIRED}, metadata={"example": "seats"})


class UnsetArguments(Schema):
    """The properties to remove; a body that names some wins."""

    unset = ma.fields.List(ma.fields.String(), data_key="$unset")


class UnsetBody(Schema):
    """The properties to remove."""

    unset = ma.fields.Raw(
        data_key="$unset",
        allow_none=True,
        metadata={"description": "One key, or a list of keys.", "example": ["plan", "seats"]},
    )


class SuccessSchema(Schema):
    """It is done."""

    success = ma.fields.Boolean(required=True, metadata={"example": True})


class SplitBody(Schema):
    """Which ids become persons of their own: all but the first when nothing is given."""

    distinct_ids_to_split = ma.fields.Raw(
        allow_none=True,
        metadata={"description": "Only these ids.", "type": "array", "items": {"type": "string"}},
    )
    main_distinct_id = ma.fields.String(allow_none=True, metadata={"description": "All ids but this one."})


class DeleteArguments(Schema):
    """What goes and what stays."""

    delete_events = Flag(load_default=False, metadata={"description": "Queue the deletion of the events too."})
    keep_person = Flag(load_default=False, metadata={"description": "The person stays."})
    delete_recordings = Flag(load_default=False, metadata={"description": "Accepted; there are no recordings."})


class BulkDeleteBody(DeleteArguments):
    """Which persons: by uuid or by distinct id, at most 1000."""

    ids = ma.fields.List(ma.fields.String(), allow_none=True, metadata={"description": "The persons' uuids."})
    distinct_ids = ma.fields.List(ma.fields.String(), allow_none=True)


class FailedDeletionSchema(Schema):
    person_uuid = ma.fields.UUID(required=True)


class BulkDeletionSchema(Schema):
    """What became of a bulk deletion."""

    persons_found = ma.fields.Integer(required=True)
    persons_deleted = ma.fields.Integer(required=True)
    events_queued_for_deletion = ma.fields.Boolean(required=True)
    recordings_queued_for_deletion = ma.fields.Boolean(required=True)
    deletion_errors = ma.fields.List(ma.fields.Nested(FailedDeletionSchema), required=True)


class ResetBody(Schema):
    """A distinct id."""

    distinct_id = ma.fields.Raw(allow_none=True, metadata={"type": "string"})
