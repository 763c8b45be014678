"""POST /i/v1/analytics/events: strict headers, and a result for each event."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any
from uuid import uuid4

import brotli
import pytest
from werkzeug.test import TestResponse

from tests.e2e.conftest import World
from tests.e2e.test_capture_cases import own, stored

SESSION = "0190a0b0-0000-7000-8000-000000000002"
TIME = "2026-11-23T02:03:51.664884+00:00"


def headers(world: World, **changes: str | None) -> dict[str, str]:
    """Good headers; underscores in a name stand for dashes, None leaves one out."""
    given: dict[str, str | None] = {
        "Authorization": f"Bearer {world.token}",
        "Content-Type": "application/json",
        "User-Agent": "posthog-python/7.91.1",
        "PostHog-Sdk-Info": "posthog-python/7.91.1",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": SESSION,
        "PostHog-Request-Timestamp": TIME,
    }
    given |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in given.items() if value is not None}


def an_event(**changes: Any) -> dict[str, Any]:
    return {"event": "e", "uuid": str(uuid4()), "distinct_id": "u", "timestamp": TIME, "properties": {}} | changes


def send(world: World, *events: Any, body: bytes | None = None, **changes: Any) -> TestResponse:
    payload = json.dumps({"created_at": TIME, "batch": list(events)}).encode() if body is None else body
    return world.client.post("/i/v1/analytics/events", data=payload, headers=headers(world, **changes))


def result(response: TestResponse, event: dict[str, Any]) -> Any:
    assert response.status_code == 200, response.text
    body: Any = response.json
    return body["results"][event["uuid"]]


def test_each_event_has_its_result_and_a_resend_stores_nothing__cases_96_and_101(world: World) -> None:
    first = an_event(
        event="v1ev",
        options={"process_person_profile": False},
        properties={"a": 1, "$geoip_disable": True, "$is_server": True},
        session_id=SESSION,
    )
    second = an_event(event="$set", options={}, properties={"$set": {"z": 1}})
    for attempt in ("1", "2"):
        response = send(world, first, second, PostHog_Attempt=attempt)
        assert response.status_code == 200
        assert response.json == {"results": {first["uuid"]: {"result": "ok"}, second["uuid"]: {"result": "ok"}}}
        assert "Retry-After" not in response.headers
        assert response.headers["PostHog-Request-Id"] == SESSION
    assert own(world.person("u")) == {"z": 1}
    rows = {row["event"]: row for row in stored(world)}
    assert len(stored(world)) == 2
    assert rows["v1ev"]["person_mode"] == 1
    assert rows["v1ev"]["properties"]["$lib"] == "posthog-python"
    assert rows["v1ev"]["properties"]["$lib_version"] == "7.91.1"
    assert rows["v1ev"]["properties"]["$session_id"] == SESSION


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"event": ""}, "missing_event_name"),
        ({"event": "n" * 201}, "event_name_too_long"),
        ({"distinct_id": " "}, "missing_distinct_id"),
        ({"distinct_id": "€" * 67}, "distinct_id_too_large"),
        ({"timestamp": "2026-01-02"}, "invalid_event_timestamp"),
        ({"properties": []}, "malformed_event_properties"),
        ({"options": {"process_person_profile": "maybe"}}, "invalid_options"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_bad_event_is_dropped_and_the_others_stored__case_100(
    world: World, changes: dict[str, Any], details: str
) -> None:
    bad, good = an_event(**changes), an_event()
    response = send(world, bad, good)
    assert result(response, bad) == {"result": "drop", "details": details}
    assert result(response, good) == {"result": "ok"}
    assert world.count() == 1


@pytest.mark.parametrize("distinct_id", ["Guest", "0", "anonymous-user", "00000000-0000-0000-0000-000000000000"])
def test_ids_of_everybody_are_stored_personless__case_100(world: World, distinct_id: str) -> None:
    event = an_event(distinct_id=distinct_id)
    assert result(send(world, event), event) == {"result": "ok", "details": "person_processing_disabled"}
    assert world.persons() == []
    assert world.count() == 1


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
    ],
)
def test_the_body_may_be_compressed(world: World, encoding: str, compress: Any) -> None:
    event = an_event()
    body = compress(json.dumps({"created_at": TIME, "batch": [event]}).encode())
    assert result(send(world, body=body, Content_Encoding=encoding), event) == {"result": "ok"}


@pytest.mark.parametrize(
    ("changes", "status", "tag"),
    [
        ({"Authorization": None}, 401, "missing_authorization"),
        ({"Authorization": "Bearer phc_nobody"}, 401, "invalid_api_token"),
        ({"Authorization": "Basic x"}, 400, "invalid_header_value"),
        ({"PostHog_Sdk_Info": None}, 400, "missing_required_headers"),
        ({"PostHog_Attempt": "0"}, 400, "invalid_header_value"),
        ({"PostHog_Request_Id": "x"}, 400, "invalid_header_value"),
        ({"PostHog_Request_Timestamp": "yesterday"}, 400, "invalid_header_value"),
        ({"Content_Type": "text/plain"}, 415, "unsupported_content_type"),
        ({"Content_Encoding": "lzma"}, 415, "unsupported_encoding"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_headers_refuse_the_request(world: World, changes: dict[str, Any], status: int, tag: str) -> None:
    response = send(world, an_event(), Origin="https://a.b", **changes)
    assert response.status_code == status
    body: Any = response.json
    assert set(body) == {"error", "error_description", "error_uri"}
    assert body["error"] == tag
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.b"
    assert world.count() == 0


SAME = an_event()


@pytest.mark.parametrize(
    ("body", "status", "tag"),
    [
        (b"", 400, "empty_body"),
        ({"created_at": TIME, "batch": []}, 400, "empty_batch"),
        ({"created_at": "x", "batch": [SAME]}, 400, "invalid_batch"),
        ({"created_at": TIME, "batch": [{**SAME, "uuid": ""}]}, 400, "missing_event_uuid"),
        ({"created_at": TIME, "batch": [{**SAME, "uuid": "x"}]}, 400, "invalid_event_uuid"),
        ({"created_at": TIME, "batch": [SAME, SAME]}, 400, "duplicate_event_uuid"),
        (b"{", 400, "request_parsing_error"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, 400, "request_parsing_error"),
        (b" " * (21 * 1024 * 1024), 413, "payload_too_large"),
    ],
    ids=["empty", "no events", "created_at", "no uuid", "bad uuid", "twice", "JSON", "deep", "large"],
)
def test_bad_bodies_refuse_the_request(world: World, body: Any, status: int, tag: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = send(world, body=raw)
    assert response.status_code == status
    assert response.json
    assert response.json["error"] == tag
    assert world.count() == 0
