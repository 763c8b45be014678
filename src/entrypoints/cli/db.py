"""`hedgerow db`: the relational store's tables."""

from __future__ import annotations

from typing import Any

import click

from ..settings import read_settings
from .output import answers


@click.group()
def db() -> None:
    """The relational store."""


@db.command()
@answers
def upgrade() -> dict[str, Any]:
    """Bring the tables up to date. An embedded database is upgraded by `serve` too."""
    from ...adapters import migrations
    from ..bootstrap import open_relational

    store = open_relational(read_settings(), upgrade=False)
    try:
        return {"revision": migrations.upgrade(store.engine)}
    finally:
        store.close()
