"""Users, projects and keys in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from ...domain.accounts import ApiKey, MemberLevel, Organization, Project, User, new_project_token
from ...domain.errors import Conflict
from .state import State

_ORGANIZATION = Organization(UUID(int=1), "Hedgerow", "hedgerow")


class MemoryAccountRepository:
    """The accounts of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def organization(self) -> Organization:
        return _ORGANIZATION

    def add_user(self, *, email: str, first_name: str, last_name: str, level: MemberLevel, at: datetime) -> User:
        if self.user(email=email):
            raise Conflict(f"There is already a user with the e-mail {email}.")
        user = User(
            id=self._state.next_id("users"),
            uuid=uuid4(),
            email=email,
            first_name=first_name,
            last_name=last_name,
            is_active=True,
            created_at=at,
            member_id=uuid4(),
            level=level,
        )
        self._state.users[user.id] = user
        return user

    def user(self, *, user_id: int | None = None, email: str | None = None) -> User | None:
        if user_id is not None:
            return self._state.users.get(user_id)
        return next((user for user in self._state.users.values() if user.email == email), None)

    def users(self) -> Sequence[User]:
        return list(self._state.users.values())

    def update_user(self, user: User) -> None:
        self._state.users[user.id] = user

    def add_project(self, *, name: str, timezone: str, week_start_day: int, at: datetime) -> Project:
        project = Project(
            id=self._state.next_id("projects"),
            uuid=uuid4(),
            name=name,
            api_token=new_project_token(),
            timezone=timezone,
            week_start_day=week_start_day,
            created_at=at,
            updated_at=at,
        )
        self._state.projects[project.id] = project
        return project

    def project(self, project_id: int) -> Project | None:
        return self._state.projects.get(project_id)

    def project_by_token(self, token: str) -> Project | None:
        return next((one for one in self._state.projects.values() if one.api_token == token), None)

    def projects(self) -> Sequence[Project]:
        return list(self._state.projects.values())

    def delete_project(self, project_id: int, at: datetime) -> bool:
        if project_id not in self._state.projects:
            return False
        self._state.deleted_projects[project_id] = self._state.projects.pop(project_id)
        return True

    def restore_project(self, project_id: int) -> Project | None:
        project = self._state.deleted_projects.pop(project_id, None)
        if project is not None:
            self._state.projects[project_id] = project
        return project

    def erase_project(self, project_id: int, limit: int) -> int:
        self._state.erase_project(project_id)
        return 0

    def update_project(self, project: Project) -> None:
        self._state.projects[project.id] = project

    def projects_with_events(self) -> frozenset[int]:
        return frozenset(project_id for project_id, _ in self._state.ids)

    def add_key(self, key: ApiKey) -> None:
        self._state.keys[key.id] = key

    def key_by_secure_value(self, secure_value: str) -> tuple[ApiKey, User] | None:
        for key in self._state.keys.values():
            if key.secure_value == secure_value:
                return key, self._state.users[key.user_id]
        return None

    def keys(self, user_id: int) -> Sequence[ApiKey]:
        own = (key for key in self._state.keys.values() if key.user_id == user_id)
        return sorted(own, key=lambda key: (key.created_at, key.id))

    def key(self, key_id: str) -> ApiKey | None:
        return self._state.keys.get(key_id)

    def delete_key(self, key_id: str) -> bool:
        return self._state.keys.pop(key_id, None) is not None

    def touch_key(self, key_id: str, at: datetime) -> None:
        if key_id in self._state.keys:
            self._state.keys[key_id] = replace(self._state.keys[key_id], last_used_at=at)
