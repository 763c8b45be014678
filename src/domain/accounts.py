"""The organisation's accounts: users, projects and the keys that act for them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from .errors import InvalidInput
from .events import JsonValue

_BASE57 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

SCOPE_OBJECTS = frozenset(
    "action activity_log access_control cohort insight organization organization_member person project query "
    "user".split()
)
INERT_SCOPE_OBJECTS = frozenset(
    "dashboard event_definition experiment export feature_flag notebook property_definition session_recording "
    "sharing_configuration survey".split()
)


Scope = str | tuple[str, ...]
"""A required scope, or several any of which will do."""


class MemberLevel(IntEnum):
    """A member's level in the organisation, with PostHog's numbers."""

    MEMBER = 1
    ADMIN = 8
    OWNER = 15


@dataclass(frozen=True, slots=True)
class Organization:
    """The one organisation of an installation. All users are its members, all projects are its own."""

    id: UUID
    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class User:
    """A person who may hold keys, with their membership of the organisation (`member_id`, `level`)."""

    id: int
    uuid: UUID
    email: str
    first_name: str
    last_name: str
    is_active: bool
    created_at: datetime
    member_id: UUID
    level: MemberLevel


@dataclass(frozen=True, slots=True)
class Project:
    """A project: one set of persons and events, with its own token and settings.

    `week_start_day` is 0 for Sunday, 1 for Monday. `drop_events_older_than`, in seconds, is about
    events that arrive; those that are stored stay for `retention_days`, for ever without.
    `group_types` maps a group type's name to its index, 0 to 4.
    """

    id: int
    uuid: UUID
    name: str
    api_token: str
    timezone: str
    week_start_day: int
    created_at: datetime
    updated_at: datetime
    person_display_name_properties: tuple[str, ...] | None = None
    test_account_filters: tuple[Mapping[str, JsonValue], ...] = ()
    path_cleaning_filters: tuple[Mapping[str, JsonValue], ...] = ()
    anonymize_ips: bool = False
    person_processing_opt_out: bool = False
    person_properties_update_all: bool = False
    drop_events_older_than: int | None = None
    retention_days: int | None = None
    aggregate_by_distinct_id: bool = False
    human_friendly_comparison_periods: bool = False


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A personal API key. Its value is known only when it is made; stores keep `secure_value`, its hash."""

    id: str
    user_id: int
    label: str
    mask_value: str
    secure_value: str = field(repr=False)
    scopes: tuple[str, ...]
    scoped_projects: tuple[int, ...]
    created_at: datetime
    last_used_at: datetime | None = None


def new_project_token() -> str:
    return "phc_" + secrets.token_urlsafe(32).replace("-", "A").replace("_", "b")


def new_key_value() -> str:
    """`phx_` and 35 random bytes in base 57, the top bit forced so that the length hardly varies."""
    number = int.from_bytes(secrets.token_bytes(35)) | 1 << 279
    digits = []
    while number:
        number, digit = divmod(number, 57)
        digits.append(_BASE57[digit])
    return "phx_" + "".join(reversed(digits))


def hash_key(value: str) -> str:
    """What is stored of a key: unsalted, as the key itself is 280 random bits; so one indexed equality finds it."""
    return "sha256$" + hashlib.sha256(value.encode()).hexdigest()


def mask_key(value: str) -> str:
    return f"{value[:4]}...{value[-4:]}"


def check_scopes(scopes: tuple[str, ...]) -> None:
    """Raise `InvalidInput` for a scope that is not `*` or `<known object>:read` or `:write`."""
    for scope in scopes:
        name, _, action = scope.partition(":")
        known = name in SCOPE_OBJECTS or name in INERT_SCOPE_OBJECTS
        if scope != "*" and not (known and action in ("read", "write")):
            raise InvalidInput(f"Invalid scope: {scope}", attr="scopes")


def missing_scope(granted: tuple[str, ...], required: tuple[Scope, ...]) -> str | None:
    """The first required scope that is not granted. Write implies read of the same object; `*` meets all.

    Of scopes any of which will do, the first is named.
    """
    if "*" in granted:
        return None
    for scope in required:
        choices = (scope,) if isinstance(scope, str) else scope
        if not any(one in granted or one.replace(":read", ":write") in granted for one in choices):
            return choices[0]
    return None
