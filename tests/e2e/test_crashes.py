"""What a crash may and may not do."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

from hedgerow.domain.ports import PersonQuery
from hedgerow.entrypoints.bootstrap import now, open_relational, opened

from tests.e2e import stores
from tests.e2e.live import LiveServer, set_up

WRITERS = 4


def test_every_event_acknowledged_before_a_kill_is_there_once_afterwards(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    server = LiveServer(tmp_path)
    server.start()
    acknowledged: set[str] = set()
    sent: list[dict[str, object]] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        while True:
            batch = [
                {
                    "event": "e",
                    "uuid": str(uuid4()),
                    "distinct_id": f"{writer}-{n}",
                    "properties": {"$set": {"writer": writer}},
                }
                for n in range(50)
            ]
            sent.append({"api_key": project["api_token"], "batch": batch})
            try:
                status, _ = server.call("POST", "/batch/", sent[-1])
            except OSError:
                return
            assert status == 200
            acknowledged.update(str(event["uuid"]) for event in batch)
            if len(acknowledged) >= 5_000:
                enough.set()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    server.kill()
    for writer in writers:
        writer.join(30)

    with LiveServer(tmp_path) as server:
        trend = f"/api/projects/{project['id']}/insights/trend"
        question = {"events": [{"id": "e"}], "display": "BoldNumber", "date_from": "all"}
        _, before = server.call("POST", trend, question, key)
        stored = before["result"][0]["aggregated_value"]
        # Requests in flight when the server died may be stored or not; those answered are.
        assert len(acknowledged) <= stored <= len(acknowledged) + WRITERS * 50
        for batch in sent:
            assert server.call("POST", "/batch/", batch)[0] == 200
        _, after = server.call("POST", trend, question, key)
        assert after["result"][0]["aggregated_value"] == len(sent) * 50
        _, persons = server.call("GET", f"/api/projects/{project['id']}/persons?limit=1", key=key)
        assert persons["count"] == WRITERS * 50


def test_a_person_kept_in_one_store_only_is_found_after_the_next_start(tmp_path: Path) -> None:
    settings = stores.settings(tmp_path)
    store = open_relational(settings)
    project = store.accounts.create_project("Shop")
    with store.begin() as work:
        population = work.persons.population([(project.id, "u1")])
        population.create(project.id, "u1", ["u1"], now(), {"email": "a@b.c"})
        work.persons.log((), work.persons.save(population, at=now()))
        work.commit()
    store.close()

    with opened(settings) as services:
        for search in ("A@B", "u1"):
            assert services.persons.list(PersonQuery(project.id, search=search), limit=10).count == 1
