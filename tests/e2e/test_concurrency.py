"""Many requests about one person at once, more than can be stored at once, and what a batch costs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hedgerow.adapters.ingester import Ingester
from hedgerow.domain.accounts import Project
from hedgerow.domain.events import Event
from hedgerow.entrypoints.bootstrap import Services
from hedgerow.entrypoints.web import create_app
from sqlalchemy import event

from tests.e2e.conftest import World
from tests.e2e.live import LiveServer, set_up

ROUNDS = 3
SECONDS = 30


def requests_about(person: str) -> list[dict[str, Any]]:
    """Twenty first events of a person, and twenty that each merge another id into it."""
    first = [{"event": "e", "distinct_id": person} for _ in range(20)]
    merges = [
        {"event": "$identify", "distinct_id": person, "properties": {"$anon_distinct_id": f"{person}-{n}"}}
        for n in range(20)
    ]
    return [one for pair in zip(first, merges, strict=True) for one in pair]


def at_once(calls: Sequence[Callable[[], int]]) -> list[int]:
    """The statuses of calls that all begin together."""
    barrier = threading.Barrier(len(calls))

    def call(one: Callable[[], int]) -> int:
        barrier.wait(SECONDS)
        return one()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(call, calls))


@pytest.mark.parametrize("known", [False, True], ids=["new ids", "ids of other persons"])
def test_parallel_creations_and_merges_end_in_one_person__case_95(world: World, known: bool) -> None:
    app = create_app(world.services)
    for number in range(ROUNDS):
        person = f"u{number}"
        if known:
            world.capture(*({"event": "e", "distinct_id": f"{person}-{n}"} for n in range(20)))

        def send(one: dict[str, Any]) -> int:
            body = {"api_key": world.token, "batch": [one]}
            return app.test_client().post("/batch/", json=body).status_code

        statuses = at_once([lambda one=one: send(one) for one in requests_about(person)])  # type: ignore[misc]
        assert set(statuses) == {200}
        assert len(world.person(person)["distinct_ids"]) == 21
    assert len(world.persons()) == ROUNDS
    assert world.count("dau") == ROUNDS


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, Any], str]]:
    data = tmp_path_factory.mktemp("concurrency")
    project, key = set_up(data)
    with LiveServer(data) as server:
        yield server, project, key


def test_over_the_wire_too__case_95(live: tuple[LiveServer, dict[str, Any], str]) -> None:
    server, project, key = live
    for number in range(ROUNDS):
        person = f"u{number}"

        def send(one: dict[str, Any]) -> int:
            return server.call("POST", "/batch/", {"api_key": project["api_token"], "batch": [one]})[0]

        statuses = at_once([lambda one=one: send(one) for one in requests_about(person)])  # type: ignore[misc]
        assert set(statuses) == {200}
        _, found = server.call("GET", f"/api/projects/{project['id']}/persons?distinct_id={person}", key=key)
        assert len(found["results"][0]["distinct_ids"]) == 21
    _, found = server.call("GET", f"/api/projects/{project['id']}/persons", key=key)
    assert found["count"] == ROUNDS


def test_what_is_too_much_is_refused_for_the_moment_and_the_next_request_works(world: World) -> None:
    busy, free = threading.Event(), threading.Event()

    def store(requests: Sequence[tuple[Project, Sequence[Event]]]) -> int:
        busy.set()
        assert free.wait(SECONDS)
        return world.services.capture.store(requests)

    ingester = Ingester(store, capacity=10)
    app = create_app(replace(world.services, ingester=ingester))

    def send(events: int) -> Any:
        batch = [{"event": "e", "distinct_id": "u", "uuid": str(uuid4())} for _ in range(events)]
        return app.test_client().post("/batch/", json={"api_key": world.token, "batch": batch})

    try:
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(send, 1)
            assert busy.wait(SECONDS)
            second = threads.submit(send, 10)
            deadline = threading.Event()
            while ingester.waiting < 10:
                deadline.wait(0.005)
            refused = send(1)
            assert (refused.status_code, refused.text) == (503, "transient error, please retry")
            assert refused.headers["Retry-After"] == "1"
            free.set()
            assert (first.result().status_code, second.result().status_code) == (200, 200)
        assert send(1).status_code == 200
    finally:
        free.set()
        ingester.close()
    assert world.count() == 12


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """The statements that both stores execute meanwhile, but for what is read in the background."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.current_thread().name != "recent uuids":
            statements.append(statement)

    engines = (services.relational.engine, services.events.engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def test_a_thousand_new_persons_cost_as_many_statements_as_ten(world: World) -> None:
    def batch(size: int) -> list[dict[str, Any]]:
        created = [{"event": "e", "distinct_id": str(uuid4()), "properties": {"$set": {"a": 1}}} for _ in range(size)]
        merged = [
            {
                "event": "$identify",
                "distinct_id": str(uuid4()),
                "properties": {"$anon_distinct_id": one["distinct_id"], "$groups": {"company": str(uuid4())}},
            }
            for one in created[: size // 2]
        ]
        return created + merged

    world.capture(*batch(10))  # makes the property keys and the group type known
    world.services.events.ping()  # whoever asks has what waits written
    costs = []
    for size in (10, 1_000, 1_000):
        with counted(world.services) as statements:
            world.capture(*batch(size))
            world.services.events.ping()
        # Whose token it is may be looked up anew, as a second may have passed.
        costs.append(len([one for one in statements if "projects.api_token" not in one and one != "BEGIN"]))
    assert costs == [costs[0]] * 3
    assert costs[0] <= 30
