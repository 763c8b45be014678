"""Every private route, taken from the application's own map: who is kept out, with which words, and that nothing
changes by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from flask import Flask
from hedgerow.domain.access_rules import RULED_RESOURCES
from hedgerow.domain.accounts import SCOPE_OBJECTS
from hedgerow.entrypoints.bootstrap import Services
from hedgerow.entrypoints.settings import Settings
from hedgerow.entrypoints.web import create_app
from sqlalchemy import event

from tests.e2e.access_world import AccessWorld
from tests.e2e.conftest import assert_error

# The scopes as documented, under a project; `|` where one of them is enough.
UNDER_A_PROJECT = {
    "GET ": "project:read",
    "PATCH ": "project:write",
    "GET /insights/trend": "insight:read",
    "POST /insights/trend": "insight:read",
    "POST /query": "query:read|insight:read",
    "GET /insights": "insight:read",
    "POST /insights": "insight:write",
    "GET /insights/:id": "insight:read",
    "PATCH /insights/:id": "insight:write",
    "DELETE /insights/:id": "insight:write",
    "GET /persons": "person:read",
    "POST /persons": "person:write",  # and 405 then: persons come from events
    "GET /persons/:id": "person:read",
    "PATCH /persons/:id": "person:write",
    "PUT /persons/:id": "person:write",
    "DELETE /persons/:id": "person:write",
    "POST /persons/bulk_delete": "person:write",
    "POST /persons/:id/delete_property": "person:write",
    "POST /persons/:id/update_property": "person:write",
    "POST /persons/:id/split": "person:write",
    "POST /persons/:id/delete_events": "person:write",
    "DELETE /persons/:id/delete_events": "person:write",
    "POST /persons/:id/delete_recordings": "person:write",
    "POST /persons/reset_person_distinct_id": "person:write",
    "GET /persons/values": "person:read",
    "GET /persons/deletion_status": "person:read",
    "GET /persons/:id/properties_timeline": "person:read",
    "POST /persons/batch_by_distinct_ids": "person:read",
    "POST /persons/batch_by_uuids": "person:read",
    "GET /persons/cohorts": "person:read cohort:read",
    "GET /persons/activity": "activity_log:read",
    "GET /persons/:id/activity": "activity_log:read",
    "GET /activity_log": "activity_log:read",
    "GET /actions": "action:read",
    "POST /actions": "action:write",
    "GET /actions/:id": "action:read",
    "PATCH /actions/:id": "action:write",
    "DELETE /actions/:id": "action:write",
    "GET /cohorts": "cohort:read",
    "POST /cohorts": "cohort:write",
    "GET /cohorts/:id": "cohort:read",
    "PATCH /cohorts/:id": "cohort:write",
    "DELETE /cohorts/:id": "cohort:write",
    "GET /cohorts/:id/persons": "cohort:read",
    "GET /access_controls": "access_control:read",
    "PUT /access_controls": "access_control:write",
    "GET /resource_access_controls": "access_control:read",
    "PUT /resource_access_controls": "access_control:write",
    "GET /insights/:id/access_controls": "access_control:read",
    "PUT /insights/:id/access_controls": "access_control:write",
    "GET /insights/:id/resource_access_controls": "access_control:read",
    "PUT /insights/:id/resource_access_controls": "access_control:write",
    "GET /insights/:id/users_with_access": "access_control:read",
}
OUTSIDE = {
    "GET /api/projects": "project:read",
    "GET /api/users": "user:read",
    "GET /api/users/:id": "user:read",
    "GET /api/organizations/@current/members": "organization_member:read",
    "GET /api/personal_api_keys/@current": "",
}
OPEN_TO_LIMITED_KEYS = {"/api/users", "/api/users/:id", "/api/personal_api_keys/@current"}
PRIVATE = re.compile(r"/api/(projects|environments|users|organizations|personal_api_keys)\b(?!/@current/feature_flags)")


class Route(NamedTuple):
    """A private route; `path` has `:id` for its variables, `{project}` for the project."""

    method: str
    path: str

    @property
    def documented(self) -> str:
        """Its line in the tables above."""
        return f"{self.method} {re.sub('^/api/(projects|environments)/{project}', '', self.path)}"

    @property
    def needs(self) -> str:
        return UNDER_A_PROJECT[self.documented] if "{project}" in self.path else OUTSIDE[self.documented]

    def url(self, project_id: int) -> str:
        return self.path.replace("{project}", str(project_id)).replace(":id", "1")


@cache
def the_app() -> Flask:
    return create_app(settings=Settings())


def views() -> Iterator[tuple[Route, Any]]:
    """All routes that are or should be private, with what answers them."""
    app = the_app()
    for rule in app.url_map.iter_rules():
        if not PRIVATE.match(rule.rule):
            continue
        path = re.sub(r"\.(<[^>]+>|csv)$", "", rule.rule).replace("<project_id>", "{project}")
        path = re.sub("<[^>]+>", ":id", path)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            view: Any = app.view_functions[rule.endpoint]
            yield Route(method, path), getattr(getattr(view, "view_class", None), method.lower(), view)


ROUTES = sorted({route for route, _ in views()})
UNDER = [route for route in ROUTES if "{project}" in route.path]
every_route = pytest.mark.parametrize("route", ROUTES, ids=" ".join)
under_a_project = pytest.mark.parametrize("route", UNDER, ids=" ".join)


@pytest.fixture(scope="module")
def world(services: Services) -> AccessWorld:
    return AccessWorld(services)


@contextmanager
def nothing_changes(world: AccessWorld) -> Iterator[None]:
    """No statement writes but the one that notes the time at which a key was used."""
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SELECT", "WITH", "PRAGMA", "BEGIN", "UPDATE api_keys SET last_used_at")):
            written.append(statement)

    event.listen(world.services.relational.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(world.services.relational.engine, "before_cursor_execute", note)
    assert not written


@cache
def key_of(world: AccessWorld, *scopes: str, project: int | None = None) -> str:
    """A key of a member of its own, as one has at most ten."""
    who = world.somebody(f"k{uuid4()}")
    return who.key(*scopes, projects=(project,) if project else ())


def call(world: AccessWorld, route: Route, key: str | None, project_id: int | None = None) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body: Any = None if route.method in ("GET", "DELETE") else {}
    url = route.url(project_id or world.p.id)
    with nothing_changes(world):
        return world.client.open(url, method=route.method, headers=headers, json=body)


def test_every_route_asks_for_the_scopes_that_are_documented() -> None:
    for route, view in views():
        scopes = getattr(view, "scopes", None)
        assert scopes is not None, f"{route} is open to everybody"
        told = [scope if isinstance(scope, str) else "|".join(scope) for scope in scopes]
        assert told == route.needs.split(), route


def test_both_families_have_the_same_routes() -> None:
    projects = {route for route in UNDER if route.path.startswith("/api/projects")}
    environments = {Route(one.method, one.path.replace("environments", "projects")) for one in set(UNDER) - projects}
    assert projects == environments


@every_route
def test_1_no_key_is_401(world: AccessWorld, route: Route) -> None:
    response = call(world, route, None)
    assert_error(response, 401, "not_authenticated", "Authentication credentials were not provided.")
    assert "WWW-Authenticate" not in response.headers


@every_route
def test_10_a_wrong_key_is_401(world: AccessWorld, route: Route) -> None:
    for key in ("phx_wrong", world.p.api_token):
        detail = "Personal API key found in request Authorization header is invalid."
        assert_error(call(world, route, key), 401, "authentication_failed", detail)


@every_route
def test_31_a_key_of_another_project_is_403(world: AccessWorld, route: Route) -> None:
    if route.path in OPEN_TO_LIMITED_KEYS:
        return
    detail = "API keys with scoped projects are only supported on project-based endpoints."
    if route in UNDER:
        detail = f"API key does not have access to the requested project: ID {world.p.id}."
    # Without the scopes too: the project is checked before them.
    for scopes in (("*",), ("survey:read",)):
        response = call(world, route, key_of(world, *scopes, project=world.p2.id))
        assert_error(response, 403, "permission_denied", detail)


@every_route
def test_each_missing_scope_is_403_and_named(world: AccessWorld, route: Route) -> None:
    for needed in route.needs.split():
        alternatives = needed.split("|")
        lacking = {scope.partition(":")[0] for scope in alternatives}
        granted = [f"{name}:write" for name in sorted(SCOPE_OBJECTS - lacking)]
        if needed.endswith(":write"):
            granted.append(needed.replace(":write", ":read"))
        response = call(world, route, key_of(world, *granted))
        assert_error(response, 403, "permission_denied", f"API key missing required scope '{alternatives[0]}'")


@under_a_project
def test_a_missing_project_comes_before_a_missing_scope(world: AccessWorld, route: Route) -> None:
    response = call(world, route, key_of(world, "survey:read"), 999_999)
    assert_error(response, 404, "not_found", "Project not found.")


@under_a_project
def test_a_project_that_is_closed_to_the_user_is_403_and_itself_404(world: AccessWorld, route: Route) -> None:
    response = call(world, route, key_of(world, "*"), world.q.id)
    if route.path.endswith("{project}"):
        assert_error(response, 404, "not_found", "Not found.")
    else:
        assert_error(response, 403, "permission_denied", "You don't have access to the project.")


@every_route
def test_with_the_scopes_nobody_is_kept_out(world: AccessWorld, route: Route) -> None:
    if route.method != "GET":
        return
    scopes = [alternatives.split("|")[-1] for alternatives in route.needs.split()]
    response = call(world, route, key_of(world, *(scopes or ["survey:read"])))
    assert response.status_code not in (401, 403) or route.path.startswith("/api/users"), response.text


@cache
def object_of(world: AccessWorld, kind: str) -> str:
    """The id of one that NIA made."""
    body = {"name": "hers", "groups": [{"properties": [{"key": "email", "operator": "is_set"}]}]}
    made = world.nia.call("POST", kind, body)
    assert made.status_code == 201, made.text
    return str(made.json["id"])  # type: ignore[index]


@cache
def key_below(world: AccessWorld, resource: str, level: str) -> str:
    """A key of a member with just this level on a resource, and with every scope."""
    who = world.somebody(f"k{uuid4()}")
    world.rule("resource_access_controls", level, resource=resource, organization_member=who.member_id)
    return who.key("*")


def levels_needed(route: Route) -> dict[str, str]:
    """Of which resources a route needs which level, as documented."""
    scopes = [scope.split("|")[-1].split(":") for scope in route.needs.split()]
    needed = {name: "editor" if action == "write" else "viewer" for name, action in scopes}
    if route.path.endswith("/activity") or route.path.endswith("cohorts/:id/persons"):
        needed["person"] = "viewer"
    return {name: level for name, level in needed.items() if name in RULED_RESOURCES}


@under_a_project
def test_a_level_too_low_is_403_and_named(world: AccessWorld, route: Route) -> None:
    for resource, level in levels_needed(route).items():
        below = "viewer" if level == "editor" else "none"
        if (resource, below) == ("action", "none"):
            continue  # no rule can say so
        kind = route.path.partition("{project}/")[2].partition("/")[0]
        if ":id" in route.path and kind in ("insights", "actions", "cohorts"):
            aimed = Route(route.method, route.path.replace(":id", object_of(world, kind)))
        else:
            aimed = route
        response = call(world, aimed, key_below(world, resource, below))
        detail = f"You do not have {level} access to this resource."
        assert_error(response, 403, "permission_denied", detail)
