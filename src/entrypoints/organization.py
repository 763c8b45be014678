"""The routes of users, members and the key in use."""

from __future__ import annotations

from flask import Response
from flask.views import MethodView

from ..domain.errors import PermissionDenied
from .api import PrivateBlueprint, json_response
from .auth import caller, private
from .bootstrap import services
from .projects import basic_bodies
from .schemas.accounts import (
    KeySchema,
    MemberPageSchema,
    MeSchema,
    key_body,
    me_body,
    member_body,
)
from .schemas.pages import PageArguments, page_of_all

blueprint = PrivateBlueprint("organization", __name__, description="Who there is, and whose key this is.")


@blueprint.route("/users", defaults={"user_id": ""})
@blueprint.route("/users/<user_id>", endpoint="one_user")
class Users(MethodView):
    """The user that the key acts for, as `@me`; no other."""

    @private("user:read", limited_keys=True)
    @blueprint.response(200, MeSchema)
    def get(self, user_id: str) -> Response:
        """Retrieve the user that the key acts for"""
        if user_id != "@me":
            raise PermissionDenied("As a non-staff user you're only allowed to access the `@me` user instance.")
        user, limited_to = caller().user, caller().key.scoped_projects
        teams = basic_bodies(services().access.visible_projects(user))
        team = next((team for team in teams if not limited_to or team["id"] in limited_to), None)
        return json_response(me_body(user, services().accounts.organization(), teams, team))


@blueprint.route("/organizations/@current/members")
class Members(MethodView):
    """The active members of the organisation."""

    @private("organization_member:read")
    @blueprint.arguments(PageArguments, location="query")
    @blueprint.response(200, MemberPageSchema)
    def get(self, arguments: dict[str, str]) -> Response:
        """List members, oldest first"""
        active = [user for user in services().accounts.users() if user.is_active]
        return json_response(page_of_all([member_body(user) for user in active], arguments))


@blueprint.route("/personal_api_keys/@current")
class CurrentKey(MethodView):
    """The key in use."""

    @private(limited_keys=True)
    @blueprint.response(200, KeySchema)
    def get(self) -> Response:
        """Retrieve the key in use"""
        return json_response(key_body(caller().key))
