"""What SDKs ask besides capture, and who may ask from a browser."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from uuid import UUID

import pytest

from tests.e2e.conftest import World

CONFIG = {
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


def ask(world: World, path: str, **more: Any) -> Any:
    response = world.send({"token": world.token, "distinct_id": "u", **more}, path)
    assert response.status_code == 200, response.text
    answer: Any = response.json
    assert UUID(answer.pop("requestId")).version == 4
    assert isinstance(answer.pop("evaluatedAt"), int)
    assert answer.pop("errorsWhileComputingFlags") is False
    return answer


@pytest.mark.parametrize("version", [2, 4])
def test_there_are_no_flags(world: World, version: int) -> None:
    for slash in ("", "/"):
        assert ask(world, f"/flags{slash}?v={version}") == {"flags": {}}
    assert ask(world, f"/flags/?v={version}&config=true") == {"flags": {}, **CONFIG}


def test_old_sdks_hear_so_in_their_own_form(world: World) -> None:
    old = {"featureFlags": {}, "featureFlagPayloads": {}, **CONFIG}
    for path in ("/flags/", "/decide/?v=3", "/decide?v=2"):
        assert ask(world, path) == old
    assert ask(world, "/decide/?v=1") == old | {"featureFlags": []}


def test_flags_take_the_encodings_of_capture(world: World) -> None:
    raw = json.dumps({"api_key": world.token, "distinct_id": "u"}).encode()
    for body, options in (
        (gzip.compress(raw), {"content_type": "text/plain"}),
        (gzip.compress(raw), {"headers": {"Content-Encoding": "gzip"}}),
        (base64.b64encode(raw), {}),
        ({"data": base64.b64encode(raw)}, {}),
    ):
        response = world.client.post("/flags/?v=2", data=body, **options)
        assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"distinct_id": "u"}, 401, "No API token provided. Please include a valid API token in your request."),
        (
            {"token": "phc_nobody", "distinct_id": "u"},
            401,
            "The provided API key is invalid or has expired. Please check your API key and try again.",
        ),
        ({}, 400, "The distinct_id field is missing from the request."),
    ],
)
def test_flags_refuse_in_plain_text(world: World, body: dict[str, str], status: int, text: str) -> None:
    response = world.send(body or {"token": world.token}, "/flags/?v=2", headers={"Origin": "https://a.b"})
    assert (response.status_code, response.text) == (status, text)
    assert response.mimetype == "text/plain"
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.b"


def test_the_browser_sdk_is_configured_as_json_and_as_a_script(world: World) -> None:
    config = world.client.get(f"/array/{world.token}/config").json
    assert config == CONFIG | {
        "token": world.token,
        "siteApps": [],
        "analytics": {"endpoint": "/i/v0/e/"},
        "defaultIdentifiedOnly": True,
    }
    script = world.client.get(f"/array/{world.token}/config.js")
    assert script.content_type == "application/javascript"
    begin = "(function(){window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{};"
    begin += f'window._POSTHOG_REMOTE_CONFIG["{world.token}"]={{config:'
    end = ",siteApps:[]}})();"
    assert (script.text[: len(begin)], script.text[-len(end) + 1 :]) == (begin, end[1:])
    assert json.loads(script.text[len(begin) : -len(end) + 1].removesuffix(",")) == config


def test_server_sdks_poll_definitions_with_an_etag(world: World) -> None:
    for path in ("/flags/definitions", "/api/feature_flag/local_evaluation", "/api/feature_flag/local_evaluation/"):
        query = {"token": world.token, "send_cohorts": ""}
        first = world.client.get(path, query_string=query, headers={"Authorization": "Bearer phx_any"})
        assert first.json == {"flags": [], "group_type_mapping": {}, "cohorts": {}}
        again = world.client.get(path, query_string=query, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert world.client.get(path).status_code == 401
        assert world.client.get(path, query_string={"token": "phc_nobody"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/i/v1/logs", {}),
        ("POST", "/i/v1/traces/", {}),
        ("GET", "/api/surveys/?token=x", {"surveys": []}),
        ("GET", "/api/early_access_features/?token=x", {"earlyAccessFeatures": []}),
    ],
)
def test_what_hedgerow_does_not_have_is_answered_quietly(world: World, method: str, path: str, answer: Any) -> None:
    response = world.client.open(path, method=method, data=b"anything" if method == "POST" else None)
    assert (response.status_code, response.json) == (200, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/array/phc_nobody/config",
        "/array/phc_nobody/config.js",
        "/static/array.js",
        "/static/recorder.js?v=1.2.3",
        "/static/1.2.3/surveys.js",
        "/api/projects/@current/feature_flags/nope/remote_config?token=x",
    ],
)
def test_what_is_not_there_is_404(world: World, path: str) -> None:
    assert world.client.get(path).status_code == 404


PUBLIC = [
    *("/batch/", "/i/v0/e/", "/e", "/capture", "/track/", "/engage/", "/s/", "/i/v0/ai/batch"),
    *("/i/v1/analytics/events", "/i/v1/ai/events/", "/flags/?v=2", "/decide/?v=3", "/i/v1/logs", "/i/v1/traces"),
    *("/array/phc_x/config", "/array/phc_x/config.js", "/flags/definitions", "/api/feature_flag/local_evaluation/"),
    *("/api/surveys/", "/api/early_access_features/", "/static/array.js"),
]


@pytest.mark.parametrize("path", PUBLIC)
def test_any_page_may_call_and_read_even_refusals__case_20(world: World, path: str) -> None:
    origin = {"Origin": "https://a.b"}
    preflight = world.client.options(
        path, headers=origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-foo"}
    )
    assert preflight.status_code == 200
    assert preflight.json == {"status": "Ok"}
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "x-foo"
    answers = [preflight, world.client.get(path, headers=origin), world.client.post(path, data=b"[", headers=origin)]
    for answer in [one for one in answers if one.status_code != 405]:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://a.b", answer.status
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
        assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Origin" not in world.client.get(path).headers


@pytest.mark.parametrize("path", ["/batch/", "/s/", "/i/v1/analytics/events", "/flags/", "/static/array.js"])
def test_a_method_that_a_route_does_not_take_is_refused_to_any_page(world: World, path: str) -> None:
    answer = world.client.delete(path, headers={"Origin": "https://a.b"})
    assert answer.status_code == 405
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.b"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, OPTIONS"
    assert "Origin" in answer.headers["Vary"]


def test_a_method_that_another_route_does_not_take_is_refused_without_leave(world: World) -> None:
    answer = world.client.delete("/healthz", headers={"Origin": "https://a.b"})
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers
