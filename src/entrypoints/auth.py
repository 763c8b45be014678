"""From a request to its caller and its project."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, request

from ..domain.accounts import Project, Scope
from ..domain.errors import NotAuthenticated
from ..services.access import Caller
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


def scoped(*scopes: Scope) -> Callable[[_View], _View]:
    """A view under a project: its `project_id` becomes the `Project` that the caller may use with these scopes.

    A tuple of scopes stands for any of them.
    """

    def decorate(view: _View) -> _View:
        @wraps(view)
        def wrapper(*args: Any, project_id: str, **kwargs: Any) -> Any:
            g.caller = authenticate()
            project: Project = services().access.enter(g.caller, project_id, scopes)
            return view(*args, project=project, **kwargs)

        wrapper.scopes = scopes  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate
