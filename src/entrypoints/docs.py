"""The OpenAPI description and a page to read and try it, with local assets only."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import flask_swagger_ui
from apispec import APISpec
from flask import Blueprint, Response, current_app, send_from_directory

from .api import HedgerowApi, json_response
from .description import describe_api

_ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Hedgerow API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="/api/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: true,
  validatorUrl: null});
</script>
</body>
</html>
"""


def describe_security(spec: APISpec) -> None:
    """Say how callers authenticate."""
    spec.components.security_scheme(
        "personalApiKey",
        {"type": "http", "scheme": "bearer", "description": "A personal API key, made by `hedgerow keys create`."},
    )
    spec.options["security"] = [{"personalApiKey": []}]


def blueprint(api: HedgerowApi) -> Blueprint:
    """The routes of the description and its page."""
    routes = Blueprint("docs", __name__)

    @cache  # it is the same for every request
    def description() -> dict[str, Any]:
        return describe_api(api.spec, current_app)

    @routes.get("/api/openapi.json")
    def openapi() -> Response:
        return json_response(description())

    @routes.get("/api/docs")
    def page() -> Response:
        return Response(_PAGE, content_type="text/html; charset=utf-8")

    @routes.get("/api/docs/<path:name>")
    def asset(name: str) -> Response:
        return send_from_directory(_ASSETS, name, max_age=86_400)

    return routes
