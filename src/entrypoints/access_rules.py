"""The routes of access rules: a project's own, those of its resources, those of an insight."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.access import Resource, Rule
from ..domain.accounts import Project
from ..domain.errors import InvalidInput
from .api import PrivateBlueprint, json_response
from .auth import caller, scoped
from .bootstrap import services
from .schemas.access_rules import (
    ObjectAccessSchema,
    ResourceAccessSchema,
    ResourceRuleBody,
    RuleBody,
    RuleSchema,
    UsersWithAccessSchema,
    object_access_body,
    resource_access_body,
    rule_body,
    users_with_access_body,
)

blueprint = PrivateBlueprint("access_controls", __name__, description="Who may do what.")


@blueprint.route("/access_controls", defaults={"insight_id": None})
@blueprint.route("/insights/<insight_id>/access_controls", endpoint="insight_access_controls")
class AccessControls(MethodView):
    """The rules of the project itself, or of one insight."""

    @scoped("access_control:read")
    @blueprint.response(200, ObjectAccessSchema)
    def get(self, project: Project, insight_id: str | None) -> Response:
        """Retrieve an object's access rules"""
        resource, reference = _object(project, insight_id)
        found = services().access_rules.of_object(caller().user, project.id, resource, reference)
        return json_response(object_access_body(resource, found))

    @scoped("access_control:write")
    @blueprint.arguments(RuleBody)
    @blueprint.response(200, RuleSchema)
    @blueprint.alt_response(204, description="There is no such rule any more.")
    def put(self, body: dict[str, Any], project: Project, insight_id: str | None) -> Response:
        """Set or take away one access rule of an object"""
        resource, reference = _object(project, insight_id)
        return _answer(services().access_rules.change(caller().user, project.id, resource, reference, body))


@blueprint.route("/resource_access_controls")
class ResourceAccessControls(MethodView):
    """The rules of the project's resources as wholes."""

    @scoped("access_control:read")
    @blueprint.response(200, ResourceAccessSchema)
    def get(self, project: Project) -> Response:
        """Retrieve the access rules of all resources"""
        return json_response(resource_access_body(services().access_rules.of_resources(caller().user, project.id)))

    @scoped("access_control:write")
    @blueprint.arguments(ResourceRuleBody)
    @blueprint.response(200, RuleSchema)
    @blueprint.alt_response(204, description="There is no such rule any more.")
    def put(self, body: dict[str, Any], project: Project) -> Response:
        """Set or take away one access rule of a resource"""
        return _answer(services().access_rules.change_resource(caller().user, project.id, body))


@blueprint.route("/insights/<insight_id>/resource_access_controls")
class InsightResourceAccessControls(MethodView):
    """An insight is no resource."""

    @scoped("access_control:read")
    @blueprint.response(400, description="Always.")
    def get(self, project: Project, insight_id: str) -> Response:
        """Always refused"""
        raise _only_projects()

    @scoped("access_control:write")
    @blueprint.response(400, description="Always.")
    def put(self, project: Project, insight_id: str) -> Response:
        """Always refused"""
        raise _only_projects()


@blueprint.route("/insights/<insight_id>/users_with_access")
class UsersWithAccess(MethodView):
    """Who may see an insight."""

    @scoped("access_control:read")
    @blueprint.response(200, UsersWithAccessSchema)
    def get(self, project: Project, insight_id: str) -> Response:
        """List who has access to an insight, the highest level first"""
        found = services().access_rules.users_with_access(caller().user, project.id, *_object(project, insight_id))
        return json_response(users_with_access_body(found))


def _object(project: Project, insight_id: str | None) -> tuple[Resource, str]:
    if insight_id is None:
        return Resource.PROJECT, str(project.id)
    return Resource.INSIGHT, insight_id


def _answer(rule: Rule | None) -> Response:
    return json_response(rule_body(rule)) if rule else Response(status=204)


def _only_projects() -> InvalidInput:
    return InvalidInput("Resource-level access controls can only be configured for projects.")
