"""What the services need of the outside: every port, one sentence a method.

The relational ports live in a `UnitOfWork`; leaving it without `commit` rolls everything back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from .access_rules import RuleRepository
from .accounts import ApiKey, MemberLevel, Organization, Project, User
from .activity_log import ActivityRepository
from .actors import ActorPage, ActorsQuestion
from .aggregation import Aggregation, Cell
from .cohorts import CohortRepository
from .deletions import DeletionRepository
from .erasure import Contents, Covered
from .events import Event, Properties, StoredEvent
from .groups import Group, GroupRepository
from .insights import InsightRepository
from .persons import Person
from .population import Id, Population
from .properties import FilterTree
from .roles import RoleRepository
from .saved_actions import ActionRepository
from .schedules import RunRepository
from .timeline import PastVersion, Run, Span


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Now, aware UTC."""


@dataclass(frozen=True, slots=True)
class PersonCopy:
    """What the event store keeps of a person."""

    project_id: int
    uuid: UUID
    version: int
    properties_json: bytes
    id: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Projection:
    """What changed about persons and groups, as facts of the present state, so that applying one twice does no harm.

    `holders`: (project, distinct id, person uuid): every event of the id so far belongs to that person.
    `ids`: ids that a person has got, likewise; who holds one is told by `holders` if they have it, else by these.
    `mark`: the number under which the log keeps it until it is applied.
    """

    people: Sequence[PersonCopy] = ()
    gone: Sequence[tuple[int, UUID]] = ()
    holders: Sequence[tuple[int, str, UUID]] = ()
    ids: Sequence[tuple[int, str, UUID]] = ()
    groups: Sequence[Group] = ()
    mark: int | None = None

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.people or self.gone or self.holders or self.ids or self.groups)


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """Which persons of a project: all conditions must hold; None means no condition.

    `search` is a case-insensitive substring of e-mail, name or a distinct id, or a uuid.
    """

    project_id: int
    distinct_id: str | None = None
    email: str | None = None
    search: str | None = None
    where: FilterTree | None = None
    updated_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order created_at descending, id descending: the row it names itself is not included.

    `backward` walks towards the newest.
    """

    created_at: datetime
    id: int
    backward: bool = False


@dataclass(frozen=True, slots=True)
class PersonPage:
    """Rows in list order, and whether rows exist before and after them."""

    rows: Sequence[Person] = field(default=())
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """Of some persons: the properties of each, and how many distinct ids the one with most of them has, of at most
    1,000: what the columns of a table of them depend on."""

    properties: Sequence[Properties] = ()
    most_ids: int = 0


class PersonRepository(Protocol):
    """The persons of all projects, their distinct ids, their history and their groups.

    Queries are by ids and e-mail: what more can be asked for is found by the index of people (`needs_index`).
    """

    def population(self, ids: Collection[Id], *, new: Collection[Id] = ()) -> Population:
        """Everything that events under these ids can touch, in a bounded number of statements, locked for change.

        `new`: ids that new persons are to be made for, whoever holds them.
        """

    def save(self, population: Population, *, at: datetime) -> Projection:
        """Write all changes of a population in a bounded number of statements; what the event store is to hear of it.

        Persons changed get `at` as the time of their last update.
        """

    def lock(
        self, project_id: int, references: Collection[int | UUID], *, distinct_ids: Collection[str] = ()
    ) -> Sequence[Person]:
        """The persons with one of these integer ids, uuids or distinct ids, each once, oldest id first, with all
        their ids; nobody else changes persons of the project until this unit of work ends."""

    def get(self, project_id: int, reference: int | UUID) -> Person | None:
        """One person by integer id or by uuid, or None."""

    def page(self, query: PersonQuery, *, limit: int, offset: int = 0, after: Position | None = None) -> PersonPage:
        """At most `limit` persons, newest first, with at most 1,000 distinct ids each; `has_more` where it walks."""

    def count(self, query: PersonQuery) -> int:
        """How many persons match, exactly."""

    def ids(
        self, query: PersonQuery, *, limit: int, after: Position | None = None
    ) -> tuple[Sequence[int], Position | None]:
        """The integer ids of at most `limit` persons, newest first, and the place of the last one, if there is any."""

    def outline(self, project_id: int, ids: Collection[int]) -> Outline:
        """Of the persons with these integer ids that exist, in any order."""

    def several(self, project_id: int, references: Collection[int | UUID]) -> Sequence[Person]:
        """The persons with these integer ids and uuids that exist, in any order, with at most 1,000 ids each."""

    def held(self, project_id: int, distinct_ids: Collection[str]) -> dict[str, int]:
        """The integer ids of the persons who hold these distinct ids, of those that somebody holds."""

    def history(self, project_id: int, uuid: UUID, until: int) -> Iterator[PastVersion]:
        """The versions in the history of a person, living or gone, ascending up to and with that one."""

    def forget_history(self, project_id: int, uuid: UUID, version: int, *, at: datetime) -> Collection[int]:
        """Forget the versions of a person up to that one. If the person did not end with it, what it was then stays,
        as one version that it begins with now. The versions of those whom it took over in merges until `at` go too,
        and theirs in turn: the integer ids of all of those."""

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> None:
        """Forget that these distinct ids were ever seen, but for those that somebody holds."""

    def log(self, events: Sequence[StoredEvent], projection: Projection) -> Projection:
        """Keep these for the event store until they are cleared; the projection with its mark.

        Where there is nothing to keep, it gets none. Marks ascend in the order of the turns.
        """

    def unapplied(self, *, after: int = 0) -> Iterator[tuple[Sequence[StoredEvent], Projection]]:
        """What was logged after that mark and not cleared, in order: the events as they were given, the projection
        with the present state of what it names."""

    def clear(self, until: int) -> None:
        """Forget what was logged up to and with that mark: it has been applied."""


MAX_PROPERTY_KEY = 400
"""Longer property keys, in characters, are never made known: an index cannot hold any length."""


class PropertyRepository(Protocol):
    """Each project's property keys and the slots of the first ones. `kind` is "event" or "person"."""

    def load(self, project_id: int, kind: str) -> dict[str, int | None]:
        """All known keys of a project with their slot, None for those that came after all slots were given."""

    def define(self, project_id: int, kind: str, keys: Collection[str], *, slots: int, limit: int) -> None:
        """Make keys known, giving free slots (0 to slots − 1) in the keys' order; at most `limit` keys a project."""


class AccountRepository(Protocol):
    """The organisation's users, projects and keys."""

    def organization(self) -> Organization:
        """The one organisation."""

    def add_user(self, *, email: str, first_name: str, last_name: str, level: MemberLevel, at: datetime) -> User:
        """A new user and member; raises `Conflict` when the e-mail is taken."""

    def user(self, *, user_id: int | None = None, email: str | None = None) -> User | None:
        """A user by id or by e-mail, or None."""

    def users(self) -> Sequence[User]:
        """All users, oldest first."""

    def update_user(self, user: User) -> None:
        """Keep a user's names, level and whether they are active."""

    def add_project(self, *, name: str, timezone: str, week_start_day: int, at: datetime) -> Project:
        """A new project with a new token."""

    def project(self, project_id: int) -> Project | None:
        """A project by id, or None."""

    def project_by_token(self, token: str) -> Project | None:
        """A project by its api token, or None."""

    def projects(self) -> Sequence[Project]:
        """All projects, oldest first."""

    def delete_project(self, project_id: int, at: datetime) -> bool:
        """Whether there was such a project. Nobody finds it from now on; what belongs to it is still there."""

    def restore_project(self, project_id: int) -> Project | None:
        """A deleted project, which is there again; None when nothing is left of it."""

    def erase_project(self, project_id: int, limit: int) -> int:
        """Erase at most `limit` rows of what belongs to a deleted project; how many: fewer when nothing is left,
        and the project is gone for good then. Of the audit log what belongs to no project stays, and the deletion
        queue."""

    def update_project(self, project: Project) -> None:
        """Keep a project's name and settings."""

    def projects_with_events(self) -> frozenset[int]:
        """The ids of the projects that have ever stored an event."""

    def add_key(self, key: ApiKey) -> None:
        """Keep a new key."""

    def key_by_secure_value(self, secure_value: str) -> tuple[ApiKey, User] | None:
        """A key and its user by the hash of its value, or None; one indexed equality."""

    def keys(self, user_id: int) -> Sequence[ApiKey]:
        """A user's keys, oldest first."""

    def key(self, key_id: str) -> ApiKey | None:
        """A key by its id, or None."""

    def delete_key(self, key_id: str) -> bool:
        """Whether there was such a key; it is gone now."""

    def touch_key(self, key_id: str, at: datetime) -> None:
        """Note that a key was used."""


class UnitOfWork(Protocol):
    """One relational transaction. Used as a context manager; without `commit` nothing happened."""

    persons: PersonRepository
    properties: PropertyRepository
    accounts: AccountRepository
    roles: RoleRepository
    rules: RuleRepository
    activity: ActivityRepository
    deletions: DeletionRepository
    actions: ActionRepository
    cohorts: CohortRepository
    insights: InsightRepository
    groups: GroupRepository
    runs: RunRepository

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def commit(self) -> None:
        """Make it last."""


class UnitOfWorkFactory(Protocol):
    """Begins units of work."""

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        """A new unit of work; one that does not write never waits for a writer."""


class EventStore(Protocol):
    """The events, a slim copy of the persons and groups, and who holds which distinct id now."""

    @property
    def shared(self) -> bool:
        """Whether other processes may write too."""

    def turn(self) -> AbstractContextManager[int]:
        """Nobody else, in whatever process, has a turn or writes until this one ends; wait for it or fail.

        Gives the mark up to which everything, from whatever process, is kept for good; 0 for nothing.
        """

    def duplicates(self, events: Sequence[Event]) -> set[tuple[int, UUID]]:
        """The (project, uuid) of those events that are already stored with a time within a day of the given one."""

    def write(self, events: Sequence[StoredEvent], projection: Projection) -> None:
        """Store events and apply what changed about persons, in one transaction. What comes under the mark
        of the last write again is passed over.

        Whatever is asked afterwards knows of it. It may be a moment until it is kept for good: `turn` tells the mark.
        """

    def aggregate(self, aggregation: Aggregation) -> Sequence[Cell]:
        """The cells of one series; those that are zero may be left out."""

    def actors(self, question: ActorsQuestion, *, limit: int, offset: int) -> ActorPage:
        """The people behind a number, most events first, then by uuid."""

    def earliest(self, project_id: int, where: FilterTree) -> datetime | None:
        """The time of the first matching event, or None."""

    def runs(self, span: Span, where: FilterTree, *, limit: int) -> Sequence[Run]:
        """The matching events of a person, ascending, those that follow each other alike as one; at most `limit`."""

    def squash(self, limit: int) -> int:
        """Change at most `limit` rows to say themselves whom they belong to; how many: fewer when none is left.

        No answer changes by it.
        """

    def contents(self, covered: Covered) -> Sequence[Contents]:
        """What the covered events hold: of each person, or one in all."""

    def erase(self, covered: Covered, limit: int) -> int:
        """Erase at most `limit` of the covered events; how many: fewer when none is left."""

    def forget_ids(self, project_id: int, distinct_ids: Collection[str]) -> Collection[str]:
        """Forget who has these distinct ids, but for those that have events; those that are forgotten now."""

    def forget_project(self, project_id: int) -> None:
        """Forget all persons, groups and distinct ids of a project."""

    def compact(self) -> None:
        """Leave nothing in any file of what has been erased. Takes as long as copying what there is; nearly all of
        that time everything else goes on. Raises `StoreUnavailable` when it is too busy for that."""

    def count_before(self, project_id: int, before: datetime) -> int:
        """How many events of a project have an earlier time."""

    def remove_before(self, project_id: int, before: datetime, limit: int) -> int:
        """Remove the oldest events with a time earlier than `before`, about `limit` of them; how many: fewer than
        `limit` only when none is left."""

    def revision(self, project_id: int) -> int:
        """A number that changes with every change of the project's events or persons."""

    def close(self) -> None:
        """Finish writing and let go of the store."""
