"""The `hedgerow` command: a Flask CLI group; `flask --app hedgerow.entrypoints.web` offers the same commands."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import AppGroup

from ...domain.errors import HedgerowError
from ..settings import read_settings
from .access import access
from .backup import backup, restore
from .db import db
from .deletions import deletions
from .demo import demo
from .doctor import doctor
from .events import events
from .keys import keys
from .projects import projects
from .retention import retention
from .roles import roles
from .serve import serve
from .users import users
from .workers import scheduler, worker

_COMMANDS: tuple[click.Command, ...] = (
    serve,
    db,
    users,
    roles,
    access,
    projects,
    keys,
    events,
    deletions,
    retention,
    backup,
    restore,
    doctor,
    demo,
    scheduler,
    worker,
)

hedgerow = AppGroup("hedgerow", help="People and trends from PostHog SDKs, on one machine.")
for _command in _COMMANDS:
    hedgerow.add_command(_command)


def register_commands(app: Flask) -> None:
    """Offer the commands under `flask` too."""
    for command in _COMMANDS:
        app.cli.add_command(command)


def main() -> None:
    """Run the `hedgerow` command. Exit code 0: done; 1: refused, with one line; 2: wrong usage."""
    from ..logs import configure

    try:
        configure(read_settings())
    except HedgerowError as error:
        sys.exit(f"Error: {error.detail}")
    hedgerow()
