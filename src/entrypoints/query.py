"""The query route: PostHog's queries as objects."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.trend_requests import unwrap
from ..domain.trends_query import parse_trends_query
from .actors_query import answer_actors, is_actors_query
from .answering import answer
from .api import PrivateBlueprint, json_response
from .auth import demand, scoped
from .schemas.query import QueryAnswerSchema, QueryArguments, QueryBody

blueprint = PrivateBlueprint("query", __name__, description="Queries as objects.")


@blueprint.route("/query")
class Query(MethodView):
    """A query, computed."""

    @scoped(("query:read", "insight:read"))
    @blueprint.arguments(QueryArguments, location="query")
    @blueprint.arguments(QueryBody)
    @blueprint.response(200, QueryAnswerSchema)
    def post(self, arguments: dict[str, Any], body: dict[str, Any], project: Project) -> Response:
        """Compute a query"""
        if is_actors_query(body["query"]):
            demand("person:read")
            return json_response(answer_actors(body["query"], project))
        found = answer(project, parse_trends_query(unwrap(body["query"]), project), body)
        result = found.result
        answered = found.body("results") | {
            "hasMore": result is not None and result.has_more,
            "hogql": None,
            "modifiers": {},
            "error": None,
            "cache_key": found.key,
        }
        if result is not None and result.warnings:
            answered["warnings"] = list(result.warnings)
        return json_response(answered)
