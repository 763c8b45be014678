"""A client that openapi-python-client makes of the description works against the server."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import World


@pytest.fixture
def generated(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a package with the client."""
    description, config = tmp_path / "openapi.json", tmp_path / "config.yml"
    description.write_bytes(world.client.get("/api/openapi.json").data)
    config.write_text("post_hooks: []\n")
    command = ["generate", "--path", str(description), "--config", str(config), "--meta", "none", "--fail-on-warning"]
    done = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", *command, "--output-path", str(tmp_path / "hedgerow_client")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return "hedgerow_client"


def test_it_lists_persons_and_reads_a_trend(world: World, generated: str) -> None:
    for number in (1, 2):
        world.capture({"event": "purchase", "distinct_id": f"p{number}", "properties": {"$set": {"n": number}}})
    client: Any = importlib.import_module(generated).AuthenticatedClient(
        base_url="http://localhost",
        token=world.key,
        raise_on_unexpected_status=True,
        httpx_args={"transport": httpx.WSGITransport(app=world.client.application)},
    )

    def call(name: str, **arguments: Any) -> Any:
        module: Any = importlib.import_module(f"{generated}.api.{name}")
        return module.sync(str(world.project.id), client=client, **arguments)

    persons = call("projects_persons.get_projects_project_id_persons", limit="10")
    assert [person.distinct_ids for person in persons.results] == [["p2"], ["p1"]]
    assert persons.results[0].properties["n"] == 2
    trend = call(
        "environments_insights.get_environments_project_id_insights_trend",
        events='[{"id":"purchase","math":"dau"}]',
        date_from="-7d",
    )
    assert sum(trend.result[0].data) == 2
    refused = call("projects_persons.get_projects_project_id_persons", limit="0")
    assert (refused.code, refused.attr) == ("invalid_input", "limit")
