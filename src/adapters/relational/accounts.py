"""Users, projects and keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from ...domain.accounts import ApiKey, MemberLevel, Organization, Project, User, new_project_token
from ...domain.errors import Conflict
from . import erasure
from .access_tables import OrganizationRow
from .columns import LARGEST
from .tables import ApiKeyRow, DistinctIdRow, ProjectRow, UserRow


class SqlAccountRepository:
    """The accounts in a relational store, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def organization(self) -> Organization:
        row = self._connection.execute(select(*OrganizationRow.__table__.columns)).one()
        return Organization(**row._mapping)

    def add_user(self, *, email: str, first_name: str, last_name: str, level: MemberLevel, at: datetime) -> User:
        statement = insert(UserRow).values(
            uuid=uuid4(),
            email=email,
            first_name=first_name,
            last_name=last_name,
            is_active=True,
            created_at=at,
            member_id=uuid4(),
            level=level,
        )
        try:
            with self._connection.begin_nested():  # so that the transaction can go on after a refusal
                row = self._connection.execute(statement.returning(*_USER)).one()
        except IntegrityError as error:
            raise Conflict(f"There is already a user with the e-mail {email}.") from error
        return _user(row)

    def user(self, *, user_id: int | None = None, email: str | None = None) -> User | None:
        statement, value = (_USER_BY_EMAIL, email) if user_id is None else (_USER_BY_ID, user_id)
        row = self._connection.execute(statement, {"value": value}).one_or_none()
        return _user(row) if row else None

    def users(self) -> Sequence[User]:
        return [_user(row) for row in self._connection.execute(select(*_USER).order_by(UserRow.id))]

    def update_user(self, user: User) -> None:
        statement = update(UserRow).where(UserRow.id == user.id)
        self._connection.execute(statement.values(_values(user, _USER)))

    def add_project(self, *, name: str, timezone: str, week_start_day: int, at: datetime) -> Project:
        statement = insert(ProjectRow).values(
            uuid=uuid4(),
            name=name,
            api_token=new_project_token(),
            timezone=timezone,
            week_start_day=week_start_day,
            created_at=at,
            updated_at=at,
            test_account_filters=[],
            path_cleaning_filters=[],
            anonymize_ips=False,
            person_processing_opt_out=False,
            person_properties_update_all=False,
            aggregate_by_distinct_id=False,
            human_friendly_comparison_periods=False,
        )
        return _project(self._connection.execute(statement.returning(*_PROJECT)).one())

    def project(self, project_id: int) -> Project | None:
        if not 0 < project_id <= LARGEST:
            return None
        row = self._connection.execute(_PROJECT_BY_ID, {"value": project_id}).one_or_none()
        return _project(row) if row else None

    def project_by_token(self, token: str) -> Project | None:
        row = self._connection.execute(_PROJECT_BY_TOKEN, {"value": token}).one_or_none()
        return _project(row) if row else None

    def projects(self) -> Sequence[Project]:
        rows = self._connection.execute(_PROJECTS.order_by(ProjectRow.id))
        return [_project(row) for row in rows]

    def delete_project(self, project_id: int, at: datetime) -> bool:
        deleted = update(ProjectRow).values(deleted_at=at)
        deleted = deleted.where(ProjectRow.id == project_id, ProjectRow.deleted_at.is_(None))
        return self._connection.execute(deleted).rowcount > 0

    def restore_project(self, project_id: int) -> Project | None:
        restored = update(ProjectRow).values(deleted_at=None).where(ProjectRow.id == project_id)
        row = self._connection.execute(restored.returning(*_PROJECT)).one_or_none()
        return _project(row) if row else None

    def erase_project(self, project_id: int, limit: int) -> int:
        return erasure.erase_project(self._connection, project_id, limit)

    def update_project(self, project: Project) -> None:
        statement = update(ProjectRow).where(ProjectRow.id == project.id)
        self._connection.execute(statement.values(_values(project, _PROJECT)))

    def projects_with_events(self) -> frozenset[int]:
        # Every event makes its distinct id known, and an id that was seen stays.
        seen = exists().where(DistinctIdRow.project_id == ProjectRow.id)
        return frozenset(self._connection.execute(select(ProjectRow.id).where(seen)).scalars())

    def add_key(self, key: ApiKey) -> None:
        self._connection.execute(insert(ApiKeyRow).values(_values(key, _KEY)))

    def key_by_secure_value(self, secure_value: str) -> tuple[ApiKey, User] | None:
        row = self._connection.execute(_KEY_BY_VALUE, {"value": secure_value}).one_or_none()
        user = self.user(user_id=row.user_id) if row else None
        return (_key(row), user) if user else None

    def keys(self, user_id: int) -> Sequence[ApiKey]:
        statement = select(*_KEY).where(ApiKeyRow.user_id == user_id)
        rows = self._connection.execute(statement.order_by(ApiKeyRow.created_at, ApiKeyRow.id))
        return [_key(row) for row in rows]

    def key(self, key_id: str) -> ApiKey | None:
        row = self._connection.execute(select(*_KEY).where(ApiKeyRow.id == key_id)).one_or_none()
        return _key(row) if row else None

    def delete_key(self, key_id: str) -> bool:
        return self._connection.execute(delete(ApiKeyRow).where(ApiKeyRow.id == key_id)).rowcount > 0

    def touch_key(self, key_id: str, at: datetime) -> None:
        self._connection.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used_at=at))


def _values(entity: User | Project | ApiKey, columns: tuple[Any, ...]) -> dict[str, Any]:
    return {column.key: getattr(entity, column.key) for column in columns}


def _user(row: Any) -> User:
    return User(**{**row._mapping, "level": MemberLevel(row.level)})


def _project(row: Any) -> Project:
    display = row.person_display_name_properties
    return Project(
        **{
            **row._mapping,
            "person_display_name_properties": None if display is None else tuple(display),
            "test_account_filters": tuple(row.test_account_filters),
            "path_cleaning_filters": tuple(row.path_cleaning_filters),
        }
    )


def _key(row: Any) -> ApiKey:
    return ApiKey(
        **{
            **row._mapping,
            "scopes": tuple(row.scopes),
            "scoped_projects": tuple(row.scoped_projects),
        }
    )


_USER = tuple(UserRow.__table__.columns)
_PROJECT = tuple(column for column in ProjectRow.__table__.columns if column.key != "deleted_at")
_KEY = tuple(ApiKeyRow.__table__.columns)

# Made once: every request needs some of them, and making one takes as long as executing it.
_value: BindParameter[Any] = bindparam("value")
_USER_BY_ID = select(*_USER).where(UserRow.id == _value)
_USER_BY_EMAIL = select(*_USER).where(UserRow.email == _value)
_PROJECTS = select(*_PROJECT).where(ProjectRow.deleted_at.is_(None))
_PROJECT_BY_ID = _PROJECTS.where(ProjectRow.id == _value)
_PROJECT_BY_TOKEN = _PROJECTS.where(ProjectRow.api_token == _value)
_KEY_BY_VALUE = select(*_KEY).where(ApiKeyRow.secure_value == _value)
