"""The OpenAPI description, completed with what holds for every private route: who may call it, and how it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from apispec import APISpec
from flask import Flask
from werkzeug.routing import Rule

from ..domain.accounts import Scope

_METHODS = ("get", "put", "post", "delete", "patch")
_ERROR = {"$ref": "#/components/schemas/Error"}
_WAIT = {
    "Retry-After": {
        "required": True,
        "description": "Seconds to wait before another try.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_LIMITS = {
    f"RateLimit-{name}": {"description": text, "schema": {"type": "integer", "minimum": 0}}
    for name, text in (
        ("Limit", "How many requests the key has in the window that is nearest to its end; absent without limits."),
        ("Remaining", "How many of them are left."),
        ("Reset", "Seconds until the oldest of that window counts no more."),
    )
}


def _refusal(description: str, type_: str, code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    example = {"type": type_, "code": code, "detail": detail, "attr": attr}
    return {
        "description": description,
        "content": {"application/json": {"schema": _ERROR, "example": example}},
    }


_REFUSALS: dict[str, dict[str, Any]] = {
    "400": _refusal(
        "The first field that cannot be read.", "validation_error", "required", "This field is required.", "properties"
    ),
    "401": _refusal(
        "No key, or one that opens nothing.",
        "authentication_error",
        "authentication_failed",
        "Personal API key found in request Authorization header is invalid.",
    ),
    "403": _refusal(
        "The key, or the level of its user, is not enough.",
        "authentication_error",
        "permission_denied",
        "API key missing required scope 'person:write'",
    ),
    "404": _refusal("There is none.", "invalid_request", "not_found", "Not found."),
    "405": _refusal("Not this method.", "invalid_request", "method_not_allowed", 'Method "POST" not allowed.'),
    "409": _refusal("Something else is in its way.", "server_error", "conflict", "Somebody else has changed it."),
    "413": _refusal("The body is too large.", "invalid_request", "payload_too_large", "The body is too large."),
    "415": _refusal(
        "The body is no JSON.",
        "invalid_request",
        "unsupported_media_type",
        'Unsupported media type "text/plain" in request.',
    ),
    "429": {
        **_refusal(
            "The key's requests in the last minute or hour are used up.",
            "throttled_error",
            "throttled",
            "Request was throttled. Expected available in 54 seconds.",
        ),
        "headers": _WAIT | _LIMITS,
    },
    "503": {
        **_refusal("A store cannot be reached.", "server_error", "unavailable", "The database is not available."),
        "headers": _WAIT,
    },
    "504": _refusal("The query asks for too much.", "server_error", "timeout", "The query took too long."),
}
_ALWAYS = ("400", "401", "403", "404", "429", "503", "504")
_WITH_BODY = ("409", "413", "415")


def describe_api(spec: APISpec, app: Flask) -> dict[str, Any]:
    """The whole description, of routes that are all registered."""
    described: dict[str, Any] = spec.to_dict()
    described["components"]["responses"].update({f"Refusal{status}": body for status, body in _REFUSALS.items()})
    views = dict(_views(app))
    for path, item in described["paths"].items():
        for method in set(item) & set(_METHODS):
            _complete(item[method], method, path, getattr(views.get((path, method)), "scopes", ()))
    return described


def also_as(*media_types: str) -> dict[str, Any]:
    """What a view's `doc` adds where it answers with files too."""
    return {"responses": {200: {"content": {name: {"schema": {"type": "string"}} for name in media_types}}}}


def path_of(rule: Rule) -> str:
    """A route as OpenAPI writes it."""
    return re.sub(r"<(?:[^<>]+:)?([^<>:]+)>", r"{\1}", rule.rule)


def _views(app: Flask) -> Iterator[tuple[tuple[str, str], Any]]:
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in _METHODS:
            if hasattr(view, method):
                yield (path_of(rule), method), getattr(view, method)


def _complete(operation: dict[str, Any], method: str, path: str, scopes: tuple[Scope, ...]) -> None:
    operation["operationId"] = "_".join([method, *re.findall(r"\w+", path.removeprefix("/api"))])
    choices = [(scope,) if isinstance(scope, str) else scope for scope in scopes]
    if choices:
        needs = " and ".join(" or ".join(f"`{one}`" for one in choice) for choice in choices)
        operation["description"] = f"{operation.get('description', '')}\n\nScope: {needs}.".strip()
    operation["x-required-scopes"] = [list(choice) for choice in choices]
    responses = operation["responses"]
    for response in responses.values():
        if "$ref" not in response:
            response["headers"] = _LIMITS
    for status in _ALWAYS + (_WITH_BODY if method != "get" else ()):
        responses[status] = {"$ref": f"#/components/responses/Refusal{status}"}
    if "405" in responses:
        responses["405"] = {"$ref": "#/components/responses/Refusal405"}
    body = operation.get("requestBody")
    if body:
        # An absent body is an empty object.
        body["required"] = False
    operation["responses"] = dict(sorted(responses.items()))
