"""The classic capture protocol (v0): a decoded payload becomes events.

Two steps, because the project is looked up by its token in between: `read_v0` finds the token, `to_events`
needs the project. The order of the checks is part of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from .accounts import Project
from .errors import HedgerowError
from .events import Event, JsonValue, Properties
from .normalisation import IngestionWarning, Origin, normalise
from .raw_events import RawEvent, Unfit, either, read_event
from .timestamps import corrected, from_milliseconds, iso_text, parse_timestamp
from .uuids import uuid7

MAX_NAME = 200
MAX_DISTINCT_ID = 200
CLIENT_WARNING: Final = "$$client_ingestion_warning"

_MAX_TOKEN = 64
_UNFIT = "failed to parse request: data did not match any variant of untagged enum RawRequest"
_UNFIT_OBJECT = "failed to hydrate events from request: non-engage request missing event name attribute"
_NO_EVENTS = "request holds no event"


class CaptureRejected(HedgerowError):
    """A whole capture request is refused. The protocol itself fixes the status and the plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class V0Request(NamedTuple):
    """A capture request whose project is still to be found by the token.

    `events` may be empty, if all of them were of kinds that are never kept: then the request is a success
    whatever its token, which is "". `sent_at` is aware UTC by the client's clock. `holds_nul` tells that some
    text of the events may contain a NUL.
    """

    token: str
    events: list[RawEvent]
    sent_at: datetime | None
    historical: bool
    holds_nul: bool


def read_v0(payload: JsonValue, *, path: str, query: Mapping[str, str], holds_nul: bool = False) -> V0Request:
    """Recognise the shape of a payload (list, batch, single event, engage) and find its token.

    Raises CaptureRejected: 400 for a payload of no known shape or without events, 401 for a token that is
    missing, ambiguous or no token at all.
    """
    try:
        envelope, events = _read_shape(payload, path)
    except Unfit as error:
        raise CaptureRejected(400, _UNFIT_OBJECT if isinstance(payload, dict) else _UNFIT) from error
    if not events:
        raise CaptureRejected(400, _NO_EVENTS)
    events = [event for event in events if is_kept(event.name)]
    return V0Request(
        token=check_token(_token(envelope, events)) if events else "",
        events=events,
        sent_at=_sent_at(envelope, query),
        historical=envelope.get("historical_migration") is True,
        holds_nul=holds_nul,
    )


def to_events(
    request: V0Request, *, project: Project, now: datetime, ip: str | None
) -> tuple[list[Event], list[IngestionWarning]]:
    """The events to store, normalised and in the order sent, and the warnings met on the way.

    `ip` is the client's address. Raises CaptureRejected, for the whole request, at the first event without a
    name or a distinct id. Changes the request's properties in place, so call it once.
    """
    events: list[Event] = []
    warnings: list[IngestionWarning] = []
    sent_at = request.sent_at
    origin = Origin(project, ip, iso_text(sent_at) if sent_at else None)
    oldest = project.drop_events_older_than
    for raw in request.events:
        if request.holds_nul:
            raw = raw.without_nul()
        name, distinct_id, properties = raw.name[:MAX_NAME], _identify(raw), raw.properties
        if name == CLIENT_WARNING:
            warnings.append(client_warning(properties, distinct_id))
            continue
        at = corrected(
            raw.timestamp,
            now=now,
            sent_at=None if properties.get("$ignore_sent_at") is True else sent_at,
            offset_ms=raw.offset,
        )
        if oldest is not None and (now - at).total_seconds() > oldest:
            continue
        chain = normalise(
            properties,
            name=name,
            distinct_id=distinct_id,
            at=at,
            origin=origin,
            warnings=warnings,
            top_set=raw.top_set,
            top_set_once=raw.top_set_once,
        )
        if chain is None:
            continue
        uuid = raw.uuid or uuid7(at)
        events.append(Event(project.id, uuid, name, distinct_id, at, properties, chain, request.historical))
    return events, warnings


def is_kept(name: str) -> bool:
    """Whether events of this name are kept at all: recordings and performance entries never are."""
    return not (name == "$performance_event" or name.startswith("$snapshot"))


def client_warning(properties: Properties, distinct_id: str) -> IngestionWarning:
    """The warning that a client reports about itself by way of an event."""
    message = properties.get("$$client_ingestion_warning_message")
    detail = message if isinstance(message, str) else ""
    return IngestionWarning("client_ingestion_warning", CLIENT_WARNING, distinct_id, detail)


def check_token(token: str) -> str:
    """The project token without surrounding blanks. Raises CaptureRejected (401) if it cannot be one."""
    token = token.strip()
    if fault := _token_fault(token):
        raise CaptureRejected(401, f"API key is not valid: {fault}")
    return token


def _token_fault(token: str) -> str | None:
    if not token:
        return "empty"
    if len(token) > _MAX_TOKEN:
        return "too_long"
    if not token.isascii():
        return "not_ascii"
    if token.startswith("phx_"):
        return "personal_api_key"
    return "null_byte" if "\0" in token else None


def _read_shape(payload: JsonValue, path: str) -> tuple[Properties, list[RawEvent]]:
    """The envelope ({} if there is none) and the events in it. Raises Unfit."""
    if isinstance(payload, list):
        return {}, [read_event(value) for value in payload]
    if not isinstance(payload, dict):
        raise Unfit
    if _is_batch(payload):
        batch = payload["batch"]
        return payload, [read_event(value) for value in batch] if isinstance(batch, list) else []
    if "event" not in payload and path.rstrip("/") == "/engage":
        payload["event"] = "$identify"
    return {}, [read_event(payload)]


def _is_batch(payload: Properties) -> bool:
    sent_at, historical = payload.get("sent_at"), payload.get("historical_migration")
    token = either(payload, ("api_key", "token"))
    return (
        isinstance(payload.get("batch"), list)
        and isinstance(token, str)
        and (sent_at is None or isinstance(sent_at, str))
        and (historical is None or isinstance(historical, bool))
    )


def _token(envelope: Properties, events: list[RawEvent]) -> str:
    if envelope:
        return str(either(envelope, ("api_key", "token")))
    tokens = {token for event in events if (token := _event_token(event)) is not None}
    if not tokens:
        raise CaptureRejected(401, "event submitted without an api_key")
    if len(tokens) > 1:
        raise CaptureRejected(401, "batch submitted with inconsistent api_key values")
    return tokens.pop()


def _event_token(event: RawEvent) -> str | None:
    if event.token is not None:
        return event.token
    token = event.properties.get("token")
    return token if isinstance(token, str) else None


def _sent_at(envelope: Properties, query: Mapping[str, str]) -> datetime | None:
    text = envelope.get("sent_at")
    if isinstance(text, str) and (sent_at := parse_timestamp(text)):
        return sent_at
    milliseconds = query.get("_", "")
    if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 15):
        return None
    sent_at = from_milliseconds(int(milliseconds))
    # Some old clients send seconds, which would be a time in January 1970.
    return sent_at if sent_at.year > 2020 else None


def _identify(event: RawEvent) -> str:
    """Check name, distinct id and cookieless mode, in this order, and return the distinct id as text."""
    if not event.name:
        raise CaptureRejected(400, "event submitted with an empty event name")
    value = event.distinct_id
    if value is None:
        value = event.properties.get("distinct_id")
    if value is not None and not isinstance(value, str):
        value = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    if not value or value.isspace():
        raise CaptureRejected(400, "event submitted without a distinct_id")
    if not isinstance(event.properties.get("$cookieless_mode", False), bool):
        raise CaptureRejected(400, "event submitted with invalid cookieless mode")
    return value[:MAX_DISTINCT_ID]
