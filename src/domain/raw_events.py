"""Events as clients of the classic protocol send them: types checked, nothing changed yet."""

from __future__ import annotations

from typing import NamedTuple, cast
from uuid import UUID

from .events import JsonValue, Properties
from .normalisation import without_nul
from .uuids import parse_uuid

_MAX_OFFSET = 2**63


class Unfit(Exception):
    """Some part of a payload has a wrong type, which spoils the whole request."""


class RawEvent(NamedTuple):
    """An event as the client sent it, its types checked. A named tuple, as one is made for every event.

    `uuid` is None when the server is to make it; `offset` is milliseconds before now.
    """

    name: str
    distinct_id: JsonValue
    properties: Properties
    timestamp: str | None
    offset: int | None
    uuid: UUID | None
    top_set: Properties | None
    top_set_once: Properties | None
    token: str | None

    def without_nul(self) -> RawEvent:
        """The event with U+FFFD for every NUL, except in the token, which is refused for one."""
        return self._replace(
            name=self.name.replace("\0", "\ufffd"),
            distinct_id=without_nul(self.distinct_id),
            properties=_clean(self.properties),
            top_set=self.top_set and _clean(self.top_set),
            top_set_once=self.top_set_once and _clean(self.top_set_once),
        )


def read_event(value: JsonValue) -> RawEvent:
    """One event, its types checked. Raises Unfit."""
    if not isinstance(value, dict):
        raise Unfit
    get = value.get
    name, timestamp, offset, uuid = get("event"), get("timestamp"), get("offset"), get("uuid")
    properties, top_set, top_set_once = get("properties"), get("$set"), get("$set_once")
    if properties is None and "properties" not in value:
        properties = {}
    if not isinstance(name, str) or not isinstance(properties, dict):
        raise Unfit
    if not (timestamp is None or isinstance(timestamp, str)):
        raise Unfit
    if not (top_set is None or isinstance(top_set, dict)):
        raise Unfit
    if not (top_set_once is None or isinstance(top_set_once, dict)):
        raise Unfit
    if offset is not None and not (type(offset) is int and -_MAX_OFFSET <= offset < _MAX_OFFSET):
        raise Unfit
    token = either(value, ("token", "api_key", "$token"))
    if not (token is None or isinstance(token, str)):
        raise Unfit
    distinct_id = either(value, ("distinct_id", "$distinct_id"))
    return RawEvent(name, distinct_id, properties, timestamp, offset, _uuid(uuid), top_set, top_set_once, token)


def _uuid(value: JsonValue) -> UUID | None:
    if value is None or value == "":
        return None
    uuid = parse_uuid(value) if isinstance(value, str) else None
    if uuid is None:
        raise Unfit
    return uuid


def either(value: Properties, names: tuple[str, ...]) -> JsonValue:
    """The field under any of its names, null counting as absent. Raises Unfit if two of them disagree."""
    found: JsonValue = None
    for name in names:
        other = value.get(name)
        if other is None:
            continue
        if found is not None and found != other:
            raise Unfit
        found = other
    return found


def _clean(properties: Properties) -> Properties:
    return cast(Properties, without_nul(properties))
