"""Trends on the wire."""

from __future__ import annotations

import marshmallow as ma

from ..api import Schema

_JSON_LIST = {"description": "A list as JSON text.", "example": '[{"id":"purchase","math":"dau"}]'}


class TrendArguments(Schema):
    """What to compute, as flat keys. Lists and objects are JSON text."""

    events = ma.fields.String(metadata=_JSON_LIST)
    actions = ma.fields.String(metadata={"description": "A list as JSON text: `id` is an action's id."})
    query = ma.fields.String(
        metadata={"description": "Instead of the flat keys: a TrendsQuery or an InsightVizNode, as JSON text."}
    )
    filters = ma.fields.String(metadata={"description": "Instead: an object of the flat keys, as JSON text."})
    interval = ma.fields.String(
        validate=ma.validate.OneOf(["minute", "hour", "day", "week", "month"]),
        metadata={"description": "How long a bucket is; `day` by default."},
    )
    date_from = ma.fields.String(metadata={"description": "ISO 8601, relative as `-7d`, or `all`.", "example": "-30d"})
    date_to = ma.fields.String(metadata={"description": "ISO 8601 or relative; now by default."})
    properties = ma.fields.String(metadata={"description": "Filters as JSON text: a list or a nested AND/OR group."})
    breakdown = ma.fields.String(metadata={"description": "A property to break down by.", "example": "$browser"})
    breakdown_type = ma.fields.String(metadata={"description": "`event` (default) or `person`, …"})
    breakdown_limit = ma.fields.String(metadata={"description": "1 to 1000 values; 25 by default."})
    display = ma.fields.String(metadata={"description": "As `ActionsLineGraph` (default) or `BoldNumber`."})
    compare = ma.fields.String(metadata={"description": "`true` adds the previous period."})
    formula = ma.fields.String(metadata={"description": "As `A + B`: letters are the series.", "example": "A/B"})
    refresh = ma.fields.String(metadata={"description": "`true` recomputes what may be cached."})
    format = ma.fields.String(metadata={"description": "`json` (default) or `csv`."})
    limit = ma.fields.String(metadata={"description": "As breakdown_limit."})
    offset = ma.fields.String(metadata={"description": "How many breakdown values to pass over."})


class TrendBody(Schema):
    """What to compute: exactly one of `query`, `filters` and the flat keys."""

    query = ma.fields.Raw(metadata={"description": "A TrendsQuery or an InsightVizNode, or its JSON text."})
    filters = ma.fields.Raw(metadata={"description": "An object of the flat keys, or its JSON text."})
    events = ma.fields.Raw(metadata={"description": "The series.", "example": [{"id": "purchase", "math": "dau"}]})
    interval = ma.fields.Raw(metadata={"example": "day"})
    date_from = ma.fields.Raw(metadata={"example": "-30d"})
    date_to = ma.fields.Raw()
    properties = ma.fields.Raw()
    breakdown = ma.fields.Raw(metadata={"example": "$browser"})


class SeriesSchema(Schema):
    """One row: a series, or one breakdown value of it."""

    data = ma.fields.List(
        ma.fields.Float(), required=True, allow_none=True, metadata={"description": "One number a bucket."}
    )
    labels = ma.fields.List(ma.fields.String(), metadata={"description": "The buckets for people."})
    days = ma.fields.List(ma.fields.String(), required=True, metadata={"description": "The buckets for programs."})
    count = ma.fields.Float(required=True, metadata={"description": "The sum of data."})
    aggregated_value = ma.fields.Float(metadata={"description": "The one number of a total display."})
    label = ma.fields.String(required=True)
    order = ma.fields.Integer(required=True)
    filter = ma.fields.Dict(required=True)
    action = ma.fields.Dict(required=True, allow_none=True)
    breakdown_value = ma.fields.Raw()
    breakdown_kind = ma.fields.String(validate=ma.validate.OneOf(["value", "none", "other"]))
    compare = ma.fields.Boolean()
    compare_label = ma.fields.String(validate=ma.validate.OneOf(["current", "previous"]))


class TrendSchema(Schema):
    """A computed trend."""

    result = ma.fields.List(ma.fields.Nested(SeriesSchema), required=True, allow_none=True)
    timezone = ma.fields.String(required=True)
    last_refresh = ma.fields.AwareDateTime(required=True, allow_none=True)
    is_cached = ma.fields.Boolean(required=True)
    query_method = ma.fields.String(required=True)
    timings = ma.fields.List(ma.fields.Dict(), required=True)
    next = ma.fields.Url(required=True, allow_none=True)
    warnings = ma.fields.List(ma.fields.String())
