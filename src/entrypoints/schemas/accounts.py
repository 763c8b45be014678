"""Projects, users, members and keys on the wire."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import marshmallow as ma

from ...domain.access import Level
from ...domain.accounts import ApiKey, MemberLevel, Organization, Project, User
from ...domain.project_settings import settings_of
from ..api import Schema
from .common import instant
from .pages import PageSchema
from .users import UserBasicSchema, user_body


class ProjectBasicSchema(Schema):
    """A project in lists."""

    id = ma.fields.Integer(required=True)
    uuid = ma.fields.UUID(required=True)
    organization = ma.fields.UUID(required=True)
    project_id = ma.fields.Integer(required=True)
    api_token = ma.fields.String(required=True, metadata={"description": "What SDKs send events with."})
    name = ma.fields.String(required=True)
    completed_snippet_onboarding = ma.fields.Boolean(required=True)
    has_completed_onboarding_for = ma.fields.Dict(required=True, allow_none=True)
    ingested_event = ma.fields.Boolean(required=True, metadata={"description": "Whether it ever stored an event."})
    is_demo = ma.fields.Boolean(required=True)
    timezone = ma.fields.String(required=True)
    access_control = ma.fields.Boolean(required=True)


class ProjectPageSchema(PageSchema):
    """The projects that the caller may enter."""

    results = ma.fields.List(ma.fields.Nested(ProjectBasicSchema), required=True)


class ProjectSettingsSchema(Schema):
    """What may be changed of a project; what is absent stays."""

    name = ma.fields.String()
    timezone = ma.fields.String(metadata={"description": "IANA name.", "example": "Europe/Berlin"})
    week_start_day = ma.fields.Integer(metadata={"description": "0 for Sunday, 1 for Monday."})
    person_display_name_properties = ma.fields.List(
        ma.fields.String(), allow_none=True, metadata={"description": "The first that a person has is their name."}
    )
    test_account_filters = ma.fields.List(ma.fields.Dict(), metadata={"description": "Property filters."})
    path_cleaning_filters = ma.fields.List(
        ma.fields.Dict(), metadata={"description": "Rules of `regex` (RE2) and `alias`, applied in order."}
    )
    anonymize_ips = ma.fields.Boolean()
    person_processing_opt_out = ma.fields.Boolean()
    person_properties_update_all = ma.fields.Boolean()
    drop_events_older_than = ma.fields.Integer(allow_none=True, metadata={"description": "In seconds; null: never."})
    retention_days = ma.fields.Integer(
        allow_none=True, metadata={"description": "Days that events are kept; null: for ever."}
    )
    aggregate_by_distinct_id = ma.fields.Boolean()
    human_friendly_comparison_periods = ma.fields.Boolean()


class ProjectSchema(ProjectBasicSchema, ProjectSettingsSchema):
    """A project with its settings."""

    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)
    user_access_level = ma.fields.String(required=True, metadata={"description": "The caller's: member or admin."})
    effective_membership_level = ma.fields.Integer(required=True, metadata={"description": "1 member, 8 admin."})


class MeSchema(UserBasicSchema):
    """The user that the key acts for."""

    is_staff = ma.fields.Boolean(required=True)
    has_password = ma.fields.Boolean(required=True)
    date_joined = ma.fields.AwareDateTime(required=True)
    team = ma.fields.Nested(ProjectBasicSchema, required=True, allow_none=True)
    organization = ma.fields.Dict(required=True)
    organizations = ma.fields.List(ma.fields.Dict(), required=True)


class MemberSchema(Schema):
    """A member of the organisation."""

    id = ma.fields.UUID(required=True, metadata={"description": "What access rules name as `organization_member`."})
    user = ma.fields.Nested(UserBasicSchema, required=True)
    level = ma.fields.Integer(required=True, metadata={"description": "1 member, 8 admin, 15 owner."})
    joined_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)


class MemberPageSchema(PageSchema):
    """The active members of the organisation, oldest first."""

    results = ma.fields.List(ma.fields.Nested(MemberSchema), required=True)


class KeySchema(Schema):
    """A personal API key. Its value is never shown again."""

    id = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    last_rolled_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    user_id = ma.fields.Integer(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    scoped_teams = ma.fields.List(ma.fields.Integer(), required=True)
    value = ma.fields.String(required=True, allow_none=True)
    mask_value = ma.fields.String(required=True)


def basic_body(project: Project, organization: Organization, *, ingested: bool) -> dict[str, Any]:
    """A project in lists. `ingested`: whether it ever stored an event."""
    return {
        "id": project.id,
        "uuid": str(project.uuid),
        "organization": str(organization.id),
        "project_id": project.id,
        "api_token": project.api_token,
        "name": project.name,
        "completed_snippet_onboarding": False,
        "has_completed_onboarding_for": None,
        "ingested_event": ingested,
        "is_demo": False,
        "timezone": project.timezone,
        "access_control": False,
    }


def project_body(project: Project, organization: Organization, level: Level, *, ingested: bool) -> dict[str, Any]:
    """A project with its settings, and the caller's level on it."""
    return {
        **basic_body(project, organization, ingested=ingested),
        "created_at": instant(project.created_at),
        "updated_at": instant(project.updated_at),
        "user_access_level": level.text,
        "effective_membership_level": MemberLevel.ADMIN if level is Level.ADMIN else MemberLevel.MEMBER,
        **settings_of(project),
    }


def me_body(user: User, organization: Organization, teams: list[dict[str, Any]], team: Any) -> dict[str, Any]:
    """The user that a key acts for, with the projects that they may enter."""
    about = {"id": str(organization.id), "name": organization.name}
    return {
        **user_body(user),
        "is_staff": False,
        "has_password": False,
        "date_joined": instant(user.created_at),
        "team": team,
        "organization": {**about, "slug": organization.slug, "membership_level": user.level, "teams": teams},
        "organizations": [
            {
                **about,
                "slug": organization.slug,
                "logo_media_id": None,
                "membership_level": user.level,
                "members_can_use_personal_api_keys": True,
                "is_active": True,
                "is_not_active_reason": None,
                "is_pending_deletion": False,
            }
        ],
    }


def member_body(user: User) -> dict[str, Any]:
    """A user as a member of the organisation."""
    joined_at = instant(user.created_at)
    return {
        "id": str(user.member_id),
        "user": user_body(user),
        "level": user.level,
        "joined_at": joined_at,
        "updated_at": joined_at,
    }


def key_body(key: ApiKey) -> dict[str, Any]:
    """A key, for those who have it. Its times always have microseconds, as in PostHog."""
    created_at, last_used_at = (
        at and at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for at in (key.created_at, key.last_used_at)
    )
    return {
        "id": key.id,
        "label": key.label,
        "created_at": created_at,
        "last_used_at": last_used_at,
        "last_rolled_at": None,
        "user_id": key.user_id,
        "scopes": list(key.scopes),
        "scoped_teams": list(key.scoped_projects),
        "value": None,
        "mask_value": key.mask_value,
    }
