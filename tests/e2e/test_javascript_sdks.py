"""The unmodified JavaScript SDKs, pointed at the server."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import World
from tests.e2e.flaky import FlakyServer
from tests.e2e.live import LiveServer, set_up

SCRIPTS = Path(__file__).parent / "sdk"
FOLDER = Path(__file__).parents[2] / "build" / "node"


@pytest.fixture(scope="module")
def node() -> Path:
    """The folder with the SDKs that `package.json` names, installed when it has changed."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of the run may be at it
        for script in SCRIPTS.glob("*.mjs"):
            shutil.copy(script, FOLDER)
        wanted, installed = (SCRIPTS / "package.json").read_text(), FOLDER / "installed.json"
        if not installed.exists() or installed.read_text() != wanted:
            shutil.copy(SCRIPTS / "package.json", FOLDER)
            options = ("--package-lock=false", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
            subprocess.run(["npm", "install", *options], cwd=FOLDER, check=True, timeout=300)  # noqa: S607
            installed.write_text(wanted)
    return FOLDER


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, Any], str]]:
    data = tmp_path_factory.mktemp("javascript")
    project, key = set_up(data)
    with LiveServer(data) as server:
        yield server, project, key


def run(node: Path, script: str, *arguments: str) -> Any:
    """What a script prints."""
    command = ["node", script, *arguments]
    done = subprocess.run(command, cwd=node, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Reader:
    """What is there afterwards."""

    def __init__(self, live: tuple[LiveServer, dict[str, Any], str]) -> None:
        self._server, self._project, self._key = live
        self.arguments = (self._server.url, self._project["api_token"])

    def person(self, distinct_id: str) -> Any:
        path = f"/api/projects/{self._project['id']}/persons?distinct_id={distinct_id}"
        _, found = self._server.call("GET", path, key=self._key)
        (person,) = found["results"]
        return person

    def counts(self, event: str) -> tuple[float, float]:
        """How often, and by how many people, ever."""
        series = [{"id": event, "math": "total"}, {"id": event, "math": "dau"}]
        question = {"events": series, "date_from": "all", "display": "BoldNumber", "refresh": "true"}
        _, trend = self._server.call("POST", f"/api/projects/{self._project['id']}/insights/trend", question, self._key)
        total, people = (row["aggregated_value"] for row in trend["result"])
        return total, people


def test_posthog_node(node: Path, live: tuple[LiveServer, dict[str, Any], str]) -> None:
    reader = Reader(live)
    assert run(node, "node.mjs", *reader.arguments, "nora") == {"errors": [], "flag": None}
    person = reader.person("nora")
    assert set(person["distinct_ids"]) == {"nora", "nora-anon"}
    assert (person["properties"]["plan"], person["properties"]["first"]) == ("pro", 1)
    assert "$os" not in person["properties"]
    assert reader.counts("node") == (46, 1)
    assert reader.counts("node now") == (1, 1)


def test_posthog_js_lite(node: Path, live: tuple[LiveServer, dict[str, Any], str]) -> None:
    reader = Reader(live)
    assert run(node, "lite.mjs", *reader.arguments, "lilly") == {"errors": []}
    person = reader.person("lilly")
    assert len(person["distinct_ids"]) == 2
    assert person["properties"]["plan"] == "pro"
    assert person["is_identified"] is True
    assert reader.counts("lite") == (2, 1)


def test_posthog_js_in_a_page__case_106(node: Path, live: tuple[LiveServer, dict[str, Any], str]) -> None:
    reader = Reader(live)
    seen = run(node, "browser.mjs", *reader.arguments, "bella")
    assert seen["errors"] == []
    asked = {request for request in seen["requests"] if not request.startswith("GET /static/")}
    token = reader.arguments[1]
    assert asked == {f"GET /array/{token}/config.js", "POST /e/", "POST /i/v0/e/", "POST /flags/?v=2"}
    person = reader.person("bella")
    assert set(person["distinct_ids"]) == {"bella", seen["anonymous"]}
    assert (person["properties"]["plan"], person["properties"]["first"]) == ("pro", 1)
    assert person["properties"]["$initial_utm_source"] == "news"
    assert reader.counts("browser") == (2, 1)
    assert reader.counts("$pageview") == (1, 1)


def test_after_a_503_node_delivers_each_event_exactly_once__case_105(node: Path, world: World) -> None:
    with FlakyServer(world.services) as server:
        done = run(node, "node.mjs", server.url, world.token, "nora")
    assert server.statuses[0] == 503
    assert set(server.statuses[1:]) == {200}
    assert done["errors"] == []
    assert world.count(event="node") == 46
    assert world.count(event="node now") == 1
    assert world.count("dau", event="node") == 1
