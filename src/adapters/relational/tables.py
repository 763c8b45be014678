"""The tables. Rows never leave the adapter: the repositories read columns and build the domain's entities."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, MetaData, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ...domain.events import JsonValue
from .columns import Flag, Guid, Json, Moment, Number

# AUTOINCREMENT: an id that was deleted never comes back as somebody else.
_KEPT_IDS = {"sqlite_strict": True, "sqlite_autoincrement": True}
_STRICT = {"sqlite_strict": True}


class Row(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Number,
        str: Text,
        bool: Flag,
        datetime: Moment,
        UUID: Guid,
        JsonValue: Json,
    }


class UserRow(Row):
    __tablename__ = "users"
    __table_args__ = _KEPT_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    is_active: Mapped[bool]
    created_at: Mapped[datetime]
    member_id: Mapped[UUID] = mapped_column(unique=True)
    level: Mapped[int]


class ProjectRow(Row):
    """A project. One with `deleted_at` is there for nobody, and waits for the erasure of what belongs to it."""

    __tablename__ = "projects"
    __table_args__ = _KEPT_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(unique=True)
    name: Mapped[str]
    api_token: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str]
    week_start_day: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    person_display_name_properties: Mapped[Any | None] = mapped_column(Json)
    test_account_filters: Mapped[Any] = mapped_column(Json)
    path_cleaning_filters: Mapped[Any] = mapped_column(Json)
    anonymize_ips: Mapped[bool]
    person_processing_opt_out: Mapped[bool]
    person_properties_update_all: Mapped[bool]
    drop_events_older_than: Mapped[int | None]
    retention_days: Mapped[int | None]
    aggregate_by_distinct_id: Mapped[bool]
    human_friendly_comparison_periods: Mapped[bool]
    deleted_at: Mapped[datetime | None]


class ApiKeyRow(Row):
    __tablename__ = "api_keys"
    __table_args__ = _STRICT

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(UserRow.id), index=True)
    label: Mapped[str]
    mask_value: Mapped[str]
    secure_value: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[Any] = mapped_column(Json)
    scoped_projects: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PersonRow(Row):
    """`email` is the beginning of the property `email` as text, for exact look-ups."""

    __tablename__ = "persons"
    __table_args__ = (
        UniqueConstraint("project_id", "uuid"),
        # With the order of lists, or SQLite would rather walk the list than look the e-mail up.
        Index(
            None,
            "project_id",
            "email",
            "created_at",
            "id",
            sqlite_where=text("email IS NOT NULL"),
            postgresql_where=text("email IS NOT NULL"),
        ),
        Index(None, "project_id", "created_at", "id"),
        _KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    uuid: Mapped[UUID]
    properties: Mapped[Any] = mapped_column(Json)
    email: Mapped[str | None]
    created_at: Mapped[datetime]
    is_identified: Mapped[bool]
    version: Mapped[int]
    last_seen_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class PersonCountRow(Row):
    """How many persons a project has. Triggers on `persons` keep it, so that no way of writing can forget it."""

    __tablename__ = "person_counts"
    __table_args__ = _STRICT

    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id, ondelete="CASCADE"), primary_key=True)
    persons: Mapped[int]


class DistinctIdRow(Row):
    """An id that was seen, whoever holds it. Without a person when events used it personless or never made one.

    The order of `id` is the order in which a person's ids were added. The key to the person is checked at commit,
    so that in a merge the old person may go before the new one is there.
    """

    __tablename__ = "distinct_ids"
    __table_args__ = (
        UniqueConstraint("project_id", "distinct_id"),
        # Without the ids that no person holds: they may be most, and a plan must never go through them all.
        Index(
            None,
            "person_id",
            "id",
            sqlite_where=text("person_id IS NOT NULL"),
            postgresql_where=text("person_id IS NOT NULL"),
        ),
        _KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    distinct_id: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey(PersonRow.id, deferrable=True, initially="DEFERRED"))
    personless: Mapped[bool]


class PersonHistoryRow(Row):
    """One version of a person. It outlives the person: events keep the versions they saw.

    The version in which a person ends has its integer id, and the uuid of who took it over if that was a merge.
    """

    __tablename__ = "person_history"
    __table_args__ = (
        Index(None, "project_id", "person_uuid", "version"),
        Index(
            None,
            "project_id",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
        _KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id))
    person_uuid: Mapped[UUID]
    version: Mapped[int]
    at: Mapped[datetime]
    snapshot: Mapped[bool]
    set_properties: Mapped[Any] = mapped_column(Json)
    unset_properties: Mapped[Any] = mapped_column(Json)
    person_id: Mapped[int | None]
    merged_into: Mapped[UUID | None]


class GroupTypeRow(Row):
    __tablename__ = "group_types"
    __table_args__ = _STRICT

    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]


class GroupRow(Row):
    __tablename__ = "groups"
    __table_args__ = _STRICT

    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    properties: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime]


class PropertyDefinitionRow(Row):
    """A key that events or persons of a project have had. `kind` is "event" or "person"."""

    __tablename__ = "property_definitions"
    __table_args__ = (UniqueConstraint("project_id", "kind", "slot"), _STRICT)

    project_id: Mapped[int] = mapped_column(ForeignKey(ProjectRow.id), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int | None]


class ProjectionLogRow(Row):
    """What is not yet known to be in the event store: references to what changed about persons, events as a whole."""

    __tablename__ = "projection_log"
    __table_args__ = _KEPT_IDS

    id: Mapped[int] = mapped_column(primary_key=True)
    payload: Mapped[Any] = mapped_column(Json)
    events: Mapped[bytes | None]
