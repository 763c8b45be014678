"""Whether the server is alive, ready, and what it has been doing."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .api import json_response
from .bootstrap import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process is alive."""
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> Response:
    """The stores answer and their migrations are current; otherwise 503 with the reasons."""
    problems = services().problems()
    return json_response(
        {"status": "unavailable" if problems else "ok", "problems": problems}, 503 if problems else 200
    )


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics as text."""
    return Response(generate_latest(services().metrics.registry), content_type=CONTENT_TYPE_LATEST)
