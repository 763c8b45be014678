"""Whether the server is alive and ready, and what it tells Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hedgerow.entrypoints.bootstrap import Services, open_services
from hedgerow.entrypoints.settings import Settings
from hedgerow.entrypoints.web import create_app
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.e2e.conftest import World
from tests.integration.databases import empty_postgresql


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Services]:
    """Stores of the test's own."""
    services = open_services(Settings(data_dir=tmp_path))
    yield services
    services.close()


@pytest.fixture
def world(own: Services) -> World:
    return World(own, create_app(own).test_client())


def numbers(world: World) -> dict[tuple[str, ...], float]:
    """Every number by its name and the values of its labels."""
    answer = world.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_is_ready_when_the_stores_answer_and_says_why_when_it_is_not(world: World) -> None:
    assert world.client.get("/readyz").json == {"status": "ok", "problems": []}
    with world.services.relational.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "unavailable", "problems": ["The database needs `hedgerow db upgrade`."]}
    assert world.client.get("/healthz").status_code == 200


def test_it_is_not_ready_when_events_are_no_longer_stored(world: World) -> None:
    world.services.ingester.close()
    answer = world.client.get("/readyz")
    assert (answer.status_code, len(answer.json["problems"])) == (503, 1)  # type: ignore[index]


def test_events_people_requests_and_the_cache_are_counted(world: World) -> None:
    event = {"event": "e", "distinct_id": "ann", "uuid": "0190a0b0-0000-7000-8000-000000000002"}
    world.capture(event, {"event": "e", "distinct_id": "ben"})
    world.capture(event)
    for _ in range(3):
        world.get("insights/trend", events=[{"id": "e"}])
    found = numbers(world)
    assert found["hedgerow_events_received_total",] == 3
    assert found["hedgerow_events_stored_total",] == 2
    assert found["hedgerow_events_waiting",] == 0
    assert found["hedgerow_ingestion_seconds_count",] == found["hedgerow_ingestion_wait_seconds_count",] == 2
    assert found["hedgerow_persons", str(world.project.id)] == 2
    assert (found["hedgerow_cache_misses_total",], found["hedgerow_cache_hits_total",]) == (1, 2)
    assert found["hedgerow_request_seconds_count", "POST", "/batch", "200"] == 2
    trends = "/api/projects/<project_id>/insights/trend"
    assert found["hedgerow_request_seconds_count", "GET", trends, "200"] == 3
    for store in ("relational", "events"):
        assert found["hedgerow_store_bytes", store] > 0
    assert found["hedgerow_event_store_seconds_count", "read"] > 3
    assert found["hedgerow_event_store_seconds_count", "write"] >= 2
    assert found["process_resident_memory_bytes",] > 0


def test_unknown_addresses_and_people_make_no_numbers_of_their_own(world: World) -> None:
    world.client.get("/nobody/knows/this")
    world.call("GET", "persons/123")
    labels = {value for key in numbers(world) for value in key[1:]}
    assert "none" in labels
    assert not {value for value in labels if "nobody" in value or "123" in value}


def test_the_age_of_the_oldest_pending_deletion_is_told(world: World) -> None:
    world.capture({"event": "e", "distinct_id": "ann"})
    assert numbers(world)["hedgerow_deletions_pending",] == 0
    world.call("DELETE", f"persons/{world.person('ann')['uuid']}?delete_events=true")
    found = numbers(world)
    assert found["hedgerow_deletions_pending",] == 1
    assert 0 < found["hedgerow_oldest_pending_deletion_seconds",] < 60


def test_events_may_be_embedded_beside_people_on_postgresql(tmp_path: Path) -> None:
    url = empty_postgresql().url.render_as_string(hide_password=False)
    services = open_services(Settings(data_dir=tmp_path / "new", database_url=url))
    assert services.problems() == []
    services.close()


def test_numbers_are_told_while_a_store_cannot_be_reached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.services.settings.data_dir / "hedgerow.db"
    world.services.relational.engine.dispose()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert numbers(world)["hedgerow_events_waiting",] == 0
    assert world.client.get("/readyz").status_code == 503
    path.rmdir()
    path.with_suffix(".away").rename(path)
