"""Two servers on one PostgreSQL: what one stores the other knows, and no two do the same thing twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e import stores
from tests.e2e.live import LiveServer, set_up

ROUNDS = 3
PARALLEL = 20


class Pair:
    """Two servers, a project and a key."""

    def __init__(self, data: Path, servers: list[LiveServer]) -> None:
        self.data = data
        self.servers = servers
        project, self.key = set_up(data)
        self.token = project["api_token"]
        self.path = f"/api/projects/{project['id']}"

    def send(self, server: int, *events: dict[str, Any]) -> None:
        status, answer = self.servers[server].call("POST", "/batch/", {"api_key": self.token, "batch": events})
        assert status == 200, answer

    def get(self, server: int, path: str) -> Any:
        status, answer = self.servers[server].call("GET", f"{self.path}/{path}", key=self.key)
        assert status == 200, answer
        return answer

    def number(self, server: int, math: str = "total", **query: Any) -> float:
        """One number of all events ever, kept or not."""
        question = {"events": [{"id": "seen", "math": math}], "display": "BoldNumber", "date_from": "all"} | query
        status, answer = self.servers[server].call("POST", f"{self.path}/insights/trend", question, self.key)
        assert status == 200, answer
        return float(answer["result"][0]["aggregated_value"])

    def send_at_once(self, *batches: Sequence[dict[str, Any]]) -> None:
        """Send all of them, each to another server than the one before."""
        with ThreadPoolExecutor(len(batches)) as threads:
            servers = len(self.servers)
            for sent in [threads.submit(self.send, place % servers, *batch) for place, batch in enumerate(batches)]:
                sent.result()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    data = tmp_path_factory.mktemp("shared")
    stores.use_postgresql(data)
    stores.url(data)  # made before two ask for it
    with ExitStack() as stack:
        # Both make the tables of the event store, unless the other has.
        servers = [LiveServer(data) for _ in range(2)]
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(stack.enter_context, servers))
        yield Pair(data, servers)


def seen(distinct_id: str, **more: Any) -> dict[str, Any]:
    return {"event": "seen", "distinct_id": distinct_id, "uuid": str(uuid4()), **more}


def test_what_one_server_stores_the_other_answers_with(pair: Pair) -> None:
    before = [pair.number(server) for server in (0, 1)]
    one = uuid4().hex
    unknown: Any = {"properties": [{"key": f"plan {one}", "value": "pro"}]}
    assert pair.number(1, **unknown) == 0
    pair.send(0, seen(one, properties={f"plan {one}": "pro", "$set": {"email": f"{one}@x.io"}}))
    assert [pair.number(server) for server in (0, 1)] == [before[0] + 1, before[1] + 1]
    assert pair.number(1, **unknown) == 1
    assert pair.get(1, f"persons?search={one}@X")["count"] == 1


def test_persons_made_and_merged_through_both_servers_end_as_one(pair: Pair) -> None:
    for _ in range(ROUNDS):
        name = uuid4().hex
        ids = [f"{name} {number}" for number in range(PARALLEL)]
        people = pair.get(0, "persons?limit=1")["count"]
        actors = pair.number(0, "dau", date_to="2050-01-01")

        batches = [
            (
                seen(one, properties={"$set": {f"p{place}": place}}),
                {"event": "$merge_dangerously", "distinct_id": one, "properties": {"alias": ids[place - 1]}},
            )
            for place, one in enumerate(ids)
        ]
        pair.send_at_once(*batches)
        for server in (0, 1):
            found = pair.get(server, f"persons?distinct_id={ids[0].replace(' ', '%20')}")["results"]
            assert len(found) == 1
            assert sorted(found[0]["distinct_ids"]) == sorted(ids)
            assert {key for key in found[0]["properties"] if key.startswith("p")} == {f"p{n}" for n in range(PARALLEL)}
            assert pair.get(server, "persons?limit=1")["count"] == people + 1
            assert pair.get(server, f"persons?search={name}")["count"] == 1
            assert pair.number(server, "dau", date_to="2050-01-01") == actors + 1


def test_a_batch_that_both_servers_get_is_stored_once(pair: Pair) -> None:
    for _ in range(ROUNDS):
        before = pair.number(0)
        batch = [seen(uuid4().hex) for _ in range(50)]
        pair.send_at_once(*[batch] * 6)
        assert [pair.number(server) for server in (0, 1)] == [before + 50] * 2


def test_new_properties_of_both_servers_never_share_a_column(pair: Pair) -> None:
    name = uuid4().hex[:8]
    keys = [f"{name} {number}" for number in range(PARALLEL)]
    pair.send_at_once(*([seen("columns", properties={key: key})] for key in keys))
    for key in keys:
        assert pair.number(0, properties=[{"key": key, "value": key}]) == 1
        assert pair.number(1, properties=[{"key": key, "operator": "is_set", "value": "is_set"}]) == 1


def test_what_a_killed_server_had_begun_the_other_finishes(pair: Pair) -> None:
    names = [uuid4().hex for _ in range(40)]
    with LiveServer(pair.data) as third, ThreadPoolExecutor(8) as threads:

        def send(name: str) -> bool:
            batch = {"api_key": pair.token, "batch": [seen(name)]}
            try:
                return third.call("POST", "/batch/", batch)[0] == 200
            except OSError:
                return False

        answers = [threads.submit(send, name) for name in names]
        answers[5].result()
        third.kill()
        kept = [name for name, answer in zip(names, answers, strict=True) if answer.result()]
    pair.send(0, seen("after"))
    for name in kept:
        assert pair.get(1, f"persons?search={name}")["count"] == 1
    everybody = {row["distinct_ids"][0] for row in pair.get(0, "persons?limit=1000")["results"]}
    for name in set(names) & everybody:  # in one store only they would not be found
        assert pair.get(1, f"persons?search={name}")["count"] == 1
