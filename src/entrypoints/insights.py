"""The trend routes."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView

from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from ..domain.trend_breakdowns import CSV_LIMIT, DEFAULT_LIMIT
from ..domain.trend_requests import read_paging, trends_query_of
from ..domain.trends_query import parse_trends_query
from .answering import Answer, answer
from .api import PrivateBlueprint, json_body, json_response, link
from .auth import scoped
from .csv import csv_response
from .schemas.insights import TrendArguments, TrendBody, TrendSchema
from .trend_answers import csv_file_name, csv_rows, is_full_page

blueprint = PrivateBlueprint("insights", __name__, description="Trends: how often, and by how many people.")


@blueprint.route("/insights/trend", defaults={"suffix": ""})
@blueprint.route("/insights/trend.<suffix>", endpoint="trend_as_file")
class Trend(MethodView):
    """A trend, computed."""

    @scoped("insight:read")
    @blueprint.arguments(TrendArguments, location="query")
    @blueprint.response(200, TrendSchema)
    def get(self, arguments: dict[str, Any], project: Project, suffix: str) -> Response:
        """Compute a trend"""
        return _answer(project, {}, suffix)

    @scoped("insight:read")
    @blueprint.arguments(TrendArguments, location="query")
    @blueprint.arguments(TrendBody)
    @blueprint.response(200, TrendSchema)
    def post(self, arguments: dict[str, Any], body: dict[str, Any], project: Project, suffix: str) -> Response:
        """Compute a trend"""
        return _answer(project, json_body(), suffix)


def _answer(project: Project, body: Any, suffix: str) -> Response:
    if not isinstance(body, dict):
        raise InvalidInput("The body must be an object.")
    keys: dict[str, Any] = request.args.to_dict() | body
    as_csv = (suffix or str(keys.get("format", ""))).lower() == "csv"
    limit, offset = read_paging(keys)
    query = parse_trends_query(
        trends_query_of(keys), project=project, limit=limit or (CSV_LIMIT if as_csv else DEFAULT_LIMIT), offset=offset
    )
    found = answer(project, query, body)
    if as_csv and found.result:
        return csv_response(csv_rows(found.result), csv_file_name(found.result, keys.get("export_name")))
    return json_response(trend_body(found))


def trend_body(found: Answer) -> dict[str, Any]:
    """An answered trend in the shape of `insights/trend`."""
    body = found.body("result") | {"query_method": "hogql", "next": None}
    result = found.result
    if result is not None and is_full_page(result):
        query = result.plan.query
        page = query.breakdown.limit if query.breakdown else DEFAULT_LIMIT
        body["next"] = link(offset=query.offset + page)
    if result is not None and result.warnings:
        body["warnings"] = list(result.warnings)
    return body
