"""Users, projects and keys: what maintainers set up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..domain.accounts import (
    ApiKey,
    MemberLevel,
    Organization,
    Project,
    User,
    check_scopes,
    hash_key,
    mask_key,
    new_key_value,
)
from ..domain.activity import key_created, key_revoked, object_changed, project_deleted
from ..domain.deletions import of_project
from ..domain.errors import Conflict, InvalidInput, NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.project_settings import changed_project, check_timezone, checked_name, settings_of
from .membership import enterable
from .recording import record

MAX_KEYS_PER_USER = 10


class AccountService:
    """Makes and lists users, projects and keys."""

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def create_user(
        self, email: str, *, first_name: str = "", last_name: str = "", level: MemberLevel = MemberLevel.MEMBER
    ) -> User:
        """A new member. Raises `InvalidInput` for a text that is no e-mail address, `Conflict` for one in use."""
        local, _, host = email.strip().rpartition("@")
        if not local or not host or any(c.isspace() for c in email.strip()) or len(email) > 254:
            raise InvalidInput(f"{email!r} is not an e-mail address.", attr="email")
        with self._begin() as work:
            user = work.accounts.add_user(
                email=email.strip(), first_name=first_name, last_name=last_name, level=level, at=self._clock()
            )
            work.commit()
        return user

    def find_user(self, email: str) -> User | None:
        """A user by e-mail, or None."""
        with self._begin(write=False) as work:
            return work.accounts.user(email=email)

    def organization(self) -> Organization:
        """The one organisation."""
        with self._begin(write=False) as work:
            return work.accounts.organization()

    def users(self) -> Sequence[User]:
        """All users, oldest first."""
        with self._begin(write=False) as work:
            return work.accounts.users()

    def update_user(self, email: str, *, level: MemberLevel | None = None) -> User:
        """A user, with another level in the organisation where one is given. Raises `NotFound`."""
        return self._update_user(email, **({"level": level} if level else {}))

    def deactivate_user(self, email: str) -> User:
        """A user whose keys open nothing any more, at once. Raises `NotFound`."""
        return self._update_user(email, is_active=False)

    def users_by_id(self) -> dict[int, User]:
        """All users: an organisation has few, and one question answers for a whole list."""
        with self._begin(write=False) as work:
            return {user.id: user for user in work.accounts.users()}

    def create_project(self, name: str, *, timezone: str = "UTC", week_start_day: int = 0) -> Project:
        """A new project. Raises `InvalidInput` for an empty name or a time zone that the IANA does not know."""
        name = checked_name(name)
        check_timezone(timezone)
        with self._begin() as work:
            project = work.accounts.add_project(
                name=name, timezone=timezone, week_start_day=week_start_day, at=self._clock()
            )
            self._record_project(work, None, project, by=None)
            work.commit()
        return project

    def delete_project(self, project_id: int, *, by: int | None = None) -> Project:
        """Delete a project: nobody finds it from now on, and all that it has waits in the deletion queue. The project
        as it was. Raises `NotFound`."""
        with self._begin() as work:
            project = work.accounts.project(project_id)
            if project is None:
                raise NotFound(f"There is no project {project_id}.")
            now = self._clock()
            work.accounts.delete_project(project_id, now)
            work.deletions.request([of_project(project_id, by=by, at=now)])
            work.activity.add([project_deleted(project, by=by, at=now)])
            work.commit()
        return project

    def update_project(self, project_id: int, changes: Mapping[str, Any], *, by: int | None = None) -> Project:
        """A project with some settings changed, by a user or a command. Raises `NotFound` or `InvalidInput`."""
        with self._begin() as work:
            project = work.accounts.project(project_id)
            if project is None:
                raise NotFound(f"There is no project {project_id}.")
            changed = changed_project(project, changes, self._clock())
            work.accounts.update_project(changed)
            self._record_project(work, project, changed, by=by)
            work.commit()
        return changed

    def projects(self) -> Sequence[Project]:
        """All projects, oldest first."""
        with self._begin(write=False) as work:
            return work.accounts.projects()

    def projects_with_events(self) -> frozenset[int]:
        """The ids of the projects that have ever stored an event."""
        with self._begin(write=False) as work:
            return work.accounts.projects_with_events()

    def project(self, project_id: int) -> Project:
        """One project. Raises `NotFound`."""
        with self._begin(write=False) as work:
            project = work.accounts.project(project_id)
        if project is None:
            raise NotFound(f"There is no project {project_id}.")
        return project

    def create_key(
        self,
        email: str,
        *,
        scopes: Sequence[str],
        label: str = "Personal API key",
        projects: Sequence[int] = (),
        value: str | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its value, which is not stored and cannot be told again."""
        check_scopes(tuple(scopes))
        if not label.strip():
            raise InvalidInput("The label may not be blank.", attr="label", code="blank")
        with self._begin() as work:
            user = self._user(work, email)
            if len(work.accounts.keys(user.id)) >= MAX_KEYS_PER_USER:
                raise Conflict(
                    f"You can only have {MAX_KEYS_PER_USER} personal API keys. "
                    "Remove an existing key before creating a new one."
                )
            if not {project.id for project in enterable(work, user)}.issuperset(projects):
                raise InvalidInput(
                    "You must be a member of all teams that you are scoping the key to.", attr="scoped_teams"
                )
            value = value or new_key_value()
            key = ApiKey(
                id=secrets.token_hex(12),
                user_id=user.id,
                label=label.strip(),
                mask_value=mask_key(value),
                secure_value=hash_key(value),
                scopes=tuple(dict.fromkeys(scopes)),
                scoped_projects=tuple(sorted(set(projects))),
                created_at=self._clock(),
            )
            work.accounts.add_key(key)
            record(work, [key_created(key, by=None, at=key.created_at)])
            work.commit()
        return key, value

    def keys(self, email: str) -> Sequence[ApiKey]:
        """A user's keys, oldest first. Raises `NotFound` for an unknown user."""
        with self._begin(write=False) as work:
            return work.accounts.keys(self._user(work, email).id)

    def revoke_key(self, key_id: str) -> None:
        """End a key at once. Raises `NotFound`."""
        with self._begin() as work:
            key = work.accounts.key(key_id)
            if key is None:
                raise NotFound(f"There is no key {key_id!r}.")
            work.accounts.delete_key(key_id)
            record(work, [key_revoked(key, by=None, at=self._clock())])
            work.commit()

    def _update_user(self, email: str, **changes: Any) -> User:
        with self._begin() as work:
            user = replace(self._user(work, email), **changes)
            work.accounts.update_user(user)
            work.commit()
        return user

    def _record_project(self, work: UnitOfWork, before: Project | None, after: Project, *, by: int | None) -> None:
        entry = object_changed(
            "Project",
            after.id,
            str(after.id),
            settings_of(before) if before else None,
            settings_of(after),
            name=after.name,
            by=by,
            at=after.updated_at,
        )
        record(work, [entry] if entry else [])

    @staticmethod
    def _user(work: UnitOfWork, email: str) -> User:
        user = work.accounts.user(email=email)
        if user is None:
            raise NotFound(f"There is no user {email!r}.")
        return user
