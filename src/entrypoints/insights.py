"""The routes of trends and of insights, which keep them."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.views import MethodView

from ..domain.access import Resource
from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from ..domain.insights import InsightQuery
from ..domain.legacy_trends import LEGACY_KEYS
from ..domain.operators import storable
from ..domain.trend_breakdowns import CSV_LIMIT, DEFAULT_LIMIT
from ..domain.trend_requests import read_paging, trends_query_of, unwrap
from ..domain.trends_query import parse_trends_query
from .answering import Answer, answer
from .api import PrivateBlueprint, json_body, json_response, link
from .auth import demand, entered, scoped
from .bootstrap import services
from .csv import csv_response
from .description import also_as
from .schemas.common import whole_number
from .schemas.insights import (
    InsightChangeSchema,
    InsightListArguments,
    InsightPageSchema,
    InsightSchema,
    TrendArguments,
    TrendBody,
    TrendSchema,
    insight_body,
)
from .schemas.pages import page_body, read_page
from .schemas.query import QueryArguments
from .trend_answers import csv_file_name, csv_rows, is_full_page
from .trend_chart import svg_response

blueprint = PrivateBlueprint("insights", __name__, description="Trends: how often, and by how many people.")


@blueprint.route("/insights/trend", defaults={"suffix": ""})
@blueprint.route("/insights/trend.<any(json, csv, svg):suffix>", endpoint="trend_as_file")
class Trend(MethodView):
    """A trend, computed."""

    @scoped("insight:read")
    @blueprint.arguments(TrendArguments, location="query")
    @blueprint.response(200, TrendSchema)
    @blueprint.doc(**also_as("text/csv", "image/svg+xml"))
    def get(self, arguments: dict[str, Any], project: Project, suffix: str) -> Response:
        """Compute a trend"""
        return _answer(project, {}, suffix)

    @scoped("insight:read")
    @blueprint.arguments(TrendArguments, location="query")
    @blueprint.arguments(TrendBody)
    @blueprint.response(200, TrendSchema)
    @blueprint.doc(**also_as("text/csv", "image/svg+xml"))
    def post(self, arguments: dict[str, Any], body: dict[str, Any], project: Project, suffix: str) -> Response:
        """Compute a trend"""
        keys = json_body()
        if not isinstance(keys, dict):
            raise InvalidInput("The body must be an object.")
        if not body.get("saved"):
            return _answer(project, keys, suffix)
        demand("insight:write")
        return _answer(project, keys, suffix, keep=body)


def _answer(project: Project, body: dict[str, Any], suffix: str, keep: dict[str, Any] | None = None) -> Response:
    """The answer to a request with this body; `keep`: as an insight with these fields too."""
    keys: dict[str, Any] = request.args.to_dict() | body
    form = (suffix or str(keys.get("format", ""))).lower()
    as_csv = form == "csv"
    limit, offset = read_paging(keys)
    query = parse_trends_query(
        trends_query_of(keys), project=project, limit=limit or (CSV_LIMIT if as_csv else DEFAULT_LIMIT), offset=offset
    )
    found = answer(project, query, body)
    if as_csv and found.result:
        return csv_response(csv_rows(found.result), csv_file_name(found.result, keys.get("export_name")))
    if form == "svg" and found.result:
        return svg_response(found.result)
    answered = trend_body(found)
    if keep is not None:
        question = {key: keys[key] for key in ("query", "filters") if keys.get(key)}
        question = question or {"filters": {key: keys[key] for key in LEGACY_KEYS if key in keys}}
        insight = services().insights.create(entered(), keep | question)
        answered["insight"] = insight_body(insight, services().accounts.users_by_id(), entered())
    return json_response(answered)


@blueprint.route("/insights")
class Insights(MethodView):
    """The insights of a project."""

    @scoped("insight:read", objects=Resource.INSIGHT)
    @blueprint.arguments(InsightListArguments, location="query")
    @blueprint.response(200, InsightPageSchema)
    def get(self, arguments: dict[str, Any], project: Project) -> Response:
        """List insights, newest first, without their numbers"""
        limit, offset = read_page(arguments)
        created_by = arguments.get("created_by")
        query = InsightQuery(
            project.id,
            short_id=_text(arguments, "short_id"),
            search=_text(arguments, "search"),
            saved=arguments.get("saved"),
            favorited=arguments.get("favorited"),
            created_by=whole_number(created_by, "created_by", default=0, minimum=0) if created_by else None,
        )
        page = services().insights.page(entered(), query, limit=limit, offset=offset)
        users = services().accounts.users_by_id()
        rows = [insight_body(insight, users, entered()) for insight in page.rows]
        return json_response(page_body(rows, page.count, limit, offset))

    @scoped("insight:write")
    @blueprint.arguments(InsightChangeSchema)
    @blueprint.response(201, InsightSchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Keep an insight"""
        insight = services().insights.create(entered(), body)
        return json_response(insight_body(insight, services().accounts.users_by_id(), entered()), 201)


@blueprint.route("/insights/<insight_id>")
class OneInsight(MethodView):
    """One insight, by id or short id."""

    @scoped("insight:read", objects=Resource.INSIGHT)
    @blueprint.arguments(QueryArguments, location="query")
    @blueprint.response(200, InsightSchema)
    def get(self, arguments: dict[str, Any], insight_id: str, project: Project) -> Response:
        """Retrieve an insight, computed"""
        insight = services().insights.get(entered(), insight_id)
        body = insight_body(insight, services().accounts.users_by_id(), entered())
        if insight.query is not None:
            found = answer(project, parse_trends_query(unwrap(insight.query), project), {}).body("result")
            body |= {key: found[key] for key in ("result", "last_refresh", "is_cached")}
        return json_response(body)

    @scoped("insight:write", objects=Resource.INSIGHT)
    @blueprint.arguments(InsightChangeSchema)
    @blueprint.response(200, InsightSchema)
    def patch(self, body: dict[str, Any], insight_id: str, project: Project) -> Response:
        """Change an insight; `deleted: false` brings one back"""
        insight = services().insights.update(entered(), insight_id, body)
        return json_response(insight_body(insight, services().accounts.users_by_id(), entered()))

    @scoped("insight:write", objects=Resource.INSIGHT)
    @blueprint.response(204)
    def delete(self, insight_id: str, project: Project) -> Response:
        """Delete an insight"""
        services().insights.update(entered(), insight_id, {"deleted": True})
        return Response(status=204)


def _text(arguments: dict[str, str], key: str) -> str | None:
    return storable(arguments[key]) if arguments.get(key) else None


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
