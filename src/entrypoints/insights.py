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
from ..services.trends import TrendResult
from .api import PrivateBlueprint, json_body, json_response, link
from .auth import scoped
from .bootstrap import services
from .csv import csv_response
from .schemas.common import instant
from .schemas.insights import TrendArguments, TrendBody, TrendSchema
from .trend_answers import csv_file_name, csv_rows, is_full_page, series_bodies

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
        return _answer(project, request.args.to_dict(), suffix)

    @scoped("insight:read")
    @blueprint.arguments(TrendArguments, location="query")
    @blueprint.arguments(TrendBody)
    @blueprint.response(200, TrendSchema)
    def post(self, arguments: dict[str, Any], body: dict[str, Any], project: Project, suffix: str) -> Response:
        """Compute a trend"""
        body = json_body()
        if not isinstance(body, dict):
            raise InvalidInput("The body must be an object.")
        return _answer(project, request.args.to_dict() | body, suffix)


def _answer(project: Project, keys: dict[str, Any], suffix: str) -> Response:
    as_csv = (suffix or str(keys.get("format", ""))).lower() == "csv"
    limit, offset = read_paging(keys)
    query = parse_trends_query(
        trends_query_of(keys), project=project, limit=limit or (CSV_LIMIT if as_csv else DEFAULT_LIMIT), offset=offset
    )
    result = services().trends.run(project, query)
    if as_csv:
        return csv_response(csv_rows(result), csv_file_name(result, keys.get("export_name")))
    return json_response(trend_body(result))


def trend_body(result: TrendResult) -> dict[str, Any]:
    """A computed trend in the shape of `insights/trend`."""
    query = result.plan.query
    body: dict[str, Any] = {
        "result": series_bodies(result),
        "timezone": str(result.plan.periods[0].calendar.zone),
        "last_refresh": instant(result.computed_at),
        "is_cached": False,
        "query_method": "hogql",
        "timings": [],
        "next": None,
    }
    if is_full_page(result):
        page = query.breakdown.limit if query.breakdown else DEFAULT_LIMIT
        body["next"] = link(offset=query.offset + page)
    if result.warnings:
        body["warnings"] = list(result.warnings)
    return body
