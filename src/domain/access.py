"""Access levels: what a member may do, decided by rules, the most specific first.

PostHog takes the highest of several rules and lets a resource-wide rule beat an object's default. Here the first
step that has a rule decides, even when it grants less, and lists, details and the gate all ask `level`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from itertools import chain
from typing import Protocol, TypeVar
from uuid import UUID

from .accounts import MemberLevel, Scope, User
from .errors import PermissionDenied

T = TypeVar("T")


class Level(IntEnum):
    """How much is allowed. Only levels of one ladder are ever compared. Stored and sent as `text`."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    MANAGER = 3
    MEMBER = 11
    ADMIN = 12

    @property
    def text(self) -> str:
        return self.name.lower()


class Resource(StrEnum):
    """What rules are about. Only `project` and `insight` have rules on single objects; `project` has only those."""

    ACTION = "action"
    ACTIVITY_LOG = "activity_log"
    COHORT = "cohort"
    INSIGHT = "insight"
    PERSON = "person"
    PROJECT = "project"

    @property
    def ladder(self) -> tuple[Level, ...]:
        """Its levels, lowest first. The second is needed to read, the third to write, the last is the top."""
        if self is Resource.PROJECT:
            return (Level.NONE, Level.MEMBER, Level.ADMIN)
        return (Level.NONE, Level.VIEWER, Level.EDITOR, Level.MANAGER)

    @property
    def default(self) -> Level:
        """The level without any rule."""
        if self is Resource.PROJECT:
            return Level.ADMIN
        return Level.VIEWER if self is Resource.ACTIVITY_LOG else Level.EDITOR

    @property
    def minimum(self) -> Level:
        """The lowest level that a rule may set."""
        return Level.VIEWER if self is Resource.ACTION else Level.NONE

    @property
    def maximum(self) -> Level:
        """The highest level that a rule may set."""
        return Level.VIEWER if self is Resource.ACTIVITY_LOG else self.ladder[-1]


_RESOURCES = {resource.value: resource for resource in Resource}


class Source(StrEnum):
    """Where a level comes from."""

    OBJECT = "object"
    RESOURCE = "resource"
    SYSTEM_DEFAULT = "system_default"
    ORG_ADMIN = "org_admin"
    CREATOR = "creator"
    ORG_MEMBERSHIP = "org_membership"


class SourceSubject(StrEnum):
    """Whom the deciding rule names."""

    MEMBER = "member"
    ROLE = "role"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked about: an object by its primary key as text, or the resource as a whole.

    `created_by` is the id of the object's creator. A project's `resource_id` is its own id.
    """

    project_id: int
    resource: Resource
    resource_id: str | None = None
    created_by: int | None = None

    @property
    def whole(self) -> Target:
        """The resource as a whole."""
        return replace(self, resource_id=None, created_by=None)


class Owned(Protocol):
    """An object of a project that somebody made."""

    @property
    def id(self) -> int: ...

    @property
    def project_id(self) -> int: ...

    @property
    def created_by(self) -> int | None: ...


def object_target(resource: Resource, one: Owned) -> Target:
    """An object with its creator."""
    return Target(one.project_id, resource, str(one.id), one.created_by)


def project_target(project_id: int) -> Target:
    """A project as an object."""
    return Target(project_id, Resource.PROJECT, str(project_id))


@dataclass(frozen=True, slots=True)
class Rule:
    """A level for a member (by membership uuid), for a role, or, naming neither, for everybody (the default).

    `resource_id` is None for a rule on the resource as a whole. `created_by` is a user's id.
    """

    project_id: int
    resource: Resource
    resource_id: str | None
    organization_member: UUID | None
    role: UUID | None
    access_level: Level
    created_by: int | None
    created_at: datetime
    updated_at: datetime


class Rules:
    """Rules to decide by, found by what they are about and whom they name: one for each such pair.

    Enough for deciding about one member are those that name the member, a role of theirs, or nobody.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules: dict[tuple[int, Resource, str | None, UUID | None, UUID | None], Rule] = {}
        self._object_ids: dict[tuple[int, Resource], set[str]] = {}
        for rule in rules:
            key = (rule.project_id, rule.resource, rule.resource_id, rule.organization_member, rule.role)
            self._rules[key] = rule
            if rule.resource_id is not None:
                self._object_ids.setdefault((rule.project_id, rule.resource), set()).add(rule.resource_id)

    def find(self, target: Target, *, organization_member: UUID | None = None, role: UUID | None = None) -> Rule | None:
        """The rule about exactly this that names exactly them, or None."""
        return self._rules.get((target.project_id, target.resource, target.resource_id, organization_member, role))

    def object_ids(self, project_id: int, resource: Resource) -> frozenset[str]:
        """The objects of a resource that have rules of their own."""
        return frozenset(self._object_ids.get((project_id, resource), ()))


@dataclass(frozen=True, slots=True)
class Member:
    """A user with the roles that they are in. A deactivated user is no member of the organisation any more."""

    user: User
    roles: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """A level and why. `source_subject` and `rule` are None where no rule decided."""

    level: Level
    source: Source
    source_subject: SourceSubject | None = None
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the ladder. `level` is None where it has nothing to say."""

    source: Source
    source_subject: SourceSubject | None = None
    level: Level | None = None
    rule: Rule | None = None


def level(rules: Rules, who: Member, target: Target) -> Decision:
    """What `who` may do with the target: the first step that has something to say decides."""
    for step in ladder(rules, who, target):
        if step.level is not None:
            return Decision(step.level, step.source, step.source_subject, step.rule)
    raise AssertionError("the last step always decides")


def ladder(rules: Rules, who: Member, target: Target) -> Iterator[Step]:
    """All steps in their order, each with what it says."""
    top = target.resource.ladder[-1]
    yield Step(Source.ORG_MEMBERSHIP, level=None if who.user.is_active else Level.NONE)
    yield Step(Source.CREATOR, level=top if target.created_by == who.user.id else None)
    yield Step(Source.ORG_ADMIN, level=top if who.user.level >= MemberLevel.ADMIN else None)
    if target.resource_id is not None:
        yield from _by_rules(rules, who, target, Source.OBJECT)
    if target.resource is not Resource.PROJECT:
        yield from _by_rules(rules, who, target.whole, Source.RESOURCE)
    yield Step(Source.SYSTEM_DEFAULT, level=target.resource.default)


def inherited_access(rules: Rules, target: Target) -> Decision:
    """What would apply to everybody without the object's own rules: those naming a member or a role do not count."""
    rule = rules.find(target.whole)
    if rule is None:
        return Decision(target.resource.default, Source.SYSTEM_DEFAULT)
    return Decision(rule.access_level, Source.RESOURCE, SourceSubject.DEFAULT, rule)


def _by_rules(rules: Rules, who: Member, target: Target, source: Source) -> Iterator[Step]:
    named = rules.find(target, organization_member=who.user.member_id)
    yield Step(source, SourceSubject.MEMBER, named.access_level if named else None, named)
    by_role = [rule for role in sorted(who.roles) if (rule := rules.find(target, role=role))]
    highest = max(by_role, key=lambda rule: rule.access_level, default=None)
    yield Step(source, SourceSubject.ROLE, highest.access_level if highest else None, highest)
    default = rules.find(target)
    yield Step(source, SourceSubject.DEFAULT, default.access_level if default else None, default)


# --- the gate -----------------------------------------------------------------------------------------------


def required_levels(scopes: Sequence[Scope], own: Resource | None = None) -> dict[Resource, Level]:
    """What the gate asks of a route with these scopes: of its own resource and of the object of each scope."""
    needed = {own: own.ladder[1]} if own else {}
    for scope in chain.from_iterable((scope,) if isinstance(scope, str) else scope for scope in scopes):
        name, _, action = scope.partition(":")
        resource = _RESOURCES.get(name)
        if resource:
            needed[resource] = max(resource.ladder[2 if action == "write" else 1], needed.get(resource, Level.NONE))
    return needed


def check_level(rules: Rules, who: Member, target: Target, needed: Level) -> None:
    """Raise `PermissionDenied` below the level needed. Creating asks about the resource as a whole."""
    found = level(rules, who, target).level
    if found >= needed:
        return
    if target.resource is Resource.PROJECT and found is Level.NONE:
        raise PermissionDenied("You don't have access to the project.")
    raise PermissionDenied(f"You do not have {needed.text} access to this resource.")


# --- lists --------------------------------------------------------------------------------------------------


def visible(objects: Iterable[T], rules: Rules, who: Member, target_of: Callable[[T], Target]) -> list[T]:
    """Those of the objects at hand that a list shows: the level is not none."""
    return [item for item in objects if level(rules, who, target_of(item)).level > Level.NONE]


@dataclass(frozen=True, slots=True)
class Listing:
    """`visible` for a store that pages: own creations (of user `creator`), and all objects but the exceptions
    where `everything`, else only the exceptions. At most as many exceptions as objects have rules."""

    creator: int | None
    everything: bool
    exceptions: frozenset[str] = frozenset()

    def shows(self, resource_id: str, created_by: int | None) -> bool:
        """Whether an object is listed."""
        own = created_by is not None and created_by == self.creator
        return own or (resource_id in self.exceptions) is not self.everything

    def check(self, *, has_own: bool) -> None:
        """Raise `PermissionDenied` if the list is closed. `has_own`: whether the creator has any object there."""
        if not (self.everything or self.exceptions or (has_own and self.creator is not None)):
            raise PermissionDenied("You do not have viewer access to this resource.")


EVERYTHING = Listing(None, True)
"""What nobody in particular sees."""


def listing(rules: Rules, who: Member, project_id: int, resource: Resource) -> Listing:
    """Which objects of a project's resource `who` sees."""
    whole = Target(project_id, resource)
    everything = level(rules, who, whole).level > Level.NONE
    exceptions = [
        resource_id
        for resource_id in rules.object_ids(project_id, resource)
        if (level(rules, who, replace(whole, resource_id=resource_id)).level > Level.NONE) is not everything
    ]
    return Listing(who.user.id if who.user.is_active else None, everything, frozenset(exceptions))
