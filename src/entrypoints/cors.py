"""Who may call from a browser: any page the SDK routes, configured origins the private API."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

_OK = b'{"status":"Ok"}'
_RETRY = "Retry-After"
_LIMITS = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"


def open_to_any_origin(blueprint: Blueprint) -> None:
    """Mirror any origin on a blueprint's routes, error answers included, and answer preflights."""

    @blueprint.before_request
    def preflight() -> Response | None:
        if request.method == "OPTIONS":
            return Response(_OK, content_type="application/json")
        return None

    @blueprint.after_app_request
    def mirror(response: Response) -> Response:
        return allow(response, "GET, POST, OPTIONS", _RETRY) if _is_of(blueprint) else response


def _is_of(blueprint: Blueprint) -> bool:
    """Whether the request is for one of a blueprint's routes, even if by a method that the route does not take."""
    refusal = request.routing_exception
    if not isinstance(refusal, MethodNotAllowed) or not refusal.valid_methods:
        return request.blueprint == blueprint.name
    urls = current_app.create_url_adapter(request)
    if urls is None:
        return False
    endpoint, _ = urls.match(method=next(iter(refusal.valid_methods)))
    return str(endpoint).startswith(f"{blueprint.name}.")


def open_to_configured_origins(app: Flask, origins: frozenset[str]) -> None:
    """Let pages of these origins call the private API."""

    @app.before_request
    def preflight() -> Response | None:
        if request.method == "OPTIONS" and _is_configured():
            return Response(status=204)
        return None

    @app.after_request
    def mirror(response: Response) -> Response:
        if not _is_configured():
            return response
        return allow(response, "GET, POST, PUT, PATCH, DELETE, OPTIONS", f"{_RETRY}, {_LIMITS}")

    def _is_configured() -> bool:
        return request.path.startswith("/api/") and request.headers.get("Origin") in origins


def allow(response: Response, methods: str, exposed: str) -> Response:
    """Mirror the request's origin and headers; pages may read the `exposed` ones. Never `*`: it forbids credentials."""
    origin = request.headers.get("Origin")
    if origin:
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"
        headers["Access-Control-Allow-Methods"] = methods
        headers["Access-Control-Expose-Headers"] = exposed
        asked = request.headers.get("Access-Control-Request-Headers")
        if asked:
            headers["Access-Control-Allow-Headers"] = asked
    response.vary.add("Origin")
    return response
