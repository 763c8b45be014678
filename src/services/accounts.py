"""Users, projects and keys: what maintainers set up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

from ..domain.accounts import (
    ApiKey,
    MemberLevel,
    Project,
    User,
    check_scopes,
    hash_key,
    mask_key,
    new_key_value,
)
from ..domain.errors import Conflict, InvalidInput, NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory

MAX_KEYS_PER_USER = 10
MAX_RETENTION_DAYS = 100 * 366


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

    def users_by_id(self) -> dict[int, User]:
        """All users: an organisation has few, and one question answers for a whole list."""
        with self._begin(write=False) as work:
            return {user.id: user for user in work.accounts.users()}

    def create_project(self, name: str, *, timezone: str = "UTC", week_start_day: int = 0) -> Project:
        """A new project. Raises `InvalidInput` for an empty name or a time zone that the IANA does not know."""
        if not name.strip():
            raise InvalidInput("This field may not be blank.", attr="name", code="blank")
        if timezone not in available_timezones():
            raise InvalidInput(f"{timezone!r} is not a known time zone.", attr="timezone")
        with self._begin() as work:
            project = work.accounts.add_project(
                name=name.strip(), timezone=timezone, week_start_day=week_start_day, at=self._clock()
            )
            work.commit()
        return project

    def update_project(self, project_id: int, changes: Mapping[str, Any]) -> Project:
        """A project with some settings changed. Raises `NotFound` or `InvalidInput`."""
        days = changes.get("retention_days")
        if days is not None and not 0 < days <= MAX_RETENTION_DAYS:
            raise InvalidInput(f"Must be between 1 and {MAX_RETENTION_DAYS} days.", "retention_days")
        with self._begin() as work:
            project = work.accounts.project(project_id)
            if project is None:
                raise NotFound(f"There is no project {project_id}.")
            changed = replace(project, **changes, updated_at=self._clock())
            work.accounts.update_project(changed)
            work.commit()
        return changed

    def projects(self) -> Sequence[Project]:
        """All projects, oldest first."""
        with self._begin(write=False) as work:
            return work.accounts.projects()

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
            known = {project.id for project in work.accounts.projects()}
            if not known.issuperset(projects):
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
            work.commit()
        return key, value

    def keys(self, email: str) -> Sequence[ApiKey]:
        """A user's keys, oldest first. Raises `NotFound` for an unknown user."""
        with self._begin(write=False) as work:
            return work.accounts.keys(self._user(work, email).id)

    def revoke_key(self, key_id: str) -> None:
        """End a key at once. Raises `NotFound`."""
        with self._begin() as work:
            if not work.accounts.delete_key(key_id):
                raise NotFound(f"There is no key {key_id!r}.")
            work.commit()

    @staticmethod
    def _user(work: UnitOfWork, email: str) -> User:
        user = work.accounts.user(email=email)
        if user is None:
            raise NotFound(f"There is no user {email!r}.")
        return user
