"""`hedgerow demo`: a project with real purchases to look at."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...domain.accounts import Project, new_key_value
from ...domain.errors import HedgerowError
from ..settings import Settings, read_settings
from .output import answers
from .projects import project_body

if TYPE_CHECKING:
    from ...services.accounts import AccountService
    from ...services.imports import Row
    from ..bootstrap import Services

NAME = "CDNOW demo"
_EMAIL = "demo@example.com"
_SCOPES = ("person:read", "insight:read", "query:read", "project:read", "user:read")
_KEY_FILE = "demo-key.txt"


@click.group()
def demo() -> None:
    """A demo project with real data."""


@demo.command()
@answers
def load() -> dict[str, Any]:
    """Load the demo project, once: the published one-tenth sample of the CDNOW purchases of 1997 and 1998
    (2,357 people, 6,919 purchases; Fader and Hardie's public research data), and a key to read it."""
    from ...adapters.occurrences import TemporaryOccurrenceCounter
    from ...domain.ports import PersonQuery
    from ..bootstrap import opened

    settings = read_settings()
    with opened(settings) as services, TemporaryOccurrenceCounter() as occurrences:
        project = _project(services.accounts)
        report = services.imports.run(project, _purchases(), occurrences)
        persons = services.persons.list(PersonQuery(project.id), limit=1).count
        key = _key(services, settings, project)
    click.echo(
        f"""
The demo project is loaded. To try it, once the server runs:

  project token     {project.api_token}
  personal API key  {key}

  curl -H 'Authorization: Bearer {key}' 'http://127.0.0.1:8000/api/projects/{project.id}/persons?limit=2'
  curl -H 'Authorization: Bearer {key}' --get 'http://127.0.0.1:8000/api/projects/{project.id}/insights/trend' \\
       --data-urlencode 'events=[{{"id":"purchase","math":"dau"}}]' \\
       --data-urlencode 'date_from=1997-01-01' --data-urlencode 'date_to=1997-12-31' -d interval=month
""",
        err=True,
    )
    return {"project": project_body(project), "events": report.read, "persons": persons}


def _project(accounts: AccountService) -> Project:
    for project in accounts.projects():
        if project.name == NAME:
            return project
    return accounts.create_project(NAME)


def _purchases() -> Iterator[Row]:
    """The sample's lines: customer id in the full file, in the sample, date, number of CDs, dollar value."""
    from ...services.imports import Row

    with (resources.files("hedgerow") / "data" / "cdnow_sample.txt").open() as lines:
        for number, line in enumerate(lines, start=1):
            customer, _, date, cds, amount = line.split()
            yield Row(
                number,
                {
                    "event": "purchase",
                    "distinct_id": customer,
                    "timestamp": f"{date[:4]}-{date[4:6]}-{date[6:]}T12:00:00Z",
                    "properties": {"cds": int(cds), "amount": float(amount)},
                },
            )


def _key(services: Services, settings: Settings, project: Project) -> str:
    """The demo's key. Its value is kept beside the demo's data, so that every start can show the same one."""
    path: Path = settings.data_dir / _KEY_FILE
    if path.exists():
        value = path.read_text().strip()
        try:
            services.access.authenticate(value, "demo")
        except HedgerowError:
            pass
        else:
            return value
    accounts = services.accounts
    if accounts.find_user(_EMAIL) is None:
        accounts.create_user(_EMAIL, first_name="Demo")
    value = new_key_value()
    accounts.create_key(_EMAIL, scopes=_SCOPES, label="Demo", projects=[project.id], value=value)
    path.touch(mode=0o600)
    path.write_text(value + "\n")
    return value
