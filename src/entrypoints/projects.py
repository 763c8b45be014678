"""The routes of projects themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.access import project_target
from ..domain.accounts import Project
from .api import PrivateBlueprint, json_response
from .auth import caller, entered, private, scoped
from .bootstrap import services
from .schemas.accounts import (
    ProjectPageSchema,
    ProjectSchema,
    ProjectSettingsSchema,
    basic_body,
    project_body,
)
from .schemas.pages import PageArguments, page_of_all

blueprint = PrivateBlueprint("project", __name__, description="Projects: each has its own persons and events.")
list_blueprint = PrivateBlueprint("projects", __name__, description="The projects that the caller may enter.")


@list_blueprint.route("/projects")
class Projects(MethodView):
    """The projects that the caller may enter."""

    @private("project:read")
    @list_blueprint.arguments(PageArguments, location="query")
    @list_blueprint.response(200, ProjectPageSchema)
    def get(self, arguments: dict[str, str]) -> Response:
        """List projects, oldest first"""
        return json_response(page_of_all(basic_bodies(services().access.visible_projects(caller().user)), arguments))


@blueprint.route("")
class OneProject(MethodView):
    """One project, its settings included."""

    @scoped("project:read", hides=True)
    @blueprint.response(200, ProjectSchema)
    def get(self, project: Project) -> Response:
        """Retrieve a project"""
        return _answer(project)

    @scoped("project:write", hides=True)
    @blueprint.arguments(ProjectSettingsSchema)
    @blueprint.response(200, ProjectSchema)
    def patch(self, changes: dict[str, Any], project: Project) -> Response:
        """Change a project's settings"""
        return _answer(services().accounts.update_project(project.id, changes, by=caller().user.id))


def basic_bodies(projects: Sequence[Project]) -> list[dict[str, Any]]:
    """Projects in the short form."""
    accounts = services().accounts
    organization, ingested = accounts.organization(), accounts.projects_with_events()
    return [basic_body(project, organization, ingested=project.id in ingested) for project in projects]


def _answer(project: Project) -> Response:
    accounts = services().accounts
    level = entered().level(project_target(project.id))
    ingested = project.id in accounts.projects_with_events()
    return json_response(project_body(project, accounts.organization(), level, ingested=ingested))
