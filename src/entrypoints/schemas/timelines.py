"""Timelines on the wire."""

from __future__ import annotations

import marshmallow as ma

from ..api import Schema


class TimelineArguments(Schema):
    """Which events to look at, and which properties matter, in the keys of a trend."""

    events = ma.fields.String(
        metadata={"description": "Events to look at, a JSON list; all when empty.", "example": '[{"id":"$pageview"}]'}
    )
    actions = ma.fields.String(metadata={"description": "Actions to look at, a JSON list."})
    properties = ma.fields.String(
        metadata={
            "description": "Filters as JSON. The keys of those on persons are the ones whose changes make a point.",
            "example": '[{"key":"plan","value":"pro","type":"person"}]',
        }
    )
    date_from = ma.fields.String(metadata={"description": "By default the start of the day 7 days ago."})
    date_to = ma.fields.String(metadata={"description": "By default the end of today."})
    interval = ma.fields.String(metadata={"description": "How long the range is when both dates are the same."})
    display = ma.fields.String(metadata={"description": "Accepted and without effect."})
    breakdown = ma.fields.String(metadata={"description": "A key, or a JSON list of keys, that matter too …"})
    breakdown_type = ma.fields.String(metadata={"description": "… if this is `person`."})


class PointSchema(Schema):
    """From when on the person had these properties."""

    timestamp = ma.fields.AwareDateTime(required=True)
    properties = ma.fields.Dict(keys=ma.fields.String(), required=True, metadata={"example": {"plan": "pro"}})
    relevant_event_count = ma.fields.Integer(
        required=True, metadata={"description": "How many events there are from this point up to the next."}
    )


class TimelineSchema(Schema):
    """A person's timeline."""

    points = ma.fields.List(ma.fields.Nested(PointSchema), required=True)
    crucial_property_keys = ma.fields.List(ma.fields.String(), required=True)
    effective_date_from = ma.fields.AwareDateTime(required=True)
    effective_date_to = ma.fields.AwareDateTime(required=True)
