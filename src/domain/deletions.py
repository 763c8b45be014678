"""The queue of event deletions: what is to be erased, and the receipts of what has been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol
from uuid import UUID

from .persons import Person


class DeletionKind(IntEnum):
    """What the events to be erased have in common: PostHog's `deletion_type`."""

    TEAM = 0
    PERSON = 1
    GROUP = 2
    COHORT_STALE = 3
    COHORT_FULL = 4


class DeletionStatus(StrEnum):
    """How far a deletion is."""

    PENDING = "pending"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """What somebody wants erased: the events stored at or before `at`.

    `key` is the project's id, the person's uuid, the group's key or `<cohort id>_<version>`. `distinct_ids` and
    `person_ids` (integer ids) are those that the person has: by them its events and its audit entries are found
    when it is gone. `by` is a user's id, None for a command.
    """

    project_id: int
    kind: DeletionKind
    key: str
    at: datetime
    by: int | None
    group_type_index: int | None = None
    distinct_ids: tuple[str, ...] = ()
    person_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A request in the queue, or, once `verified_at` is set, the receipt for `events_deleted` erased events."""

    id: int
    request: DeletionRequest
    verified_at: datetime | None = None
    events_deleted: int | None = None

    @property
    def status(self) -> DeletionStatus:
        """Completed once it is verified that nothing remains."""
        return DeletionStatus.COMPLETED if self.verified_at else DeletionStatus.PENDING


def of_person(person: Person, *, by: int | None, at: datetime) -> DeletionRequest:
    """The request to erase all events that a person has so far."""
    return DeletionRequest(
        person.project_id,
        DeletionKind.PERSON,
        str(person.uuid),
        at,
        by,
        distinct_ids=person.distinct_ids,
        person_ids=(person.id,),
    )


def merged(earlier: DeletionRequest, later: DeletionRequest) -> DeletionRequest:
    """Two requests about one thing as one that covers both: what `earlier` began, until `later`."""
    return replace(
        earlier,
        at=max(earlier.at, later.at),
        distinct_ids=tuple(dict.fromkeys((*earlier.distinct_ids, *later.distinct_ids))),
        person_ids=tuple(dict.fromkeys((*earlier.person_ids, *later.person_ids))),
    )


@dataclass(frozen=True, slots=True)
class DeletionQuery:
    """Which deletions of persons in a project: all conditions must hold; None means no condition."""

    project_id: int
    status: DeletionStatus | None = None
    person_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deletions are pending, and when the one that waits longest was asked for."""

    count: int = 0
    oldest: datetime | None = None


class DeletionRepository(Protocol):
    """The queue and its receipts. One row a request, none for a request that is pending already."""

    def request(self, requests: Sequence[DeletionRequest]) -> None:
        """Queue deletions. A pending one of the same project, kind, key and group type is extended instead: it
        takes over the later time and further ids, so that it covers all that was ever asked for."""

    def page(self, query: DeletionQuery, *, limit: int, offset: int = 0) -> Sequence[Deletion]:
        """At most `limit` deletions of persons, newest first, then by descending id."""

    def count(self, query: DeletionQuery) -> int:
        """How many deletions of persons match, exactly."""

    def backlog(self) -> Backlog:
        """What of all projects and kinds is pending."""

    def pending(self) -> Sequence[Deletion]:
        """All deletions of all projects and kinds that are not verified, oldest first."""

    def verify(self, deletion: Deletion, *, at: datetime, events_deleted: int) -> bool:
        """Make a deletion a receipt. False, and it stays pending, when it was extended meanwhile."""
