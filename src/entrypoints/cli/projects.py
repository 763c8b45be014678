"""`hedgerow projects`: each one set of persons and events."""

from __future__ import annotations

from typing import Any

import click

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
