"""Who may do what: from a key to a caller, and from a caller and a project to a yes or no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ..domain.access import (
    Level,
    Listing,
    Member,
    Resource,
    Rules,
    Target,
    check_level,
    level,
    listing,
    project_target,
    required_levels,
)
from ..domain.access_rules import RULED_RESOURCES
from ..domain.accounts import ApiKey, Project, Scope, User, hash_key, missing_scope
from ..domain.errors import AuthenticationFailed, NotFound, PermissionDenied
from ..domain.limits import Budget, RateLimiter, Standing
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from .membership import enterable, known

_LAST_USED_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that makes a request, and the user it acts for."""

    key: ApiKey
    user: User


@dataclass(frozen=True, slots=True)
class Entered:
    """A project that a caller has entered, and what decides about the things in it without another query.

    `rules` are those that concern the caller, on the resources of the route.
    """

    project: Project
    member: Member
    rules: Rules

    def level(self, target: Target) -> Level:
        """The caller's level on an object or a resource as a whole."""
        return level(self.rules, self.member, target).level

    def check(self, target: Target, needed: Level) -> None:
        """Raise `PermissionDenied` below the level needed."""
        check_level(self.rules, self.member, target, needed)

    def shown(self, resource: Resource, count: Callable[[Listing], int]) -> Listing:
        """Which objects of a resource the caller sees in lists. Raises `PermissionDenied` if the list is closed.

        `count` is asked how many objects a listing shows, where only own ones could open it.
        """
        found = listing(self.rules, self.member, self.project.id, resource)
        own_only = not (found.everything or found.exceptions)
        found.check(has_own=own_only and count(found) > 0)
        return found


class AccessPolicy:
    """The checks of a private request, in their order: key, project, key's projects, scopes, membership of the
    project, level on the resources; then the rate limit. Without a limiter there are no rate limits."""

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock, limiter: RateLimiter | None = None) -> None:
        self._begin = begin
        self._clock = clock
        self._limiter = limiter

    def authenticate(self, value: str, found_in: str) -> Caller:
        """The caller of a key. Unknown keys and inactive users' raise the same `AuthenticationFailed`."""
        with self._begin(write=False) as work:
            found = work.accounts.key_by_secure_value(hash_key(value))
        if found is None or not found[1].is_active:
            raise AuthenticationFailed(f"Personal API key found in request {found_in} is invalid.")
        key, user = found
        now = self._clock()
        if key.last_used_at is None or now - key.last_used_at > _LAST_USED_STEP:
            with self._begin() as work:
                work.accounts.touch_key(key.id, now)
                work.commit()
            key = replace(key, last_used_at=now)
        return Caller(key, user)

    def enter(
        self,
        caller: Caller,
        reference: str,
        scopes: Sequence[Scope],
        *,
        own: Resource | None = None,
        objects: Resource | None = None,
        hides: bool = False,
    ) -> Entered:
        """The project that a URL names by integer or as `@current`, once the caller may use it with these scopes.

        `own`: the route's resource where no scope names it. `objects`: the resource whose objects the route is
        about; its handler asks about each, the gate not about the whole. `hides`: a project that is closed to the
        caller is as if it were not there.
        """
        needed = required_levels(scopes, own)
        loaded = () if objects is None else (objects,)
        with self._begin(write=False) as work:
            project = self._find(work, caller, reference)
            limited_to = caller.key.scoped_projects
            if limited_to and project.id not in limited_to:
                raise PermissionDenied(f"API key does not have access to the requested project: ID {project.id}.")
            self.require(caller, scopes)
            member, rules = known(work, caller.user, project.id, wholes=RULED_RESOURCES, objects=loaded)
        entered = Entered(project, member, rules)
        if hides and not entered.level(project_target(project.id)):
            raise NotFound
        entered.check(project_target(project.id), needed.pop(Resource.PROJECT, Level.MEMBER))
        for resource, wanted in needed.items():
            if resource is not objects:
                entered.check(Target(project.id, resource), wanted)
        return entered

    def demand(self, caller: Caller, entered: Entered, scopes: Sequence[Scope]) -> None:
        """What a request in a project needs beyond its route, because of what its body asks for."""
        self.require(caller, scopes)
        for resource, wanted in required_levels(scopes).items():
            entered.check(Target(entered.project.id, resource), wanted)

    def admit(self, caller: Caller, scopes: Sequence[Scope]) -> None:
        """The same for a route under no project: it is closed to keys that are limited to projects."""
        if caller.key.scoped_projects:
            raise PermissionDenied("API keys with scoped projects are only supported on project-based endpoints.")
        self.require(caller, scopes)

    def require(self, caller: Caller, scopes: Sequence[Scope]) -> None:
        """Raise `PermissionDenied` naming the first scope that the key lacks."""
        missing = missing_scope(caller.key.scopes, tuple(scopes))
        if missing:
            raise PermissionDenied(f"API key missing required scope '{missing}'")

    def spend(self, caller: Caller, budget: Budget) -> Standing | None:
        """Count a request that passed the checks, if it still fits in; where there are no limits, None."""
        if self._limiter is None:
            return None
        return self._limiter.take(caller.key.id, budget, self._clock().timestamp())

    def visible_projects(self, user: User) -> Sequence[Project]:
        """The projects that a user may enter, oldest first."""
        with self._begin(write=False) as work:
            return enterable(work, user)

    def _find(self, work: UnitOfWork, caller: Caller, reference: str) -> Project:
        if reference == "@current":
            allowed = caller.key.scoped_projects
            for project in enterable(work, caller.user):
                if not allowed or project.id in allowed:
                    return project
        elif reference.isascii() and reference.isdigit() and len(reference) < 19:
            project_or_none = work.accounts.project(int(reference))
            if project_or_none is not None:
                return project_or_none
        raise NotFound("Project not found.")
