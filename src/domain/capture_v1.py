"""Capture protocol v1: strict headers, strict events, and an answer for each event.

`read_headers` comes first (it has the token), then `read_v1` on the decoded payload, then `to_events`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from .accounts import Project
from .capture import CLIENT_WARNING, CaptureRejected, check_token, client_warning, is_kept
from .errors import HedgerowError
from .events import Event, JsonValue, Properties
from .normalisation import IngestionWarning, Origin, normalise, without_nul
from .timestamps import MAX_AHEAD, iso_text, parse_rfc3339
from .uuids import parse_uuid

_MAX_BYTES = 200
_REQUIRED_HEADERS = (
    "Content-Type",
    "User-Agent",
    "PostHog-Sdk-Info",
    "PostHog-Attempt",
    "PostHog-Request-Id",
    "PostHog-Request-Timestamp",
)
_ILLEGAL_IDS: Final = frozenset(
    {"0", "00000000-0000-0000-0000-000000000000", "[object object]"}
    | set("anonymous anonymous-user backend distinct_id distinctid email false guest id nan none".split())
    | set("not_authenticated null system true undefined user".split())
)
_OPTIONS: Final = {
    "cookieless_mode": "$cookieless_mode",
    "disable_skew_correction": "$ignore_sent_at",
    "process_person_profile": "$process_person_profile",
}
_BOOLEAN_TEXTS: Final = {"true": True, "1": True, "false": False, "0": False}


class V1Rejected(HedgerowError):
    """A whole v1 request is refused. The protocol itself fixes status and tag."""

    def __init__(self, status: int, tag: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.tag = tag
        self.description = description


@dataclass(frozen=True, slots=True)
class V1Headers:
    """What the headers of a v1 request say. `requested_at` is aware UTC by the client's clock."""

    token: str
    request_id: str
    attempt: int
    requested_at: datetime
    library: str
    library_version: str | None


@dataclass(frozen=True, slots=True)
class V1Request:
    """A checked v1 batch: each event with its uuid and the text the client wrote it in."""

    events: list[tuple[UUID, str, Properties]]
    historical: bool


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one event: `result` is ok, drop, warning or retry; `details` says why."""

    result: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class V1Outcome:
    """The events to store, the result of every event by the client's uuid text in batch order, warnings."""

    events: list[Event]
    results: dict[str, EventResult]
    warnings: list[IngestionWarning]


class _Dropped(Exception):
    """One event is refused; the argument is the `details` of its result."""


def read_headers(headers: Mapping[str, str]) -> V1Headers:
    """Check a request's headers; `headers` must look names up in any case. Raises V1Rejected."""
    authorization = headers.get("Authorization", "").strip()
    if not authorization:
        raise V1Rejected(401, "missing_authorization", "The Authorization header is missing.")
    missing = [name for name in _REQUIRED_HEADERS if not headers.get(name, "").strip()]
    if missing:
        raise V1Rejected(400, "missing_required_headers", f"These required headers are missing: {', '.join(missing)}.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise _invalid_header("Authorization", "is not a bearer token")
    request_id = headers["PostHog-Request-Id"].strip()
    if parse_uuid(request_id) is None:
        raise _invalid_header("PostHog-Request-Id", "is not a uuid")
    attempt = headers["PostHog-Attempt"].strip()
    if not (attempt.isascii() and attempt.isdecimal() and len(attempt) < 10 and int(attempt) > 0):
        raise _invalid_header("PostHog-Attempt", "is not a number from 1")
    requested_at = parse_rfc3339(headers["PostHog-Request-Timestamp"].strip())
    if requested_at is None:
        raise _invalid_header("PostHog-Request-Timestamp", "is not an RFC 3339 time")
    if headers["Content-Type"].partition(";")[0].strip().lower() != "application/json":
        raise V1Rejected(415, "unsupported_content_type", "The content type must be application/json.")
    try:
        token = check_token(token)
    except CaptureRejected as error:
        raise invalid_api_token() from error
    sdk_info = headers["PostHog-Sdk-Info"].strip()
    library, slash, version = sdk_info.rpartition("/")
    if not slash:
        library, version = sdk_info, ""
    return V1Headers(token, request_id, int(attempt), requested_at, library, version or None)


def invalid_api_token() -> V1Rejected:
    """The refusal of a token that is malformed or that no project has."""
    return V1Rejected(401, "invalid_api_token", "The provided API token is not valid.")


def read_v1(payload: JsonValue) -> V1Request:
    """Check a decoded batch as far as it stands or falls as a whole. Raises V1Rejected."""
    if not isinstance(payload, dict):
        raise _unreadable("The body must be a JSON object.")
    batch, historical = payload.get("batch"), payload.get("historical_migration")
    if not isinstance(batch, list):
        raise _unreadable("The batch must be a list.")
    if not (historical is None or isinstance(historical, bool)):
        raise _unreadable("historical_migration must be a boolean.")
    created_at = payload.get("created_at")
    if not isinstance(created_at, str) or parse_rfc3339(created_at) is None:
        raise V1Rejected(400, "invalid_batch", "created_at must be an RFC 3339 time.")
    if not batch:
        raise V1Rejected(400, "empty_batch", "The batch holds no event.")
    events: list[tuple[UUID, str, Properties]] = []
    seen: set[UUID] = set()
    for number, event in enumerate(batch):
        if not isinstance(event, dict):
            raise _unreadable(f"Event {number} of the batch is not an object.")
        uuid, text = _read_uuid(event.get("uuid"), number)
        if uuid in seen:
            raise V1Rejected(400, "duplicate_event_uuid", f"The uuid {uuid} occurs more than once.")
        seen.add(uuid)
        events.append((uuid, text, event))
    return V1Request(events, historical is True)


def to_events(
    request: V1Request,
    headers: V1Headers,
    *,
    project: Project,
    now: datetime,
    ip: str | None,
    holds_nul: bool = False,
) -> V1Outcome:
    """Check and normalise every event by itself; a bad one is dropped with its reason, the others go on.

    Changes the request's properties in place, so call it once.
    """
    outcome = V1Outcome([], {}, [])
    origin = Origin(project, ip, iso_text(headers.requested_at))
    for uuid, text, raw in request.events:
        if holds_nul:
            raw = {key: without_nul(value) for key, value in raw.items()}
        try:
            outcome.results[text] = _take(raw, uuid, request, headers, origin, now, outcome)
        except _Dropped as dropped:
            outcome.results[text] = EventResult("drop", str(dropped))
    return outcome


def _take(
    raw: Properties,
    uuid: UUID,
    request: V1Request,
    headers: V1Headers,
    origin: Origin,
    now: datetime,
    outcome: V1Outcome,
) -> EventResult:
    """Append the event to the outcome, if it is one to store. Raises _Dropped."""
    name = _bounded_text(raw.get("event"), "missing_event_name", "event_name_too_long")
    distinct_id = raw.get("distinct_id")
    if isinstance(distinct_id, str):
        distinct_id = distinct_id.strip()
    distinct_id = _bounded_text(distinct_id, "missing_distinct_id", "distinct_id_too_large")
    if not is_kept(name):
        raise _Dropped("event_not_kept")
    timestamp = raw.get("timestamp")
    at = parse_rfc3339(timestamp) if isinstance(timestamp, str) else None
    if at is None:
        raise _Dropped("invalid_event_timestamp")
    properties = raw.get("properties", {})
    if not isinstance(properties, dict):
        raise _Dropped("malformed_event_properties")
    _apply_options(properties, raw.get("options"))
    illegal = distinct_id.lower() in _ILLEGAL_IDS
    if illegal:
        properties["$process_person_profile"] = False
    result = EventResult("ok", "person_processing_disabled") if illegal else EventResult("ok")
    if name == CLIENT_WARNING:
        outcome.warnings.append(client_warning(properties, distinct_id))
        return result
    _describe_client(properties, raw, headers)
    if properties.get("$ignore_sent_at") is not True:
        at = _corrected(at, headers.requested_at, now)
    oldest = origin.project.drop_events_older_than
    if oldest is not None and (now - at).total_seconds() > oldest:
        return result
    chain = normalise(properties, name=name, distinct_id=distinct_id, at=at, origin=origin, warnings=outcome.warnings)
    if chain is not None:
        event = Event(origin.project.id, uuid, name, distinct_id, at, properties, chain, request.historical)
        outcome.events.append(event)
    return result


def _bounded_text(value: JsonValue, missing: str, too_long: str) -> str:
    if not isinstance(value, str) or not value:
        raise _Dropped(missing)
    if len(value) > _MAX_BYTES or (not value.isascii() and len(value.encode()) > _MAX_BYTES):
        raise _Dropped(too_long)
    return value


def _apply_options(properties: Properties, options: JsonValue) -> None:
    if options is None:
        return
    if not isinstance(options, dict):
        raise _Dropped("invalid_options")
    for option, key in _OPTIONS.items():
        value = options.get(option)
        if value is not None:
            properties[key] = _boolean(value)
    tour = options.get("product_tour_id")
    if tour is None:
        return
    if isinstance(tour, bool) or not isinstance(tour, str | int):
        raise _Dropped("invalid_options")
    properties["$product_tour_id"] = tour


def _boolean(value: JsonValue) -> bool:
    if isinstance(value, int | float):  # booleans are integers
        return value != 0
    if isinstance(value, str) and value in _BOOLEAN_TEXTS:
        return _BOOLEAN_TEXTS[value]
    raise _Dropped("invalid_options")


def _describe_client(properties: Properties, raw: Properties, headers: V1Headers) -> None:
    properties["$lib"] = headers.library
    if headers.library_version is not None:
        properties["$lib_version"] = headers.library_version
    for field in ("session_id", "window_id"):
        value = raw.get(field)
        if isinstance(value, str) and value:
            properties["$" + field] = value


def _corrected(at: datetime, requested_at: datetime, now: datetime) -> datetime:
    try:
        at -= requested_at - now
    except OverflowError:
        return now if requested_at < now else at
    return now if at - now > MAX_AHEAD else at


def _read_uuid(value: JsonValue, number: int) -> tuple[UUID, str]:
    """The uuid and the trimmed text of it, by which the client looks its event up in the answer."""
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        raise V1Rejected(400, "missing_event_uuid", f"Event {number} of the batch has no uuid.")
    uuid = parse_uuid(text) if isinstance(text, str) else None
    if uuid is None:
        raise V1Rejected(400, "invalid_event_uuid", f"Event {number} of the batch has an invalid uuid.")
    return uuid, str(text)


def _invalid_header(name: str, fault: str) -> V1Rejected:
    return V1Rejected(400, "invalid_header_value", f"The header {name} {fault}.")


def _unreadable(description: str) -> V1Rejected:
    return V1Rejected(400, "request_parsing_error", description)
