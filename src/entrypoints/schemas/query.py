"""Queries on the wire."""

from __future__ import annotations

import marshmallow as ma

from ..api import Schema


class QueryBody(Schema):
    """What to compute."""

    query = ma.fields.Raw(
        required=True,
        metadata={
            "description": "A TrendsQuery, an InsightVizNode over one, or an ActorsQuery over a point of a trend.",
            "example": {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "purchase", "math": "dau"}]},
        },
    )
    refresh = ma.fields.Raw(
        metadata={"description": "`force_cache` never computes, `true` always does.", "example": "blocking"}
    )
    cache_invalidation_key = ma.fields.Raw(metadata={"description": "Results of different keys are kept apart."})


class QueryArguments(Schema):
    """How to answer."""

    refresh = ma.fields.String(metadata={"description": "As in the body, before which it counts."})


class QueryAnswerSchema(Schema):
    """The rows of a trend, or the people behind a point of one."""

    results = ma.fields.List(ma.fields.Raw(), required=True, allow_none=True)
    hasMore = ma.fields.Boolean(required=True)  # noqa: N815 - the wire's name
    timings = ma.fields.List(ma.fields.Dict())
    hogql = ma.fields.String(allow_none=True)
    modifiers = ma.fields.Dict()
    error = ma.fields.String(allow_none=True)
    is_cached = ma.fields.Boolean()
    last_refresh = ma.fields.AwareDateTime(allow_none=True)
    cache_key = ma.fields.String()
    timezone = ma.fields.String()
    warnings = ma.fields.List(ma.fields.String())
    columns = ma.fields.List(ma.fields.String())
    limit = ma.fields.Integer()
    offset = ma.fields.Integer()
    total = ma.fields.Integer()
