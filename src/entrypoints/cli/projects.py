"""`hedgerow projects`: each one set of persons and events."""

from __future__ import annotations

from typing import Any

import click

from ...domain.accounts import Project
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
@click.argument("project_id", metavar="ID", type=int)
@click.option(
    "--retention-days",
    type=click.IntRange(min=0),
    metavar="DAYS",
    help="How long events are kept; 0: for ever. `hedgerow retention run` removes older ones.",
)
@answers
def update(project_id: int, retention_days: int | None) -> dict[str, Any]:
    """Change a project's settings."""
    from ..bootstrap import accounts

    changes = {} if retention_days is None else {"retention_days": retention_days or None}
    with accounts() as service:
        return project_body(service.update_project(project_id, changes))


def project_body(project: Project) -> dict[str, Any]:
    """A project as the commands show it."""
    return {
        "id": project.id,
        "uuid": str(project.uuid),
        "name": project.name,
        "api_token": project.api_token,
        "timezone": project.timezone,
        "week_start_day": project.week_start_day,
        "retention_days": project.retention_days,
    }
