"""The action routes."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask.views import MethodView

from ..domain.accounts import Project
from .api import PrivateBlueprint, json_response
from .auth import scoped
from .bootstrap import services
from .schemas.actions import ActionChangeSchema, ActionPageSchema, ActionSchema, NewActionSchema, action_body
from .schemas.saved import PageArguments, page_body, read_page

blueprint = PrivateBlueprint("actions", __name__, description="Named sets of events, told by steps.")


@blueprint.route("/actions")
class Actions(MethodView):
    """The actions of a project."""

    @scoped("action:read")
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, ActionPageSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List actions, newest first"""
        limit, offset = read_page(arguments)
        page = services().actions.page(project, limit=limit, offset=offset)
        users = services().accounts.users_by_id()
        rows = [action_body(action, users, g.caller.user) for action in page.rows]
        return json_response(page_body(rows, page.count, limit, offset))

    @scoped("action:write")
    @blueprint.arguments(NewActionSchema)
    @blueprint.response(201, ActionSchema)
    def post(self, body: dict[str, Any], project: Project) -> Response:
        """Make an action"""
        action = services().actions.create(project, body, by=g.caller.user)
        return json_response(action_body(action, {g.caller.user.id: g.caller.user}, g.caller.user), 201)


@blueprint.route("/actions/<int:action_id>")
class OneAction(MethodView):
    """One action."""

    @scoped("action:read")
    @blueprint.response(200, ActionSchema)
    def get(self, action_id: int, project: Project) -> Response:
        """Retrieve an action"""
        action = services().actions.get(project, action_id)
        return json_response(action_body(action, services().accounts.users_by_id(), g.caller.user))

    @scoped("action:write")
    @blueprint.arguments(ActionChangeSchema)
    @blueprint.response(200, ActionSchema)
    def patch(self, body: dict[str, Any], action_id: int, project: Project) -> Response:
        """Change an action"""
        action = services().actions.update(project, action_id, body, by=g.caller.user)
        return json_response(action_body(action, services().accounts.users_by_id(), g.caller.user))

    @scoped("action:write")
    @blueprint.response(204)
    def delete(self, action_id: int, project: Project) -> Response:
        """Delete an action; series of it disappear from results"""
        services().actions.update(project, action_id, {"deleted": True}, by=g.caller.user)
        return Response(status=204)
