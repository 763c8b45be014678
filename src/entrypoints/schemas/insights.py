"""Trends and insights on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ...domain.access import Resource, object_target
from ...domain.accounts import User
from ...domain.insights import Insight
from ...services.access import Entered
from ..api import Schema
from .common import instant
from .pages import PageArguments, PageSchema
from .saved import description_field, tags_field, text_field
from .users import UserBasicSchema, author_body

_32_BITS = ma.validate.Range(-(2**31), 2**31 - 1)
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
    format = ma.fields.String(metadata={"description": "`json` (default), `csv` or `svg`."})
    limit = ma.fields.String(metadata={"description": "As breakdown_limit."})
    offset = ma.fields.String(metadata={"description": "How many breakdown values to pass over."})


class InsightChangeSchema(Schema):
    """What to change of an insight. Give `query`, or `filters`, which are converted."""

    name = text_field()
    derived_name = text_field(allow_none=True)
    description = description_field()
    tags = tags_field()
    favorited = ma.fields.Boolean()
    saved = ma.fields.Boolean()
    deleted = ma.fields.Boolean()
    order = ma.fields.Integer(allow_none=True, validate=_32_BITS)
    dashboards = ma.fields.List(ma.fields.Integer(validate=_32_BITS), validate=ma.validate.Length(max=100))
    query = ma.fields.Raw(
        allow_none=True, metadata={"description": "A TrendsQuery or an InsightVizNode, or its JSON text."}
    )
    filters = ma.fields.Raw(allow_none=True, metadata={"description": "An object of the flat keys, or its JSON text."})


class TrendBody(InsightChangeSchema):
    """What to compute: exactly one of `query`, `filters` and the flat keys. With `saved: true` it is kept as an
    insight, to which the other fields belong."""

    saved = ma.fields.Boolean(metadata={"description": "Keep it as an insight.", "example": False})
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
    insight = ma.fields.Dict(metadata={"description": "With `saved: true`: the insight that was kept."})


class InsightListArguments(PageArguments):
    """Which insights. All conditions must hold."""

    short_id = ma.fields.String()
    search = ma.fields.String(metadata={"description": "Part of the name, in any case."})
    saved = ma.fields.Boolean()
    favorited = ma.fields.Boolean()
    created_by = ma.fields.String(metadata={"description": "The id of a user."})


class InsightSchema(Schema):
    """An insight. `result` is there when one is retrieved."""

    id = ma.fields.Integer(required=True)
    short_id = ma.fields.String(required=True)
    name = ma.fields.String(required=True)
    derived_name = ma.fields.String(required=True, allow_none=True)
    description = ma.fields.String(required=True)
    tags = ma.fields.List(ma.fields.String(), required=True)
    favorited = ma.fields.Boolean(required=True)
    saved = ma.fields.Boolean(required=True)
    deleted = ma.fields.Boolean(required=True)
    order = ma.fields.Integer(required=True, allow_none=True)
    dashboards = ma.fields.List(ma.fields.Integer(), required=True)
    query = ma.fields.Dict(required=True, allow_none=True)
    filters = ma.fields.Dict(required=True)
    result = ma.fields.List(ma.fields.Nested(SeriesSchema), required=True, allow_none=True)
    last_refresh = ma.fields.AwareDateTime(required=True, allow_none=True)
    is_cached = ma.fields.Boolean(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    created_by = ma.fields.Nested(UserBasicSchema, required=True, allow_none=True)
    last_modified_at = ma.fields.AwareDateTime(required=True)
    last_modified_by = ma.fields.Nested(UserBasicSchema, required=True, allow_none=True)
    user_access_level = ma.fields.String(required=True)


class InsightPageSchema(PageSchema):
    """One page of insights, newest first."""

    results = ma.fields.List(ma.fields.Nested(InsightSchema), required=True)


def insight_body(insight: Insight, users: dict[int, User], who: Entered) -> dict[str, Any]:
    """An insight as JSON, not computed. `users` are those it may be by."""
    return {
        "id": insight.id,
        "short_id": insight.short_id,
        "name": insight.name,
        "derived_name": insight.derived_name,
        "description": insight.description,
        "tags": list(insight.tags),
        "favorited": insight.favorited,
        "saved": insight.saved,
        "deleted": insight.deleted,
        "order": insight.order,
        "dashboards": list(insight.dashboards),
        "query": insight.query,
        "filters": insight.filters,
        "result": None,
        "last_refresh": None,
        "is_cached": False,
        "created_at": instant(insight.created_at),
        "created_by": author_body(users, insight.created_by),
        "last_modified_at": instant(insight.last_modified_at),
        "last_modified_by": author_body(users, insight.last_modified_by),
        "user_access_level": who.level(object_target(Resource.INSIGHT, insight)).text,
    }
