"""The routes of the audit log."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView

from ..domain.access import Resource
from ..domain.accounts import Project
from ..domain.activity import entry_body
from ..domain.activity_log import ActivityQuery
from .api import PrivateBlueprint, json_response, link
from .auth import scoped
from .bootstrap import services
from .persons import read_reference
from .schemas.activity import ActivityArguments, ActivityPageSchema, PageArguments
from .schemas.common import whole_number

blueprint = PrivateBlueprint("activity", __name__, description="Who did what, and when.")


@blueprint.route("/activity_log")
class ActivityLog(MethodView):
    """The audit log."""

    @scoped("activity_log:read")
    @blueprint.arguments(ActivityArguments, location="query")
    @blueprint.response(200, ActivityPageSchema)
    def get(self, arguments: dict[str, Any], project: Project) -> Response:
        """List what was done, newest first"""
        user = arguments.get("user")
        query = ActivityQuery(
            project.id,
            scopes=tuple(arguments.get("scope") or ()),
            item_id=arguments.get("item_id") or None,
            user_id=whole_number(user, "user", default=0, minimum=1) if user else None,
            activity=arguments.get("activity") or None,
        )
        return _page(query, arguments)


@blueprint.route("/persons/activity")
class PersonsActivity(MethodView):
    """What was done to the persons of a project."""

    @scoped("activity_log:read", own=Resource.PERSON)
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, ActivityPageSchema)
    def get(self, arguments: dict[str, str], project: Project) -> Response:
        """List what was done to persons, also to those that are gone, newest first"""
        return _page(ActivityQuery(project.id, ("Person",)), arguments)


@blueprint.route("/persons/<person_id>/activity")
class PersonActivity(MethodView):
    """What was done to a person."""

    @scoped("activity_log:read", own=Resource.PERSON)
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, ActivityPageSchema)
    def get(self, arguments: dict[str, str], person_id: str, project: Project) -> Response:
        """List what was done to a person, newest first"""
        person = services().persons.get(project.id, read_reference(person_id))
        return _page(ActivityQuery(project.id, ("Person",), str(person.id)), arguments)


def _page(query: ActivityQuery, arguments: dict[str, str]) -> Response:
    number = whole_number(arguments.get("page"), "page", default=1, minimum=1)
    limit = whole_number(arguments.get("limit"), "limit", default=10, minimum=1, maximum=1000)
    page = services().activity.page(query, page=number, limit=limit)
    return json_response(
        {
            "results": [entry_body(one.entry, first_name=one.first_name, email=one.email) for one in page.rows],
            "next": link(page=number + 1, limit=limit) if number * limit < page.count else None,
            "previous": link(page=number - 1, limit=limit) if number > 1 else None,
            "total_count": page.count,
        }
    )
