"""The action routes."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.access import Resource
from ..domain.accounts import Project
from .api import PrivateBlueprint, json_response
from .auth import entered, scoped
from .bootstrap import services
from .schemas.actions import ActionChangeSchema, ActionPageSchema, ActionSchema, NewActionSchema, action_body
from .schemas.pages import PageArguments, page_body, read_page

blueprint = PrivateBlueprint("actions", __name__, description="Named sets of events, told by steps.")


@blueprint.route("/actions")
class Actions(MethodView):
    """The actions of a project."""

    @scoped("action:read", objects=Resource.ACTION)
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, ActionPageSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List actions, newest first"""
        limit, offset = read_page(arguments)
        page = services().actions.page(entered(), limit=limit, offset=offset)
        users = services().accounts.users_by_id()
        rows = [action_body(action, users, entered()) for action in page.rows]
        return json_response(page_body(rows, page.count, limit, offset))

    @scoped("action:write")
    @blueprint.arguments(NewActionSchema)
    @blueprint.response(201, ActionSchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Make an action"""
        action = services().actions.create(entered(), body)
        return json_response(action_body(action, services().accounts.users_by_id(), entered()), 201)


@blueprint.route("/actions/<int:action_id>")
class OneAction(MethodView):
    """One action."""

    @scoped("action:read", objects=Resource.ACTION)
    @blueprint.response(200, ActionSchema)
    def get(self, action_id: int, project: Project) -> Response:
        """Retrieve an action"""
        action = services().actions.get(entered(), action_id)
        return json_response(action_body(action, services().accounts.users_by_id(), entered()))

    @scoped("action:write", objects=Resource.ACTION)
    @blueprint.arguments(ActionChangeSchema)
    @blueprint.response(200, ActionSchema)
    def patch(self, body: dict[str, Any], action_id: int, project: Project) -> Response:
        """Change an action"""
        action = services().actions.update(entered(), action_id, body)
        return json_response(action_body(action, services().accounts.users_by_id(), entered()))

    @scoped("action:write", objects=Resource.ACTION)
    @blueprint.response(204)
    def delete(self, action_id: int, project: Project) -> Response:
        """Delete an action; series of it disappear from results"""
        services().actions.update(entered(), action_id, {"deleted": True})
        return Response(status=204)
