"""From a request to its caller and its project: the gate before every private view."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, g, request

from ..domain.access import Resource
from ..domain.accounts import Scope
from ..domain.errors import NotAuthenticated, Throttled
from ..domain.limits import Standing, budget_of, throttled_text
from ..services.access import Caller, Entered
from .api import UnreadableBody, UnsupportedMediaType, json_body
from .bootstrap import services

_BEARER = re.compile(r"^Bearer\s+(\S.+)$")
_View = TypeVar("_View", bound=Callable[..., Any])


def find_key() -> tuple[str, str] | None:
    """The first key the request carries and where it was found: header, body, query string, in this order."""
    match = _BEARER.match(request.headers.get("Authorization", ""))
    if match:
        value = match.group(1).strip()
        return None if value.startswith("pha_") else (value, "Authorization header")
    if request.method in ("POST", "PUT", "PATCH", "DELETE"):
        try:
            body = json_body()
        except (UnreadableBody, UnsupportedMediaType):
            body = None
        if isinstance(body, dict) and isinstance(body.get("personal_api_key"), str) and body["personal_api_key"]:
            return body["personal_api_key"], "body"
    value = request.args.get("personal_api_key", "")
    return (value, "query string") if value else None


def authenticate() -> Caller:
    """The request's caller. Raises `NotAuthenticated` or `AuthenticationFailed`."""
    found = find_key()
    if found is None:
        raise NotAuthenticated
    return services().access.authenticate(*found)


def scoped(
    *scopes: Scope,
    own: Resource | None = None,
    objects: Resource | None = None,
    hides: bool = False,
) -> Callable[[_View], _View]:
    """A view under a project: its `project_id` becomes the `Project` that the caller may use with these scopes.

    A tuple of scopes stands for any of them. `own`: the route's resource where no scope names it. `objects`: the view
    is about single objects of that resource, a list included: it hands what was `entered` on, to be asked there.
    `hides`: a closed project is as if it were not there.
    """

    def decorate(view: _View) -> _View:
        @wraps(view)
        def wrapper(*args: Any, project_id: str, **kwargs: Any) -> Any:
            g.caller = authenticate()
            g.entered = services().access.enter(g.caller, project_id, scopes, own=own, objects=objects, hides=hides)
            _spend()
            return view(*args, project=g.entered.project, **kwargs)

        wrapper.scopes = scopes  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate


def private(*scopes: Scope, limited_keys: bool = False) -> Callable[[_View], _View]:
    """A view under no project. `limited_keys`: keys that are limited to projects may use it too."""

    def decorate(view: _View) -> _View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            g.caller = authenticate()
            if limited_keys:
                services().access.require(g.caller, scopes)
            else:
                services().access.admit(g.caller, scopes)
            _spend()
            return view(*args, **kwargs)

        wrapper.scopes = scopes  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate


def caller() -> Caller:
    """Who makes this request."""
    found: Caller = g.caller
    return found


def entered() -> Entered:
    """The project of this request and what its caller may do there."""
    found: Entered = g.entered
    return found


def demand(*scopes: Scope) -> None:
    """Ask for further scopes, and the levels that go with them, because of what the body asks for."""
    services().access.demand(g.caller, g.entered, scopes)


def tell_limits(app: Flask) -> None:
    """Say in every answer to a request that was counted where its key stands."""

    @app.after_request
    def tell(response: Response) -> Response:
        standing: Standing | None = g.get("standing")
        if standing is not None:
            response.headers["RateLimit-Limit"] = str(standing.limit)
            response.headers["RateLimit-Remaining"] = str(standing.remaining)
            response.headers["RateLimit-Reset"] = str(standing.reset)
        return response


def _spend() -> None:
    rule = request.url_rule.rule if request.url_rule else ""
    budget = budget_of(request.method, rule.partition("<project_id>")[2])
    g.standing = services().access.spend(g.caller, budget)
    if g.standing is not None and g.standing.wait is not None:
        raise Throttled(throttled_text(g.standing.wait), g.standing.wait)
