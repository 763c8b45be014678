"""The team stack: several processes on shared stores are one server to those who use it."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self
from uuid import uuid4

import pytest
from redis import Redis

from tests.stack import Stack

EVERYTHING = {"events": [{"id": "seen"}], "display": "BoldNumber"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def call(url: str, body: object = None, key: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
        return json.load(answer)


def new_project(stack: Stack, name: str) -> tuple[dict[str, Any], str]:
    """A project, and a key that may do everything."""
    project = json.loads(stack.run("projects", "create", name, "--json"))
    email = f"{name.lower()}@example.com"
    stack.run("users", "create", email)
    return project, json.loads(stack.run("keys", "create", "--user", email, "--scope", "*", "--json"))["value"]


def until(condition: Callable[[], bool]) -> None:
    """Return when it holds."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Client:
    """A thread that sends events, each until it is acknowledged, and reads, until the context is left.

    `stored` is how many were acknowledged. `answers` counts the kinds of requests with their statuses; those that are
    neither 200 nor 503 with `Retry-After` are in `faults`.
    """

    def __init__(self, url: str, project: dict[str, Any], key: str) -> None:
        self.stored = 0
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self._url, self._project, self._key = url, project, key
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def go_on(self, status: int) -> None:
        """Return when each kind of request has been answered so twice more: the first may have begun before."""
        kinds = [(kind, status) for kind in ("batch", "persons", "trend")]
        before = self.answers.copy()
        until(lambda: all(self.answers[kind] >= before[kind] + 2 for kind in kinds))

    def _run(self) -> None:
        private = f"/api/projects/{self._project['id']}"
        event: dict[str, Any] = {}
        while event or not self._ended.is_set():
            event = event or {"event": "seen", "uuid": str(uuid4()), "distinct_id": f"u{self.stored % 50}"}
            if self._ask("batch", "/batch/", {"api_key": self._project["api_token"], "batch": [event]}) == 200:
                self.stored += 1
                event = {}
            self._ask("persons", f"{private}/persons?limit=1")
            if self._ask("trend", f"{private}/insights/trend/?refresh=true", EVERYTHING) != 200:
                self._ended.wait(0.05)

    def _ask(self, kind: str, path: str, body: object = None) -> int:
        try:
            call(f"{self._url}{path}", body, self._key)
            status = 200
        except urllib.error.HTTPError as error:
            status = error.code
            if status != 503 or not error.headers["Retry-After"]:
                self.faults.append(f"{kind}: {status} {error.headers} {error.read()!r}")
        self.answers[kind, status] += 1
        return status


def test_what_one_web_server_stores_the_other_finds(stack: Stack) -> None:
    project, key = new_project(stack, "Shop")
    first, second = stack.urls
    for number in range(5):
        call(f"{first}/e/", {"api_key": project["api_token"], "event": "seen", "distinct_id": f"u{number}"})
        found = call(f"{second}/api/projects/{project['id']}/persons?limit=1", key=key)
        assert found["count"] == number + 1


def test_what_one_web_server_computed_the_other_gives_again(stack: Stack) -> None:
    project, key = new_project(stack, "Cached")
    asked = [f"{url}/api/projects/{project['id']}/insights/trend/?refresh=force_cache" for url in stack.urls]
    assert [call(url, EVERYTHING, key)["result"] for url in asked] == [None, None]
    computed = call(asked[0].replace("force_cache", "true"), EVERYTHING, key)
    assert not computed["is_cached"]
    for url in asked:
        again = call(url, EVERYTHING, key)
        assert again["is_cached"]
        assert (again["result"], again["last_refresh"]) == (computed["result"], computed["last_refresh"])
    call(f"{stack.urls[1]}/batch/", {"api_key": project["api_token"], "batch": [{"event": "seen", "distinct_id": "u"}]})
    assert [call(url, EVERYTHING, key)["result"] for url in asked] == [None, None]


def test_a_drain_leaves_no_answers_about_the_erased(stack: Stack) -> None:
    project, key = new_project(stack, "Erased")
    base = f"{stack.urls[0]}/api/projects/{project['id']}"
    event = {"event": "seen", "distinct_id": "u", "$set": {"email": "erased@example.com"}}
    call(f"{stack.urls[0]}/batch/", {"api_key": project["api_token"], "batch": [event]})
    by_email = EVERYTHING | {"breakdown": "email", "breakdown_type": "person"}
    assert "erased@example.com" in str(call(f"{base}/insights/trend/", by_email, key))
    with Redis.from_url(stack.variables["HEDGEROW_REDIS_URL"]) as redis:
        assert any(b"erased@example.com" in (redis.get(name) or b"") for name in redis.keys("hedgerow:answers:*"))
        call(f"{base}/persons/bulk_delete", {"distinct_ids": ["u"], "delete_events": True}, key)
        stack.run("deletions", "drain")
        assert redis.keys("hedgerow:answers:*") == []


def test_doctor_finds_all_well(stack: Stack) -> None:
    checks = json.loads(stack.run("doctor", "--json", "--port", stack.urls[0].rpartition(":")[2]))["checks"]
    assert {one["check"]: one["status"] for one in checks if one["status"] == "fail"} == {}


def test_while_postgresql_is_restarted_all_is_refused_for_now_and_then_served_again(stack: Stack) -> None:
    project, key = new_project(stack, "Restarted")
    with Client(stack.urls[0], project, key) as first, Client(stack.urls[1], project, key) as second:
        for client in (first, second):
            client.go_on(200)
        stack.database.stop()
        try:
            for client in (first, second):
                client.go_on(503)
        finally:
            stack.database.start()
        for client in (first, second):
            client.go_on(200)
    assert first.faults + second.faults == []
    stack.check()
    found = call(f"{stack.urls[0]}/api/projects/{project['id']}/insights/trend/?refresh=true", EVERYTHING, key)
    assert found["result"][0]["aggregated_value"] == first.stored + second.stored


def test_every_process_ends_cleanly_when_it_is_told_to(stack: Stack) -> None:
    for process in stack.processes.values():
        process.send_signal(signal.SIGTERM)
    assert {name: process.wait(30) for name, process in stack.processes.items()} == dict.fromkeys(stack.processes, 0)
