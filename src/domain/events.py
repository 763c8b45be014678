"""Events: what happened, to whom, when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple, TypeAlias
from uuid import UUID

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Properties: TypeAlias = dict[str, JsonValue]


class Event(NamedTuple):
    """One event as captured and normalised, before its person is known.

    A named tuple, as `StoredEvent` is: one of each is made for every event, and a dataclass takes three times as long.
    `timestamp` is aware UTC. `properties` hold `$set`, `$set_once` and `$unset` after normalisation.
    """

    project_id: int
    uuid: UUID
    name: str
    distinct_id: str
    timestamp: datetime
    properties: Properties
    elements_chain: str = ""
    historical: bool = False

    @property
    def personless(self) -> bool:
        """Whether the event asks for no person: `$process_person_profile` is exactly false."""
        return self.properties.get("$process_person_profile") is False


class PersonMode(IntEnum):
    """How an event met its person: PostHog's `person_mode`."""

    FULL = 0
    PROPERTYLESS = 1
    FORCE_UPGRADE = 2


class StoredEvent(NamedTuple):
    """An event with the person it was attributed to when it was stored.

    `person_version` is the version the person had after this event (0 when personless); with the person's
    history it tells the person properties as they were, so events carry no copy of them.
    `groups` maps a group type's index (0 to 4) to the group's key.
    """

    event: Event
    person_id: UUID
    person_version: int
    person_created_at: datetime | None
    person_mode: PersonMode
    created_at: datetime
    groups: Mapping[int, str]
