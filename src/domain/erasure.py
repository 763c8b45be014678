"""Which events are to be erased, and what is told of them when they are gone."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import orjson

from .deletions import DeletionKind, DeletionRequest

_MODULUS = 2**256


@dataclass(frozen=True, slots=True)
class OfIds:
    """The events of a project that bear one of these distinct ids and were stored until then, both included."""

    project_id: int
    distinct_ids: Collection[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class OfPersons:
    """The events of each of several persons. What several cover counts for the first of them."""

    parts: Sequence[OfIds]

    @property
    def projects(self) -> set[int]:
        """Whose events these are."""
        return {part.project_id for part in self.parts}


@dataclass(frozen=True, slots=True)
class OfGroup:
    """The events of a project that bear the key of a group of that type, 0 to 4, whenever they were stored."""

    project_id: int
    index: int
    key: str

    @property
    def projects(self) -> set[int]:
        """Whose events these are."""
        return {self.project_id}


@dataclass(frozen=True, slots=True)
class OfProject:
    """All events of a project."""

    project_id: int

    @property
    def projects(self) -> set[int]:
        """Whose events these are."""
        return {self.project_id}


Covered = OfPersons | OfGroup | OfProject


def of_ids(request: DeletionRequest, *, until: datetime) -> OfIds:
    """What a request about a person, as it stood at a time, covers.

    A person's events are those of its distinct ids: at the time of the request they all were the person's, whatever
    person they bear, and those that others had by then bear other ids. Events without an id of the person's, made
    when it had none, bear its uuid as one. An id that is used again later is somebody who came anew.
    """
    return OfIds(request.project_id, {*request.distinct_ids, request.key}, until)


def of_other(request: DeletionRequest) -> Covered:
    """What a request about anything but a person covers: no events, if it is about the memberships of a cohort."""
    match request.kind:
        case DeletionKind.TEAM:
            return OfProject(request.project_id)
        case DeletionKind.GROUP if request.group_type_index is not None:
            return OfGroup(request.project_id, request.group_type_index, request.key)
    return OfPersons([OfIds(request.project_id, (), request.at)])


@dataclass(frozen=True, slots=True)
class Contents:
    """How many events there are, and a hash of what they hold.

    The hash is the sum, modulo 2^256, of the SHA-256 of each event (`event_line`), in hexadecimal: so it does not
    depend on an order, and those of parts add up. It proves which events were erased to whoever still has them, and
    tells nothing to anybody else.
    """

    events: int = 0
    content_hash: str = "0" * 64

    def __add__(self, other: Contents) -> Contents:
        total = (int(self.content_hash, 16) + int(other.content_hash, 16)) % _MODULUS
        return Contents(self.events + other.events, f"{total:064x}")


def event_line(uuid: UUID, name: str, distinct_id: str, timestamp: datetime, properties: str) -> bytes:
    """An event as it is hashed: a JSON list of its uuid, name, distinct id, time (ISO, UTC, microseconds) and the
    text of its properties as kept."""
    at = timestamp.astimezone(UTC).isoformat(timespec="microseconds")
    return orjson.dumps([str(uuid), name, distinct_id, at, properties])


def contents(lines: Iterable[bytes]) -> Contents:
    """What events hold, given as `event_line`."""
    events = total = 0
    for line in lines:
        events += 1
        total += int.from_bytes(hashlib.sha256(line).digest())
    return Contents(events, f"{total % _MODULUS:064x}")
