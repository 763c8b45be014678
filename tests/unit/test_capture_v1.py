"""Capture protocol v1: strict headers and an answer for each event."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.accounts import Project
from hedgerow.domain.capture_v1 import (
    EventResult,
    V1Headers,
    V1Outcome,
    V1Rejected,
    read_headers,
    read_v1,
    to_events,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.capture_builders import A_PROJECT, NOW, TOKEN

FIRST = "c8f54734-fbae-4f68-95d7-6e05450e4b1e"
SECOND = "1633ef32-ba69-4f37-9606-253bd0e45f48"
SESSION = "0190a0b0-0000-7000-8000-000000000002"
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
    "User-Agent": "posthog-python/7.91.1",
    "PostHog-Sdk-Info": "posthog-python/7.91.1",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": SESSION,
    "PostHog-Request-Timestamp": NOW.isoformat(),
}


def an_event(**changes: Any) -> dict[str, Any]:
    event = {"event": "e1", "uuid": FIRST, "distinct_id": "u1", "timestamp": NOW.isoformat(), "properties": {}}
    return event | changes


def a_batch(*events: Any, **changes: Any) -> dict[str, Any]:
    return {"created_at": NOW.isoformat(), "batch": list(events)} | changes


def outcome(payload: Any, *, headers: dict[str, str] = HEADERS, project: Project = A_PROJECT) -> V1Outcome:
    return to_events(read_v1(payload), read_headers(headers), project=project, now=NOW, ip=None, holds_nul=True)


def result(**changes: Any) -> EventResult:
    return outcome(a_batch(an_event(**changes))).results[FIRST]


def properties(**changes: Any) -> dict[str, Any]:
    [event] = outcome(a_batch(an_event(**changes))).events
    return event.properties


def rejection(call: Any, *arguments: Any) -> tuple[int, str]:
    with pytest.raises(V1Rejected) as caught:
        call(*arguments)
    return caught.value.status, caught.value.tag


def test_case_96_each_event_has_its_result_in_batch_order() -> None:
    payload = a_batch(
        an_event(options={"process_person_profile": False}, properties={"a": 1}, session_id=SESSION),
        an_event(event="$set", uuid=SECOND, options={}, properties={"$set": {"z": 1}}),
    )
    outcome_ = outcome(payload)
    assert list(outcome_.results.items()) == [(FIRST, EventResult("ok")), (SECOND, EventResult("ok"))]
    first, second = outcome_.events
    assert first.uuid == UUID(FIRST)
    assert first.personless
    assert first.properties == {
        "a": 1,
        "$process_person_profile": False,
        "$session_id": SESSION,
        "$lib": "posthog-python",
        "$lib_version": "7.91.1",
        "$sent_at": "2026-11-23T12:00:00.000Z",
    }
    assert second.properties["$set"] == {"z": 1}
    assert not second.personless


def test_headers_are_read() -> None:
    expected = V1Headers(TOKEN, SESSION, 1, NOW, "posthog-python", "7.91.1")
    assert read_headers(HEADERS) == expected
    assert read_headers(HEADERS | {"Content-Type": "application/json; charset=utf-8"}) == expected


def test_the_library_is_split_at_the_last_slash() -> None:
    headers = read_headers(HEADERS | {"PostHog-Sdk-Info": "@scope/lib/1.0"})
    assert (headers.library, headers.library_version) == ("@scope/lib", "1.0")
    headers = read_headers(HEADERS | {"PostHog-Sdk-Info": "lib"})
    assert (headers.library, headers.library_version) == ("lib", None)


def test_a_request_without_authorization_is_refused_first() -> None:
    assert rejection(read_headers, {}) == (401, "missing_authorization")


def test_missing_headers_are_all_named_at_once() -> None:
    with pytest.raises(V1Rejected) as caught:
        read_headers({"Authorization": "Bearer x", "Content-Type": "application/json", "User-Agent": "x"})
    assert (caught.value.status, caught.value.tag) == (400, "missing_required_headers")
    for name in ("PostHog-Sdk-Info", "PostHog-Attempt", "PostHog-Request-Id", "PostHog-Request-Timestamp"):
        assert name in caught.value.description


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("Authorization", "Basic abc", (400, "invalid_header_value")),
        ("PostHog-Request-Id", "1", (400, "invalid_header_value")),
        ("PostHog-Attempt", "0", (400, "invalid_header_value")),
        ("PostHog-Attempt", "x", (400, "invalid_header_value")),
        ("PostHog-Request-Timestamp", "2026-11-23", (400, "invalid_header_value")),
        ("Content-Type", "text/plain", (415, "unsupported_content_type")),
        ("Authorization", "Bearer phx_secret", (401, "invalid_api_token")),
        ("Authorization", "Bearer", (401, "invalid_api_token")),
    ],
)
def test_a_bad_header_is_refused(name: str, value: str, refusal: tuple[int, str]) -> None:
    assert rejection(read_headers, HEADERS | {name: value}) == refusal


@pytest.mark.parametrize(
    ("payload", "tag"),
    [
        ([], "request_parsing_error"),
        ({"created_at": NOW.isoformat()}, "request_parsing_error"),
        (a_batch(5), "request_parsing_error"),
        (a_batch(an_event(), historical_migration="yes"), "request_parsing_error"),
        (a_batch(an_event(), created_at=None), "invalid_batch"),
        (a_batch(an_event(), created_at="yesterday"), "invalid_batch"),
        (a_batch(), "empty_batch"),
        (a_batch(an_event(uuid=None)), "missing_event_uuid"),
        (a_batch(an_event(uuid=" ")), "missing_event_uuid"),
        (a_batch(an_event(uuid="x")), "invalid_event_uuid"),
        (a_batch(an_event(uuid=5)), "invalid_event_uuid"),
        (a_batch(an_event(), an_event(uuid=FIRST.upper())), "duplicate_event_uuid"),
    ],
    ids=repr,
)
def test_a_bad_batch_is_refused_as_a_whole(payload: Any, tag: str) -> None:
    assert rejection(read_v1, payload) == (400, tag)


@pytest.mark.parametrize(
    ("changes", "details"),
    [
        ({"event": ""}, "missing_event_name"),
        ({"event": None, "distinct_id": ""}, "missing_event_name"),
        ({"event": "n" * 201}, "event_name_too_long"),
        ({"event": "é" * 101, "distinct_id": ""}, "event_name_too_long"),
        ({"distinct_id": None}, "missing_distinct_id"),
        ({"distinct_id": "  ", "timestamp": ""}, "missing_distinct_id"),
        ({"distinct_id": "€" * 67}, "distinct_id_too_large"),
        ({"timestamp": "2026-11-23", "properties": []}, "invalid_event_timestamp"),
        ({"timestamp": None}, "invalid_event_timestamp"),
        ({"timestamp": 1758117904}, "invalid_event_timestamp"),
        ({"properties": [], "options": []}, "malformed_event_properties"),
        ({"properties": None}, "malformed_event_properties"),
        ({"options": []}, "invalid_options"),
        ({"options": {"process_person_profile": "maybe"}}, "invalid_options"),
        ({"options": {"cookieless_mode": []}}, "invalid_options"),
        ({"options": {"product_tour_id": 1.5}}, "invalid_options"),
        ({"options": {"product_tour_id": True}}, "invalid_options"),
    ],
    ids=repr,
)
def test_case_100_a_bad_event_is_dropped_with_the_first_reason(changes: dict[str, Any], details: str) -> None:
    assert result(**changes) == EventResult("drop", details)


def test_a_bad_event_does_not_spoil_the_others() -> None:
    found = outcome(a_batch(an_event(event=""), an_event(uuid=SECOND)))
    assert [event.uuid for event in found.events] == [UUID(SECOND)]
    assert found.results == {FIRST: EventResult("drop", "missing_event_name"), SECOND: EventResult("ok")}


def test_recordings_and_performance_entries_are_dropped() -> None:
    assert result(event="$performance_event").result == result(event="$snapshot").result == "drop"


@pytest.mark.parametrize("distinct_id", ["Guest", "0", str(UUID(int=0)), "[Object Object]", "NaN", "user", " null "])
def test_case_100_an_illegal_distinct_id_is_stored_without_a_person(distinct_id: str) -> None:
    found = outcome(a_batch(an_event(distinct_id=distinct_id, options={"process_person_profile": True})))
    assert found.results[FIRST] == EventResult("ok", "person_processing_disabled")
    assert found.events[0].personless
    assert found.events[0].distinct_id == distinct_id.strip()


@pytest.mark.parametrize(
    ("value", "meaning"), [(True, True), ("true", True), ("1", True), (2, True), ("0", False), (0, False), (0.5, True)]
)
def test_boolean_options_become_properties(value: Any, meaning: bool) -> None:
    assert properties(options={"cookieless_mode": value})["$cookieless_mode"] is meaning
    assert properties(options={"disable_skew_correction": value})["$ignore_sent_at"] is meaning
    assert ("$process_person_profile" in properties(options={"process_person_profile": value})) is not meaning


def test_null_and_unknown_options_are_ignored() -> None:
    options: dict[str, Any] = {"cookieless_mode": None, "product_tour_id": None, "other": []}
    assert properties(options=options) == properties(options=None) == properties()


@pytest.mark.parametrize("tour", ["t1", 7])
def test_a_product_tour_becomes_a_property(tour: Any) -> None:
    assert properties(options={"product_tour_id": tour})["$product_tour_id"] == tour


def test_the_uuid_of_the_answer_is_the_clients_own_text() -> None:
    assert list(outcome(a_batch(an_event(uuid=f" {FIRST.upper()} "))).results) == [FIRST.upper()]


def test_a_wrong_clock_is_corrected_by_the_requests_time() -> None:
    headers = HEADERS | {"PostHog-Request-Timestamp": (NOW + timedelta(hours=1)).isoformat()}
    event = an_event(timestamp=(NOW + timedelta(minutes=50)).isoformat())
    [corrected] = outcome(a_batch(event), headers=headers).events
    assert corrected.timestamp == NOW - timedelta(minutes=10)


def test_a_time_more_than_23_hours_ahead_becomes_now_unless_correction_is_off() -> None:
    ahead = NOW + timedelta(hours=24)
    payload = a_batch(
        an_event(timestamp=ahead.isoformat()),
        an_event(timestamp=ahead.isoformat(), uuid=SECOND, options={"disable_skew_correction": True}),
    )
    assert [event.timestamp for event in outcome(payload).events] == [NOW, ahead]


def test_times_at_the_ends_of_the_calendar_do_no_harm() -> None:
    for hours in (5, -5):
        headers = HEADERS | {"PostHog-Request-Timestamp": (NOW + timedelta(hours=hours)).isoformat()}
        for timestamp in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
            assert outcome(a_batch(an_event(timestamp=timestamp)), headers=headers).events


def test_historical_migration_is_a_mark_on_the_events() -> None:
    assert outcome(a_batch(an_event(), historical_migration=True)).events[0].historical


def test_a_project_may_drop_old_events_silently() -> None:
    found = outcome(
        a_batch(an_event(timestamp="2020-01-01T00:00:00Z")), project=replace(A_PROJECT, drop_events_older_than=60)
    )
    assert (found.events, found.results) == ([], {FIRST: EventResult("ok")})


def test_nul_is_replaced() -> None:
    [event] = outcome(a_batch(an_event(event="e\0", distinct_id="u\0", properties={"\0": "\0"}))).events
    assert (event.name, event.distinct_id, event.properties["\ufffd"]) == ("e\ufffd", "u\ufffd", "\ufffd")


def test_a_clients_own_warning_is_not_stored() -> None:
    found = outcome(a_batch(an_event(event="$$client_ingestion_warning")))
    assert found.events == []
    assert [warning.kind for warning in found.warnings] == ["client_ingestion_warning"]


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from("event distinct_id timestamp properties options session_id".split()), ANY))
def test_any_event_has_a_result(changes: dict[str, Any]) -> None:
    assert result(**changes).result in {"ok", "drop"}


@given(ANY)
def test_any_payload_is_read_or_refused(payload: Any) -> None:
    for value in (payload, a_batch(payload)):
        with suppress(V1Rejected):
            read_v1(value)
