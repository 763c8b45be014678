"""Look-ups of persons on the wire."""

from __future__ import annotations

import marshmallow as ma

from ..api import Schema
from .persons import PersonSchema


class ValuesArguments(Schema):
    """Whose values."""

    key = ma.fields.String(metadata={"description": "The property's key.", "example": "plan"})
    value = ma.fields.String(metadata={"description": "Only values that contain this, in any case."})


class ValueSchema(Schema):
    """One value, as text, and how many persons have it."""

    name = ma.fields.String(required=True, metadata={"example": "pro"})
    count = ma.fields.Integer(required=True, metadata={"example": 2})


class ValuesSchema(Schema):
    """At most 20 values, most frequent first."""

    results = ma.fields.List(ma.fields.Nested(ValueSchema), required=True)
    refreshing = ma.fields.Boolean(required=True, metadata={"description": "Always false."})


class DistinctIdsSchema(Schema):
    """Which persons."""

    distinct_ids = ma.fields.Raw(
        allow_none=True, metadata={"description": "A list; only its first 200 entries count.", "example": ["d1", "d2"]}
    )


class UuidsSchema(Schema):
    """Which persons."""

    uuids = ma.fields.Raw(
        allow_none=True,
        metadata={
            "description": "A list; only its first 200 entries count.",
            "example": ["095be615-a8ad-4c33-8e9c-c7612fbf6c9f"],
        },
    )


class PersonsByKeySchema(Schema):
    """The persons that exist, by what was asked for, each with at most 10 distinct ids."""

    results = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(PersonSchema), required=True)
