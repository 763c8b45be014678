"""Events as the log keeps them: JSON lists of their fields, exactly as they were given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from uuid import UUID

import orjson

from ...domain.conditions import text_of
from ...domain.events import Event, PersonMode, Properties, StoredEvent
from .columns import from_micros, to_micros

_LARGEST = 16 * 1024 * 1024  # far below what either database takes as one value


def write_events(events: Sequence[StoredEvent]) -> Iterator[bytes]:
    """The events in one text, or in several when they are huge. Nothing for none."""
    part: list[bytes] = []
    size = 0
    for one in events:
        text = orjson.dumps(_fields(one))
        if part and size + len(text) > _LARGEST:
            yield b"[%b]" % b",".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield b"[%b]" % b",".join(part)


def read_events(text: bytes) -> list[StoredEvent]:
    """The events that a text was made of."""
    # Not by orjson, to which an integer of more than 64 bits is a float.
    return [_event(*fields) for fields in json.loads(text)]


def _fields(one: StoredEvent) -> tuple[object, ...]:
    event, created = one.event, one.person_created_at
    return (
        event.project_id,
        event.uuid,
        event.name,
        event.distinct_id,
        to_micros(event.timestamp),
        orjson.Fragment(text_of(event.properties) or ""),
        event.elements_chain,
        event.historical,
        one.person_id,
        one.person_version,
        None if created is None else to_micros(created),
        int(one.person_mode),
        to_micros(one.created_at),
        [*one.groups.items()],
    )


def _event(
    project_id: int,
    uuid: str,
    name: str,
    distinct_id: str,
    timestamp: int,
    properties: Properties,
    elements_chain: str,
    historical: bool,
    person_id: str,
    person_version: int,
    person_created_at: int | None,
    person_mode: int,
    created_at: int,
    groups: list[tuple[int, str]],
) -> StoredEvent:
    return StoredEvent(
        Event(
            project_id, UUID(uuid), name, distinct_id, from_micros(timestamp), properties, elements_chain, historical
        ),
        UUID(person_id),
        person_version,
        None if person_created_at is None else from_micros(person_created_at),
        PersonMode(person_mode),
        from_micros(created_at),
        dict(groups),
    )
