"""Who may do what: from a key to a caller, and from a caller and a project to a yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from ..domain.accounts import ApiKey, Project, Scope, User, hash_key, missing_scope
from ..domain.errors import AuthenticationFailed, NotFound, PermissionDenied
from ..domain.ports import Clock, UnitOfWorkFactory

_LAST_USED_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that makes a request, and the user it acts for."""

    key: ApiKey
    user: User


class AccessPolicy:
    """The checks of a private request, in their order: key, project, key's projects, scopes."""

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

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
        return Caller(key, user)

    def enter(self, caller: Caller, reference: str, scopes: Sequence[Scope]) -> Project:
        """The project that a URL names by integer or as `@current`, once the caller may use it with these scopes."""
        project = self._find(caller, reference)
        limited_to = caller.key.scoped_projects
        if limited_to and project.id not in limited_to:
            raise PermissionDenied(f"API key does not have access to the requested project: ID {project.id}.")
        self.require(caller, scopes)
        return project

    def require(self, caller: Caller, scopes: Sequence[Scope]) -> None:
        """Raise `PermissionDenied` naming the first scope that the key lacks."""
        missing = missing_scope(caller.key.scopes, tuple(scopes))
        if missing:
            raise PermissionDenied(f"API key missing required scope '{missing}'")

    def _find(self, caller: Caller, reference: str) -> Project:
        with self._begin(write=False) as work:
            if reference == "@current":
                allowed = caller.key.scoped_projects
                for project in work.accounts.projects():
                    if not allowed or project.id in allowed:
                        return project
            elif reference.isascii() and reference.isdigit() and len(reference) < 19:
                project_or_none = work.accounts.project(int(reference))
                if project_or_none is not None:
                    return project_or_none
        raise NotFound("Project not found.")
