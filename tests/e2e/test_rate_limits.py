"""Rate limits as a client meets them. No request waits: the clock is the test's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hedgerow.adapters.limits import ProcessRateLimiter, RedisRateLimiter
from hedgerow.domain import limits
from hedgerow.domain.limits import Budget, Window
from hedgerow.entrypoints.bootstrap import Services, rate_limiter
from hedgerow.entrypoints.settings import Settings
from hedgerow.entrypoints.web import create_app
from hedgerow.services.access import AccessPolicy

from tests.e2e.conftest import World, assert_error


class Limited(World):
    """A world with limits of 3 a minute for persons and 2 a minute for everything else."""

    def __init__(self, services: Services) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        policy = AccessPolicy(services.relational.begin, lambda: self.at, ProcessRateLimiter())
        services = replace(services, access=policy)
        client: FlaskClient = create_app(services).test_client()
        super().__init__(services, client)

    def statuses(self, path: str, times: int, **options: Any) -> list[int]:
        return [self.call("GET", path, **options).status_code for _ in range(times)]


@pytest.fixture
def world(services: Services, monkeypatch: pytest.MonkeyPatch) -> Limited:
    persons = Budget("persons", (Window(3, 60),))
    others = Budget("default", (Window(2, 60),))
    monkeypatch.setattr(limits, "PERSONS", persons)
    monkeypatch.setattr(limits, "DEFAULT", others)
    monkeypatch.setattr(limits, "_BUDGETS", {"persons": persons})
    return Limited(services)


def test_it_works(world: Limited) -> None:
    assert world.statuses("persons", 3) == [200] * 3
    world.at += timedelta(seconds=6)
    response = world.call("GET", "persons")
    detail = "Request was throttled. Expected available in 54 seconds."
    assert_error(response, 429, "throttled", detail)
    assert response.json["type"] == "throttled_error"  # type: ignore[index]
    assert response.headers["Retry-After"] == "54"
    assert not [name for name, _ in response.headers if name.lower().startswith("x-ratelimit")]
    assert response.headers["RateLimit-Remaining"] == "0"
    world.at += timedelta(seconds=53)
    detail = "Request was throttled. Expected available in 1 second."
    assert_error(world.call("GET", "persons"), 429, "throttled", detail)
    world.at += timedelta(seconds=1)
    assert world.statuses("persons", 4) == [200] * 3 + [429]


def test_every_counted_answer_tells_where_the_key_stands(world: Limited) -> None:
    def told(path: str) -> tuple[str | None, ...]:
        headers = world.call("GET", path).headers
        return tuple(headers.get(f"RateLimit-{name}") for name in ("Limit", "Remaining", "Reset"))

    assert told("persons") == ("3", "2", "60")
    world.at += timedelta(seconds=20)
    assert told("persons/999999") == ("3", "1", "40")
    assert told("/api/projects/999999/persons") == (None, None, None)
    world.at += timedelta(seconds=41)
    assert told("persons") == ("3", "1", "19")


def test_106_one_budget_whether_the_key_comes_in_header_query_or_body(world: Limited) -> None:
    path = f"/api/projects/{world.project.id}/access_controls"
    assert world.client.get(f"{path}?personal_api_key={world.key}").status_code == 200
    body = {"personal_api_key": world.key, "access_level": "member"}
    assert world.client.put(path, json=body).status_code == 403
    assert world.statuses("access_controls", 1) == [429]
    assert world.client.get(f"{path}?personal_api_key={world.key}").status_code == 429
    assert world.client.put(path, json=body).status_code == 429


def test_a_budget_is_of_one_key_in_all_projects_and_of_its_routes_alone(world: Limited) -> None:
    other = world.services.accounts.create_project("Other")
    assert world.statuses("persons", 2) == [200] * 2
    assert world.statuses(f"/api/environments/{other.id}/persons", 2) == [200, 429]
    assert world.statuses("persons", 1, key=world.new_key("*")) == [200]
    assert world.statuses("/api/users/@me", 1) == world.statuses("/api/projects/@current", 1) == [200]
    assert world.statuses("/api/projects", 1) == world.statuses("/api/personal_api_keys/@current", 1) == [429]


def test_401_403_and_404_of_the_gate_use_up_nothing(world: Limited) -> None:
    key = world.new_key("insight:read")
    assert world.statuses("persons", 4, key=key) == [403] * 4
    assert world.statuses("persons", 4, key="phx_wrong") == [401] * 4
    assert world.statuses("/api/projects/999999/persons", 4) == [404] * 4
    assert world.statuses("persons", 3) == [200] * 3
    assert world.statuses("/api/projects/999999/persons", 1) == [404]
    assert world.statuses("persons", 1, key="phx_wrong") == [401]


def test_what_the_handler_refuses_counts(world: Limited) -> None:
    assert world.statuses("persons/999999", 4) == [404, 404, 404, 429]


def test_capture_has_no_limit(world: Limited) -> None:
    for _ in range(5):
        world.capture({"event": "e", "distinct_id": "u"})


def test_limits_are_on_by_default_can_be_off_and_are_shared_over_redis(tmp_path: Path) -> None:
    assert isinstance(rate_limiter(Settings(data_dir=tmp_path)), ProcessRateLimiter)
    assert rate_limiter(Settings(data_dir=tmp_path, rate_limits="off", redis_url="redis://127.0.0.1:1")) is None
    shared = rate_limiter(Settings(data_dir=tmp_path, redis_url="redis://127.0.0.1:1"))
    assert isinstance(shared, RedisRateLimiter)
    shared.close()
