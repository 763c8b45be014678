"""The private API's common ground: the error envelope, reading of arguments, the OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

import flask
import marshmallow as ma
import orjson
import structlog
from flask import Response, current_app, g, request
from flask_smorest import Api, Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException

from ..domain import errors
from .json_text import is_too_deep

log = structlog.get_logger()

_RETRY_SECONDS = 1

REQUIRED = "Missing data for required field."
"""marshmallow's text for a field that is missing; a schema may give it to null too."""

# The statuses of domain errors, most specific first: (error, status, type, code).
_ERRORS: tuple[tuple[type[errors.HedgerowError], int, str, str], ...] = (
    (errors.InvalidInput, 400, "validation_error", "invalid_input"),
    (errors.NotAuthenticated, 401, "authentication_error", "not_authenticated"),
    (errors.AuthenticationFailed, 401, "authentication_error", "authentication_failed"),
    (errors.PermissionDenied, 403, "authentication_error", "permission_denied"),
    (errors.Throttled, 429, "throttled_error", "throttled"),
    (errors.NotFound, 404, "invalid_request", "not_found"),
    (errors.Conflict, 409, "server_error", "conflict"),
    (errors.StoreUnavailable, 503, "server_error", "unavailable"),
    (errors.QueryTooLarge, 504, "server_error", "timeout"),
)

_HTTP_ERRORS = {
    400: ("invalid_request", "parse_error"),
    404: ("invalid_request", "not_found"),
    405: ("invalid_request", "method_not_allowed"),
    413: ("invalid_request", "payload_too_large"),
    415: ("invalid_request", "unsupported_media_type"),
}


class UnreadableBody(errors.HedgerowError):
    """The body is not JSON."""


class UnsupportedMediaType(errors.HedgerowError):
    """The body is of a type that is not read."""


class ErrorSchema(ma.Schema):
    """Every private error has exactly these four keys."""

    type = ma.fields.String(required=True, metadata={"description": "The class of error."})
    code = ma.fields.String(required=True, metadata={"description": "The error, for programs."})
    detail = ma.fields.String(required=True, metadata={"description": "The error, for people."})
    attr = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "The field at fault, nested names joined by `__`."}
    )


def envelope(status: int, type: str, code: str, detail: str, attr: str | None = None) -> Response:
    """An error answer."""
    body = orjson.dumps({"type": type, "code": code, "detail": detail, "attr": attr})
    return Response(body, status, content_type="application/json")


def error_response(error: errors.HedgerowError) -> Response:
    """The answer for a domain error."""
    if isinstance(error, UnreadableBody):
        return envelope(400, "invalid_request", "parse_error", error.detail)
    if isinstance(error, UnsupportedMediaType):
        return envelope(415, "invalid_request", "unsupported_media_type", error.detail)
    for kind, status, type_, code in _ERRORS:
        if isinstance(error, kind):
            if isinstance(error, errors.InvalidInput):
                type_ = "invalid_request" if error.code == "parse_error" else type_
                return envelope(status, type_, error.code, error.detail, error.attr)
            response = envelope(status, type_, code, error.detail)
            if isinstance(error, errors.Throttled):
                response.headers["Retry-After"] = str(error.wait)
            if status == 503:
                response.headers["Retry-After"] = str(_RETRY_SECONDS)
            return response
    raise error


class HedgerowApi(Api):
    """flask-smorest with the four-key envelope."""

    ERROR_SCHEMA = ErrorSchema

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Any HTTP error that werkzeug or Flask raises, as an envelope."""
        status = error.code or 500
        if status == 405:
            detail = f'Method "{request.method}" not allowed.'
        elif status == 404:
            detail = "Not found."
        elif status >= 500:
            return envelope(status, "server_error", "error", "A server error occurred.")
        else:
            detail = error.description or error.name
        type_, code = _HTTP_ERRORS.get(status, ("invalid_request", "invalid_request"))
        return envelope(status, type_, code, detail)


class Parser(FlaskParser):
    """Reads arguments; what does not fit its schema raises `InvalidInput` for the first failing field."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs declares it so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": ma.EXCLUDE,
        "query": ma.EXCLUDE,
    }

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        """The JSON body; an empty body is an empty object."""
        return json_body()

    def handle_error(
        self, error: ma.ValidationError, req: Any, schema: ma.Schema, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        """Raise the first field's error, in the schema's order of fields."""
        messages = error.messages
        if isinstance(messages, Mapping) and set(messages) <= {"json", "query", "path", "form", "headers"}:
            messages = next(iter(messages.values()))
        raise first_error(messages, list(schema.fields))


def first_error(messages: Any, order: list[str]) -> errors.InvalidInput:
    """One error of marshmallow's many: that of the first failing field."""
    path: list[str] = []
    while isinstance(messages, Mapping) and messages:
        known = [name for name in order if name in messages]
        key = known[0] if known else next(iter(messages))
        if key != "_schema":
            path.append(str(key))
        messages, order = messages[key], []
    text = messages[0] if isinstance(messages, list) and messages else str(messages)
    attr = "__".join(path) or None
    if text == REQUIRED:
        return required(attr)
    if text == "Field may not be null.":
        return errors.InvalidInput("This field may not be null.", attr, "null")
    return errors.InvalidInput(text, attr)


def required(attr: str | None) -> errors.InvalidInput:
    """The error for a field that is missing."""
    return errors.InvalidInput("This field is required.", attr, "required")


def json_body() -> Any:
    """The request's JSON body, `{}` when there is none. Raises `UnreadableBody` or `UnsupportedMediaType`.

    It is read once a request: the key may be in it, arguments are, and a view may want it whole.
    """
    if "json_body" not in g:
        g.json_body = _read_json()
    return g.json_body


def _read_json() -> Any:
    raw = request.get_data(cache=True, parse_form_data=False)
    if not raw.strip():
        return {}
    content_type = request.mimetype
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedMediaType(f'Unsupported media type "{content_type}" in request.')
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnreadableBody(f"JSON parse error - {_reason(raw) or error}") from None
    if is_too_deep(raw, value):
        raise UnreadableBody("JSON parse error - recursion limit exceeded")
    return value


def _reason(raw: bytes) -> str | None:
    """What is wrong with a JSON document, in the words that Django REST framework's clients know."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


class PrivateBlueprint(Blueprint):
    """A blueprint whose arguments are read by `Parser`."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: ma.Schema | type[ma.Schema], **options: Any) -> Any:
        """As ever, but with one schema for all requests: making one takes longer than reading with it."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


class Schema(ma.Schema):
    """The base of all schemas: keys it does not know are ignored, keys keep their order."""

    class Meta:
        unknown = ma.EXCLUDE


def json_response(value: object, status: int = 200) -> Response:
    """A JSON answer. Integers beyond 53 bits and keys keep their form."""
    return Response(orjson.dumps(value), status, content_type="application/json")


def base_url() -> str:
    """The base of absolute links, without a trailing slash."""
    configured: str = current_app.config["SETTINGS"].public_url
    return (configured or request.host_url).rstrip("/")


def link(**changes: str | int | None) -> str:
    """This request's absolute URL with query parameters set in their place or appended, or removed where None;
    a key never appears in it."""
    left = {name: str(value) for name, value in changes.items() if value is not None}
    arguments = []
    for name, value in request.args.items(multi=True):
        if name in left:
            arguments.append((name, left.pop(name)))
        elif name not in changes and name != "personal_api_key":
            arguments.append((name, value))
    query = urlencode([*arguments, *left.items()])
    return base_url() + request.path + (f"?{query}" if query else "")


def register_errors(app: flask.Flask) -> None:
    """Make every error an envelope, and no error a traceback."""

    @app.errorhandler(errors.HedgerowError)
    def on_domain_error(error: errors.HedgerowError) -> Response:
        return error_response(error)

    @app.errorhandler(Exception)
    def on_unexpected(error: Exception) -> Response:
        log.exception("unhandled error", path=request.path, method=request.method)
        return envelope(500, "server_error", "error", "A server error occurred.")
