"""What SDKs ask besides capture. Hedgerow has no flags, surveys or recordings, and says so in the form they read."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import Final

import orjson
from flask import Blueprint, Response, request
from werkzeug.wrappers.response import Response as BaseResponse

from ..domain.capture import CaptureRejected
from ..domain.errors import StoreUnavailable
from ..domain.events import JsonValue
from .api import json_response
from .bootstrap import services
from .capture import on_rejected, on_unavailable, read_body, read_payload
from .cors import open_to_any_origin
from .decoding import MAX_SIZE

blueprint = Blueprint("sdk", __name__)
open_to_any_origin(blueprint)
blueprint.register_error_handler(CaptureRejected, on_rejected)
blueprint.register_error_handler(StoreUnavailable, on_unavailable)

_CONFIG: Final[dict[str, JsonValue]] = {
    "hasFeatureFlags": False,
    "supportedCompression": ["gzip", "gzip-js"],
    "sessionRecording": False,
    "surveys": False,
    "heatmaps": False,
    "capturePerformance": False,
    "autocaptureExceptions": False,
    "isAuthenticated": False,
    "toolbarParams": {},
    "config": {"enable_collect_everything": True},
}
_NO_PROJECT = "No API token provided. Please include a valid API token in your request."
_UNKNOWN_PROJECT = "The provided API key is invalid or has expired. Please check your API key and try again."


@blueprint.route("/flags", methods=["GET", "POST"])
@blueprint.route("/decide", methods=["GET", "POST"])
def flags() -> Response:
    """No flags, in the version of the answer that the SDK asked for."""
    decoded = read_payload().payload
    payload = decoded if isinstance(decoded, dict) else {}
    token = payload.get("token") or payload.get("api_key") or payload.get("$token")
    if not token or not isinstance(token, str):
        raise CaptureRejected(401, _NO_PROJECT)
    if services().capture.project_of(token.strip()) is None:
        raise CaptureRejected(401, _UNKNOWN_PROJECT)
    if payload.get("distinct_id", payload.get("$distinct_id")) in (None, ""):
        raise CaptureRejected(400, "The distinct_id field is missing from the request.")
    return json_response(_flags_answer())


def _flags_answer() -> dict[str, JsonValue]:
    version = request.args.get("v", "")
    answer: dict[str, JsonValue] = {
        "errorsWhileComputingFlags": False,
        "requestId": str(uuid.uuid4()),
        "evaluatedAt": int(time.time() * 1000),
    }
    if request.path.startswith("/flags") and version in ("2", "3", "4"):
        answer["flags"] = {}
        return answer | _CONFIG if request.args.get("config") == "true" else answer
    answer["featureFlags"] = [] if version == "1" else {}
    answer["featureFlagPayloads"] = {}
    return answer | _CONFIG


@blueprint.get("/array/<token>/config")
def config(token: str) -> Response:
    """The remote configuration of posthog-js, as JSON."""
    return json_response(_remote_config(token))


@blueprint.get("/array/<token>/config.js")
def config_script(token: str) -> Response:
    """The same as a script."""
    config = orjson.dumps(_remote_config(token)).decode()
    name = orjson.dumps(token).decode()
    script = (
        "(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
        f"window._POSTHOG_REMOTE_CONFIG[{name}]={{config:{config},siteApps:[]}}}})();"
    )
    return Response(script, content_type="application/javascript")


def _remote_config(token: str) -> dict[str, JsonValue]:
    if services().capture.project_of(token) is None:
        raise CaptureRejected(404, "Not found.")
    own: dict[str, JsonValue] = {
        "token": token,
        "siteApps": [],
        "analytics": {"endpoint": "/i/v0/e/"},
        "defaultIdentifiedOnly": True,
    }
    return _CONFIG | own


@blueprint.get("/flags/definitions")
@blueprint.get("/api/feature_flag/local_evaluation")
def definitions() -> BaseResponse:
    """No flags to evaluate locally; with an ETag, as server SDKs poll it."""
    token = request.args.get("token", "")
    if not token:
        raise CaptureRejected(401, _NO_PROJECT)
    if services().capture.project_of(token) is None:
        raise CaptureRejected(401, _UNKNOWN_PROJECT)
    response = json_response({"flags": [], "group_type_mapping": {}, "cohorts": {}})
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:16])
    return response.make_conditional(request)


@blueprint.get("/static/<path:file>")
@blueprint.get("/api/projects/@current/feature_flags/<path:file>/remote_config")
def missing(file: str) -> Response:
    """Extensions and flags that SDKs may ask for and Hedgerow does not have."""
    raise CaptureRejected(404, "Not found.")


@blueprint.get("/api/surveys")
def surveys() -> Response:
    """No surveys."""
    return json_response({"surveys": []})


@blueprint.get("/api/early_access_features")
def early_access() -> Response:
    """No early access features."""
    return json_response({"earlyAccessFeatures": []})


@blueprint.post("/i/v1/logs")
@blueprint.post("/i/v1/traces")
def telemetry() -> Response:
    """OpenTelemetry data is accepted and not kept."""
    read_body(MAX_SIZE)
    return json_response({})
