"""Persons: who the events are about."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .events import JsonValue, Properties

PERSON_NAMESPACE = uuid.UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
DISPLAY_NAME_PROPERTIES = ("email", "name", "username")
_ANONYMOUS_ID = re.compile(r"([a-z0-9]+-){4}[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Person:
    """A person as stored. `distinct_ids` are in the order in which they were added.

    `id` is unique over all projects, `uuid` within one. `version` grows with each change.
    `last_seen_at` is floored to the hour.
    """

    id: int
    project_id: int
    uuid: uuid.UUID
    properties: Properties
    created_at: datetime
    is_identified: bool
    version: int
    last_seen_at: datetime | None
    distinct_ids: tuple[str, ...]


@lru_cache(maxsize=16_384)  # asked for at least twice an id: when it is looked up and when it is used
def person_uuid(project_id: int, distinct_id: str) -> uuid.UUID:
    """The uuid of the person first seen under a distinct id: PostHog's deterministic uuid5."""
    return uuid.uuid5(PERSON_NAMESPACE, f"{project_id}:{distinct_id}")


def is_anonymous(distinct_id: str) -> bool:
    """Whether an id looks made by an SDK: five lower-case alphanumeric groups, as lower-case uuids have."""
    return _ANONYMOUS_ID.fullmatch(distinct_id) is not None


def anonymous_last(distinct_ids: Iterable[str]) -> list[str]:
    """The ids with the anonymous ones at the end, otherwise in their order."""
    return sorted(distinct_ids, key=is_anonymous)


def display_name(person: Person, properties: Sequence[str] | None) -> JsonValue:
    """The first truthy of the project's display properties (email, name, username by default), returned as it is;
    else the first distinct id, non-anonymous ones first; else the uuid."""
    if value := display_property(person.properties, properties):
        return value
    ids = anonymous_last(person.distinct_ids)
    return ids[0] if ids else str(person.uuid)


def display_property(of_person: Properties, properties: Sequence[str] | None) -> JsonValue:
    """The display name that a person's properties give; None if it is to be an id."""
    for key in properties or DISPLAY_NAME_PROPERTIES:
        if value := of_person.get(key):
            return value
    return None
