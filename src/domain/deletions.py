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
    when it is gone. `person_version` is the last version in its history that this is about. `by` is a user's id,
    None for a command.
    """

    project_id: int
    kind: DeletionKind
    key: str
    at: datetime
    by: int | None
    group_type_index: int | None = None
    distinct_ids: tuple[str, ...] = ()
    person_ids: tuple[int, ...] = ()
    person_version: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """A request in the queue, or, once `verified_at` is set, the receipt.

    Before anything is erased, what will be is noted: `events_deleted`, their number, and `content_hash` (see
    `erasure.Contents`), of all events stored until `erased_until`. `events_left` is what the last recount found:
    0 in a receipt. A receipt names no distinct ids any more. `purged_at`: since when no file has any of it.
    """

    id: int
    request: DeletionRequest
    verified_at: datetime | None = None
    events_deleted: int | None = None
    content_hash: str | None = None
    erased_until: datetime | None = None
    events_left: int | None = None
    purged_at: datetime | None = None

    @property
    def status(self) -> DeletionStatus:
        """Completed once it is verified that nothing remains."""
        return DeletionStatus.COMPLETED if self.verified_at else DeletionStatus.PENDING


def of_person(person: Person, *, by: int | None, at: datetime, kept: bool = False) -> DeletionRequest:
    """The request to erase all events that a person has so far. Unless it is kept, its history ends one later."""
    return DeletionRequest(
        person.project_id,
        DeletionKind.PERSON,
        str(person.uuid),
        at,
        by,
        distinct_ids=person.distinct_ids,
        person_ids=(person.id,),
        person_version=person.version if kept else person.version + 1,
    )


def of_project(project_id: int, *, by: int | None, at: datetime) -> DeletionRequest:
    """The request to erase all that a project has."""
    return DeletionRequest(project_id, DeletionKind.TEAM, str(project_id), at, by)


def merged(earlier: DeletionRequest, later: DeletionRequest) -> DeletionRequest:
    """Two requests about one thing as one that covers both: what `earlier` began, until `later`."""
    return replace(
        earlier,
        at=max(earlier.at, later.at),
        distinct_ids=tuple(dict.fromkeys((*earlier.distinct_ids, *later.distinct_ids))),
        person_ids=tuple(dict.fromkeys((*earlier.person_ids, *later.person_ids))),
        person_version=max(earlier.person_version, later.person_version),
    )


@dataclass(frozen=True, slots=True)
class DeletionQuery:
    """Which deletions, those of persons by default: all conditions must hold; None means no condition."""

    project_id: int | None
    status: DeletionStatus | None = None
    person_uuid: UUID | None = None
    kind: DeletionKind | None = DeletionKind.PERSON


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
        """At most `limit` deletions, newest first, then by descending id."""

    def count(self, query: DeletionQuery) -> int:
        """How many deletions match, exactly."""

    def get(self, deletion_id: int) -> Deletion | None:
        """A deletion by id, or None."""

    def backlog(self) -> Backlog:
        """What of all projects and kinds is pending."""

    def pending(self, *, after: int = 0, limit: int | None = None) -> Sequence[Deletion]:
        """The deletions of all projects and kinds that are not verified and whose id is above `after`, by id."""

    def cancel(self, deletion_id: int) -> bool:
        """Whether it was pending and nothing of it has been erased yet: then it is gone from the queue."""

    def begin(self, deletions: Sequence[Deletion]) -> set[int]:
        """Note what is to be erased, up to the time of each request. The ids of those that were noted: not of those
        that were extended, verified or begun by somebody else meanwhile."""

    def finish(self, deletions: Sequence[Deletion]) -> set[int]:
        """Note the recounts, and make receipts of those with `verified_at`. The ids of those that were noted: not
        of those that were extended or verified meanwhile."""

    def unpurged(self) -> Sequence[int]:
        """The ids of the receipts about what may still be in files."""

    def purged(self, deletion_ids: Sequence[int], *, at: datetime) -> None:
        """Note that no file has any of it."""
