"""The capture routes: what SDKs send. Errors are plain text (v0) or a small object (v1), as SDKs expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout
from werkzeug.wrappers.response import Response as BaseResponse

from ..domain import capture_v1
from ..domain.accounts import Project
from ..domain.capture import CaptureRejected, read_v0, to_events
from ..domain.capture_v1 import V1Rejected
from ..domain.errors import StoreUnavailable
from .api import json_response
from .bootstrap import now, services
from .cors import open_to_any_origin
from .decoding import MAX_SIZE, Decoded, decode, decode_v1
from .warnings import warn

blueprint = Blueprint("capture", __name__)
open_to_any_origin(blueprint)

_OK = b'{"status":"Ok"}'
_V0_PATHS = ("/batch", "/i/v0/e", "/e", "/capture", "/track", "/engage")
_MAX_RECORDING = 25 * 1024 * 1024
_STOPPED = CaptureRejected(408, "client stopped sending data")
_ERROR_URI = "https://posthog.com/docs/api"


def ok() -> Response:
    """What SDKs take for success."""
    return Response(_OK, content_type="application/json")


def capture() -> Response:
    """Store the events of a request; answered means stored."""
    decoded = read_payload()
    batch = read_v0(decoded.payload, path=request.path, query=request.args, holds_nul=decoded.holds_nul)
    if batch.events:
        project = services().capture.project_of(batch.token)
        if project is None:
            raise CaptureRejected(401, "API key is not valid: unknown project API key")
        events, warnings = to_events(batch, project=project, now=now(), ip=request.remote_addr)
        for warning in warnings:
            warn(warning)
        if events:
            services().ingester.submit(project, events)
    if request.args.get("beacon") == "1":
        return Response(status=204)
    return ok()


for _path in _V0_PATHS:
    blueprint.add_url_rule(_path, view_func=capture, methods=["GET", "POST"])
blueprint.add_url_rule("/i/v0/ai/batch", view_func=capture, methods=["POST"])


@blueprint.route("/s", methods=["GET", "POST"])
def recordings() -> Response:
    """Accept a recording and keep nothing of it."""
    read_body(_MAX_RECORDING)
    return ok()


@blueprint.post("/i/v1/analytics/events")
@blueprint.post("/i/v1/ai/events")
def capture_with_results() -> Response:
    """Store a v1 batch; each event has its own result."""
    headers = capture_v1.read_headers(cast(Mapping[str, str], request.headers))
    decoded = decode_v1(read_body(MAX_SIZE), content_encoding=request.headers.get("Content-Encoding", ""))
    batch = capture_v1.read_v1(decoded.payload)
    project: Project | None = services().capture.project_of(headers.token)
    if project is None:
        raise capture_v1.invalid_api_token()
    outcome = capture_v1.to_events(
        batch, headers, project=project, now=now(), ip=request.remote_addr, holds_nul=decoded.holds_nul
    )
    for warning in outcome.warnings:
        warn(warning)
    if outcome.events:
        services().ingester.submit(project, outcome.events)
    results = {
        uuid: {"result": one.result} | ({"details": one.details} if one.details else {})
        for uuid, one in outcome.results.items()
    }
    response = json_response({"results": results})
    response.headers["PostHog-Request-Id"] = headers.request_id
    return response


def read_payload() -> Decoded:
    """The JSON value of a request of the classic protocol. Raises `CaptureRejected`."""
    return decode(
        read_body(MAX_SIZE),
        query=request.args,
        content_type=request.content_type or "",
        content_encoding=request.headers.get("Content-Encoding", ""),
        path=request.path,
    )


def read_body(limit: int) -> bytes:
    """The request's body, forms undecoded. Raises `CaptureRejected` past `limit` bytes or for a body that stops."""
    request.max_content_length = limit
    try:
        body = request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise CaptureRejected(413, f"maximum event size exceeded: {limit} bytes") from None
    except (ClientDisconnected, RequestTimeout, OSError):
        raise _STOPPED from None
    if len(body) < (request.content_length or 0):
        raise _STOPPED
    return body


@blueprint.errorhandler(CaptureRejected)
def on_rejected(error: CaptureRejected) -> BaseResponse:
    """A refusal in the words of the protocol; those of a v1 route in its shape."""
    if request.path.startswith("/i/v1/"):
        tag = "payload_too_large" if error.status == 413 else "request_parsing_error"
        return on_v1_rejected(V1Rejected(error.status, tag, error.text))
    return Response(error.text, error.status, content_type="text/plain; charset=utf-8")


@blueprint.errorhandler(V1Rejected)
def on_v1_rejected(error: V1Rejected) -> BaseResponse:
    """A refused v1 request."""
    response = json_response(
        {"error": error.tag, "error_description": error.description, "error_uri": _ERROR_URI}, error.status
    )
    if error.status in (408, 500, 503, 504):
        response.headers["Retry-After"] = "1"
    return response


@blueprint.errorhandler(StoreUnavailable)
def on_unavailable(error: StoreUnavailable) -> BaseResponse:
    """SDKs send again what is answered so."""
    if request.path.startswith("/i/v1/"):
        return on_v1_rejected(V1Rejected(503, "service_unavailable", "transient error, please retry"))
    response = Response("transient error, please retry", 503, content_type="text/plain; charset=utf-8")
    response.headers["Retry-After"] = "1"
    return response
