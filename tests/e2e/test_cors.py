"""Which pages may call the private API: those of the origins in HEDGEROW_CORS_ORIGINS, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hedgerow.entrypoints.bootstrap import Services
from hedgerow.entrypoints.settings import Settings
from hedgerow.entrypoints.web import create_app

from tests.e2e.conftest import World, assert_error

ALLOWED = "https://dashboards.example"


@pytest.fixture
def configured(services: Services, tmp_path: Path) -> FlaskClient:
    settings = Settings(data_dir=tmp_path, cors_origins=f"{ALLOWED}, https://other.example")
    return create_app(replace(services, settings=settings)).test_client()


@pytest.mark.parametrize("key", [True, False])
def test_a_page_of_a_configured_origin_reads_answers_and_errors(
    world: World, configured: FlaskClient, key: bool
) -> None:
    headers = {"Origin": ALLOWED} | ({"Authorization": f"Bearer {world.key}"} if key else {})
    response = configured.get(f"/api/projects/{world.project.id}/persons", headers=headers)
    assert response.status_code == (200 if key else 401)
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert response.headers["Vary"] == "Origin"


def test_its_preflight_needs_no_key(world: World, configured: FlaskClient) -> None:
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    response = configured.options(f"/api/projects/{world.project.id}/persons/1", headers={"Origin": ALLOWED} | asked)
    assert response.status_code == 204
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Headers"] == "authorization"


def test_other_origins_get_no_leave(world: World, configured: FlaskClient) -> None:
    for client, origin in ((configured, "https://elsewhere.example"), (world.client, ALLOWED)):
        response = client.get(f"/api/projects/{world.project.id}/persons", headers={"Origin": origin})
        assert_error(response, 401, "not_authenticated")
        assert "Access-Control-Allow-Origin" not in response.headers
