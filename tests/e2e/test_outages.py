"""PostgreSQL goes away and comes back: refused for now, and served again without anybody's help."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.web import create_app

from tests.e2e import stores
from tests.e2e.conftest import World
from tests.integration.databases import unavailable


@pytest.fixture
def outage_world(tmp_path: Path) -> Iterator[World]:
    stores.use_postgresql(tmp_path)
    with opened(stores.settings(tmp_path)) as services:
        yield World(services, create_app(services).test_client())


def test_while_postgresql_is_away_all_is_refused_for_now_and_then_served_again(
    outage_world: World, tmp_path: Path
) -> None:
    world = outage_world
    world.capture({"event": "seen", "distinct_id": "u1"})
    assert world.count() == 1
    batch = {"api_key": world.token, "batch": [{"event": "seen", "distinct_id": "u2"}]}
    trend = {"events": [{"id": "seen"}]}
    with unavailable(stores.url(tmp_path)):
        for _ in range(2):  # connections that broke, and then none to be had
            for response in (
                world.send(batch),
                world.call("GET", "persons"),
                world.call("POST", "insights/trend", json=trend),
                world.call("GET", "/readyz"),
            ):
                assert response.status_code == 503, response.text
                assert response.headers.get("Retry-After") or response.request.path == "/readyz"
    world.capture({"event": "seen", "distinct_id": "u2"})
    assert world.count() == 2
    assert len(world.persons()) == 2
    assert world.call("GET", "/readyz").status_code == 200


def test_after_connections_broke_at_most_one_request_of_each_kind_is_refused(
    outage_world: World, tmp_path: Path
) -> None:
    world = outage_world
    world.capture({"event": "seen", "distinct_id": "u1"})
    with unavailable(stores.url(tmp_path)):
        pass
    world.send({"api_key": world.token, "batch": [{"event": "seen", "distinct_id": "u2"}]})
    world.call("GET", "persons")
    world.capture({"event": "seen", "distinct_id": "u2"})
    assert len(world.persons()) == 2
