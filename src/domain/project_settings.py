"""A project's settings: which there are, and what may be put into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from .accounts import Project
from .errors import InvalidInput
from .events import JsonValue
from .properties import Scope, parse_filters, parse_path_rules

SETTINGS = (
    "name timezone week_start_day person_display_name_properties test_account_filters path_cleaning_filters "
    "anonymize_ips person_processing_opt_out person_properties_update_all drop_events_older_than "
    "retention_days aggregate_by_distinct_id human_friendly_comparison_periods"
).split()
"""What may be changed of a project."""

MAX_RETENTION_DAYS = 100 * 366
MAX_RETENTION_SECONDS = MAX_RETENTION_DAYS * 86_400
"""Events older than a century are not to be told from those of wrong clocks."""

_LISTS = ("person_display_name_properties", "test_account_filters", "path_cleaning_filters")


def settings_of(project: Project) -> dict[str, JsonValue]:
    """The settings as JSON."""
    found = {name: getattr(project, name) for name in SETTINGS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def changed_project(project: Project, changes: Mapping[str, Any], at: datetime) -> Project:
    """The project with some settings changed, of the types that `Project` declares; lists may be lists.

    Other keys are ignored. Raises `InvalidInput` with the setting as attr; saved filters must be readable, or every
    trend that uses them would fail.
    """
    values = {name: changes[name] for name in SETTINGS if name in changes}
    if "name" in values:
        values["name"] = checked_name(values["name"])
    if "timezone" in values:
        check_timezone(values["timezone"])
    if values.get("week_start_day", 0) not in (0, 1):
        raise InvalidInput("Must be 0 (Sunday) or 1 (Monday).", "week_start_day")
    if not 0 <= (values.get("drop_events_older_than") or 0) <= MAX_RETENTION_SECONDS:
        raise InvalidInput(f"Must be between 0 and {MAX_RETENTION_SECONDS} seconds.", "drop_events_older_than")
    if values.get("retention_days") is not None and not 1 <= values["retention_days"] <= MAX_RETENTION_DAYS:
        raise InvalidInput(f"Must be between 1 and {MAX_RETENTION_DAYS} days, or nothing.", "retention_days")
    zone = ZoneInfo(values.get("timezone", project.timezone))
    rules = parse_path_rules(values.get("path_cleaning_filters", list(project.path_cleaning_filters)))
    if "test_account_filters" in values:
        filters = values["test_account_filters"]
        if not isinstance(filters, list | tuple):
            raise InvalidInput("must be a list of filters", "test_account_filters")
        parse_filters(list(filters), Scope.EVENT, zone=zone, attr="test_account_filters", path_rules=rules)
    for name in _LISTS:
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return replace(project, **values, updated_at=at)


def checked_name(name: str) -> str:
    """A project's name without blanks around it. Raises `InvalidInput` for an empty one."""
    if not name.strip():
        raise InvalidInput("This field may not be blank.", attr="name", code="blank")
    return name.strip()


def check_timezone(name: str) -> None:
    """Raise `InvalidInput` for a time zone that the IANA does not know."""
    if name not in _zones():
        raise InvalidInput(f"{name!r} is not a known time zone.", attr="timezone")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
