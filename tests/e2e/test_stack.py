"""The team stack: several processes on shared stores are one server to those who use it."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def call(url: str, body: object = None, key: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return json.load(answer)


def test_what_one_web_server_stores_the_other_finds(stack: Stack) -> None:
    project = json.loads(stack.run("projects", "create", "Shop", "--json"))
    stack.run("users", "create", "ada@example.com")
    key = json.loads(stack.run("keys", "create", "--user", "ada@example.com", "--scope", "*", "--json"))["value"]
    first, second = stack.urls
    for number in range(5):
        call(f"{first}/e/", {"api_key": project["api_token"], "event": "seen", "distinct_id": f"u{number}"})
        found = call(f"{second}/api/projects/{project['id']}/persons?limit=1", key=key)
        assert found["count"] == number + 1


def test_doctor_finds_all_well(stack: Stack) -> None:
    checks = json.loads(stack.run("doctor", "--json", "--port", stack.urls[0].rpartition(":")[2]))["checks"]
    assert {one["check"]: one["status"] for one in checks if one["status"] == "fail"} == {}


def test_every_process_ends_cleanly_when_it_is_told_to(stack: Stack) -> None:
    for process in stack.processes.values():
        process.send_signal(signal.SIGTERM)
    assert {name: process.wait(30) for name, process in stack.processes.items()} == dict.fromkeys(stack.processes, 0)
