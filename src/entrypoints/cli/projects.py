"""`hedgerow projects`: each one set of persons and events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import orjson

from ...domain.accounts import Project
from ...domain.errors import InvalidInput
from .output import answers

_WEEK_STARTS = ("sunday", "monday")


@click.group()
def projects() -> None:
    """Projects: each has its own persons, events and token."""


@projects.command()
@click.argument("name")
@click.option("--timezone", default="UTC", show_default=True, help="IANA time zone in which days begin and end.")
@click.option(
    "--week-start", type=click.Choice(_WEEK_STARTS), default="sunday", show_default=True, help="First day of a week."
)
@answers
def create(name: str, timezone: str, week_start: str) -> dict[str, Any]:
    """Create a project."""
    from ..bootstrap import accounts

    with accounts() as service:
        return project_body(
            service.create_project(name, timezone=timezone, week_start_day=_WEEK_STARTS.index(week_start))
        )


@projects.command("list")
@answers
def list_() -> list[dict[str, Any]]:
    """List the projects."""
    from ..bootstrap import accounts

    with accounts() as service:
        return [project_body(project) for project in service.projects()]


@projects.command()
@click.argument("project_id", type=int, metavar="ID")
@click.option("--yes", is_flag=True, help="Do it.")
@answers
def delete(project_id: int, yes: bool) -> dict[str, Any]:
    """Delete a project: it disappears at once; all that it has is erased when the deletion queue is drained.

    Until then `deletions cancel` brings it back. Works beside a running server.
    """
    from ..bootstrap import accounts

    with accounts() as service:
        project = service.project(project_id)
        if not yes:
            raise InvalidInput(f"This deletes the project {project.name} with all that it has. Say --yes to do it.")
        return project_body(service.delete_project(project_id))


@projects.command()
@click.argument("project_id", metavar="ID", type=int)
@click.option("--name", help="Name.")
@click.option("--timezone", help="IANA time zone in which days begin and end.")
@click.option("--week-start", type=click.Choice(_WEEK_STARTS), help="First day of a week.")
@click.option(
    "--person-display-name-properties",
    metavar="KEYS",
    help="Properties, comma-separated: the first that a person has is their name. Empty: the usual ones.",
)
@click.option("--test-account-filters", metavar="JSON", help="Property filters that leave out your own people.")
@click.option(
    "--drop-events-older-than",
    metavar="DAYS",
    help="Events that are this old when they arrive are dropped. `never` drops none.",
)
@click.option(
    "--retention-days",
    metavar="DAYS",
    help="Stored events go when they are older: see `retention run`. 0 keeps them for ever.",
)
@answers
def update(project_id: int, **options: str | None) -> dict[str, Any]:
    """Change a project's settings."""
    from ..bootstrap import accounts

    changes = {name: _READ[name](text) for name, text in options.items() if text is not None}
    if "week_start" in changes:
        changes["week_start_day"] = changes.pop("week_start")
    with accounts() as service:
        return project_body(service.update_project(project_id, changes))


def _read_keys(text: str) -> list[str] | None:
    return [key.strip() for key in text.split(",") if key.strip()] or None


def _read_filters(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidInput("--test-account-filters is not JSON.", "test_account_filters") from None


def _read_days(text: str) -> int | None:
    if text == "never":
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput("--drop-events-older-than is a number of days, or never.", "drop_events_older_than")
    return int(text) * 86_400


def _read_retention(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        raise InvalidInput("--retention-days is a number of days; 0 keeps events for ever.", "retention_days")
    return int(text) or None


_READ: dict[str, Callable[[str], Any]] = {
    "name": str,
    "timezone": str,
    "week_start": _WEEK_STARTS.index,
    "person_display_name_properties": _read_keys,
    "test_account_filters": _read_filters,
    "drop_events_older_than": _read_days,
    "retention_days": _read_retention,
}


def project_body(project: Project) -> dict[str, Any]:
    """A project as the commands show it."""
    return {
        "id": project.id,
        "uuid": str(project.uuid),
        "name": project.name,
        "api_token": project.api_token,
        "timezone": project.timezone,
        "week_start_day": project.week_start_day,
    }
