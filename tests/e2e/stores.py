"""Which stores the tests of the whole run on: the embedded ones or, with `HEDGEROW_TEST_STORES=postgresql`, both in
one PostgreSQL database for each data folder."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest
from hedgerow.entrypoints.settings import Settings

from tests.integration.databases import new_postgresql

ON_POSTGRESQL = os.environ.get("HEDGEROW_TEST_STORES") == "postgresql"
embedded_only = pytest.mark.skipif(ON_POSTGRESQL, reason="tells of the embedded stores")


_chosen: set[Path] = set()


def use_postgresql(data: Path) -> None:
    """Have a Hedgerow on this folder keep everything in PostgreSQL, whatever the others do."""
    _chosen.add(data)


def settings(data: Path, **more: Any) -> Settings:
    """The settings of a Hedgerow on this folder."""
    return Settings(data_dir=data, database_url=url(data), events_url=url(data), **more)


def variables(data: Path) -> dict[str, str]:
    """The same as environment variables."""
    more = {"HEDGEROW_DATABASE_URL": url(data), "HEDGEROW_EVENTS_URL": url(data)} if url(data) else {}
    return {"HEDGEROW_DATA_DIR": str(data), **more}


def url(data: Path) -> str:
    """The folder's database; empty for the embedded stores."""
    return _database(data) if ON_POSTGRESQL or data in _chosen else ""


@functools.cache
def _database(data: Path) -> str:
    return new_postgresql()
