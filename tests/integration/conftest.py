"""An empty relational store, one of each kind in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from sqlalchemy import Engine

from .databases import empty_postgresql, empty_sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "postgresql":
        yield empty_postgresql()
        return
    engine = empty_sqlite(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def begin(engine: Engine) -> SqlUnitOfWorkFactory:
    return SqlUnitOfWorkFactory(engine)
