"""The application factory."""

from __future__ import annotations

from multiprocessing.util import Finalize
from typing import Any

from flask import Flask

from .. import __version__
from . import (
    access_rules,
    actions,
    activity,
    capture,
    cohorts,
    deletions,
    docs,
    health,
    insights,
    organization,
    person_edits,
    person_lookups,
    persons,
    projects,
    query,
    sdk,
    timelines,
)
from .api import HedgerowApi, register_errors
from .auth import tell_limits
from .bootstrap import Services, open_services
from .cli import register_commands
from .control import open_control
from .cors import open_to_configured_origins
from .decoding import MAX_SIZE
from .jobs import Ticker
from .settings import Settings, read_settings

_PRIVATE = (
    projects.blueprint,
    persons.blueprint,
    person_lookups.blueprint,
    person_edits.blueprint,
    timelines.blueprint,
    deletions.blueprint,
    activity.blueprint,
    insights.blueprint,
    actions.blueprint,
    cohorts.blueprint,
    query.blueprint,
    access_rules.blueprint,
)
_OUTSIDE_PROJECTS = (projects.list_blueprint, organization.blueprint)
_PREFIXES = {"environments": "/api/environments/<project_id>", "projects": "/api/projects/<project_id>"}


def create_app(services: Services | None = None, settings: Settings | None = None) -> Flask:
    """The application over opened stores. Without them it offers the commands alone, as `flask --app` wants it."""
    app = Flask("hedgerow", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    settings = services.settings if services else settings or read_settings()
    app.config.update(
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=MAX_SIZE,
        API_TITLE="Hedgerow",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": "People and trends: the private API of a Hedgerow server."},
        },
    )
    if services is not None:
        app.extensions["hedgerow"] = services
        services.metrics.watch_requests(app)

    api = HedgerowApi(app)
    for blueprint in _PRIVATE:
        for family, prefix in _PREFIXES.items():
            api.register_blueprint(
                blueprint,
                name=f"{family}.{blueprint.name}".replace(".", "_"),
                url_prefix=prefix,
                parameters=[
                    {
                        "name": "project_id",
                        "in": "path",
                        "required": True,
                        "description": "The project's id, or `@current` for the first that the key may use.",
                        "schema": {"type": "string"},
                    }
                ],
            )
    for blueprint in _OUTSIDE_PROJECTS:
        api.register_blueprint(blueprint, url_prefix="/api")
    docs.describe_security(api.spec)
    app.register_blueprint(capture.blueprint)
    app.register_blueprint(sdk.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(docs.blueprint(api))
    open_to_configured_origins(app, frozenset(settings.cors_origins.replace(",", " ").split()))
    tell_limits(app)
    register_errors(app)
    register_commands(app)
    return app


def served_app() -> Any:
    """The application for the server's worker, which owns the stores."""
    services = open_services(read_settings())
    # A worker process runs no `atexit`. The higher priority comes first.
    Finalize(None, services.close, exitpriority=1)
    if control := open_control(services):
        Finalize(None, control.close, exitpriority=2)
    if not services.settings.has_workers:
        Finalize(None, Ticker(services).close, exitpriority=3)
    return create_app(services)
