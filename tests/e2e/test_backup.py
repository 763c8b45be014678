"""Backups: complete and of one moment, whatever is written meanwhile; and restoring them brings nothing erased back."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.settings import Settings

from tests.e2e.live import LiveServer, run, run_json, run_process, set_up
from tests.e2e.stores import embedded_only

pytestmark = embedded_only


def trend(url: str) -> str:
    return f"/api/projects/1/insights/trend?display=BoldNumber&date_from=2020-01-01&events={url}"


EVENTS = trend('[{"id":"seen"}]').replace('"', "%22")
PEOPLE = trend('[{"id":"seen","math":"dau"}]').replace('"', "%22")


class Sender(threading.Thread):
    """Sends batches until told to stop; knows which events were answered."""

    def __init__(self, server: LiveServer, token: str) -> None:
        super().__init__()
        self._server, self._token = server, token
        self._ending = threading.Event()
        self.answered: list[str] = []

    def run(self) -> None:
        while not self._ending.is_set():
            uuids = [str(uuid4()) for _ in range(50)]
            batch = [{"event": "seen", "distinct_id": uuid, "uuid": uuid} for uuid in uuids]
            if self._server.call("POST", "/batch/", {"api_key": self._token, "batch": batch})[0] == 200:
                self.answered += uuids

    def finish(self) -> list[str]:
        self._ending.set()
        self.join()
        return self.answered


def stored(data: Path, project_id: int = 1) -> list[str]:
    """The distinct ids of all events in the stores of a folder."""
    with opened(Settings(data_dir=data)) as services, services.events._transaction() as connection:
        query = f"SELECT distinct_id FROM events WHERE project_id = {project_id}"  # noqa: S608
        return [one for (one,) in connection.exec_driver_sql(query)]


def test_a_backup_taken_while_events_come_in_has_all_that_was_answered_before_and_nothing_twice(
    tmp_path: Path,
) -> None:
    project, key = set_up(tmp_path / "data")
    with LiveServer(tmp_path / "data") as server:
        senders = [Sender(server, project["api_token"]) for _ in range(2)]
        for sender in senders:
            sender.start()
        while sum(len(sender.answered) for sender in senders) < 500:
            threading.Event().wait(0.01)
        before = [uuid for sender in senders for uuid in list(sender.answered)]
        done = run_process(tmp_path / "data", "backup", str(tmp_path / "backup"), "--json")
        assert done.returncode == 0, done.stderr
        sent = {uuid for sender in senders for uuid in sender.finish()}
        assert server.call("GET", EVENTS, key=key)[1]["result"][0]["aggregated_value"] >= len(sent)
    answer = json.loads(done.stdout)
    assert answer["path"] == str(tmp_path / "backup")
    assert answer["bytes"] > 0

    restored = run_json(tmp_path / "new", "restore", str(tmp_path / "backup"))
    assert restored["created_at"] == answer["created_at"]
    found = stored(tmp_path / "new")
    assert len(found) == len(set(found))
    assert set(before) <= set(found)
    with LiveServer(tmp_path / "new") as server:
        assert server.call("GET", "/readyz")[0] == 200
        people = server.call("GET", "/api/projects/1/persons?limit=1", key=key)[1]["count"]
        assert people == len(found) == server.call("GET", PEOPLE, key=key)[1]["result"][0]["aggregated_value"]
        # What a client sends again because it does not know whether it was kept is kept once.
        batch = [{"event": "seen", "distinct_id": uuid, "uuid": uuid} for uuid in found[:100]]
        server.call("POST", "/batch/", {"api_key": project["api_token"], "batch": batch})
        assert server.call("GET", EVENTS, key=key)[1]["result"][0]["aggregated_value"] == len(found)


def capture(data: Path, *distinct_ids: str, **more: Any) -> None:
    """Store an event of each, without a server."""
    lines = [
        json.dumps({"event": "seen", "distinct_id": one, "timestamp": datetime.now(UTC).isoformat()} | more)
        for one in distinct_ids
    ]
    file = data / "events.jsonl"
    file.write_text("\n".join(lines))
    run_json(data, "events", "import", str(file), "--project", "1")
    file.unlink()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    set_up(folder)
    capture(folder, "ann", "ben", "carl")
    return folder


def test_without_a_server_the_command_takes_it_alone(data: Path, tmp_path: Path) -> None:
    run_json(data, "backup", str(tmp_path / "backup"))
    run_json(tmp_path / "new", "restore", str(tmp_path / "backup"))
    assert sorted(stored(tmp_path / "new")) == ["ann", "ben", "carl"]


def test_what_was_erased_since_is_erased_again(data: Path, tmp_path: Path) -> None:
    """Ann is deleted with her events, Ben's events only; Carl is not touched."""
    run_json(data, "backup", str(tmp_path / "backup"))
    with opened(Settings(data_dir=data)) as services:
        people = {one.distinct_ids[0]: one for one in persons(services)}
        services.person_edits.delete(1, people["ann"].uuid, delete_events=True, by=None)
        services.person_edits.delete(1, people["ben"].uuid, keep_person=True, delete_events=True, by=None)
    run_json(data, "deletions", "drain")
    done = run_json(data, "restore", str(tmp_path / "backup"), "--force")
    assert (done["receipts"], done["persons_erased_again"]) == (2, 2)
    assert stored(data) == ["carl"]
    with opened(Settings(data_dir=data)) as services:
        assert sorted(one.distinct_ids[0] for one in persons(services)) == ["ben", "carl"]
    found = run_json(data, "deletions", "list")
    assert {one["status"] for one in found} == {"completed"}
    assert sorted(one["key"] for one in found) == sorted([str(people[name].uuid) for name in ("ann", "ben")] * 2)


def test_what_was_asked_for_and_had_not_been_erased_yet_is_erased_too(data: Path, tmp_path: Path) -> None:
    run_json(data, "backup", str(tmp_path / "backup"))
    delete(data, "ann")
    assert run_json(data, "restore", str(tmp_path / "backup"), "--force")["persons_erased_again"] == 1
    assert sorted(stored(data)) == ["ben", "carl"]


def test_those_whom_an_erased_person_had_taken_over_since_are_erased_too(data: Path, tmp_path: Path) -> None:
    """Ben is a person of his own in the backup, and nobody had "anon" yet: nothing else tells of them any more."""
    capture(data, "anon", properties={"$process_person_profile": False})
    run_json(data, "backup", str(tmp_path / "backup"))
    capture(data, "ann", event="$merge_dangerously", properties={"alias": "ben"})
    capture(data, "ann", event="$create_alias", properties={"alias": "anon"})
    with opened(Settings(data_dir=data)) as services:
        assert sorted(sorted(one.distinct_ids) for one in persons(services)) == [["ann", "anon", "ben"], ["carl"]]
    delete(data, "ann")
    run_json(data, "deletions", "drain")
    run_json(data, "restore", str(tmp_path / "backup"), "--force")
    assert stored(data) == ["carl"]
    with opened(Settings(data_dir=data)) as services:
        assert [one.distinct_ids for one in persons(services)] == [("carl",)]


def test_a_deletion_that_was_carried_out_since_is_and_one_taken_back_is_not(data: Path, tmp_path: Path) -> None:
    """Both waited when the backup was taken."""
    delete(data, "ann")
    delete(data, "ben")
    run_json(data, "backup", str(tmp_path / "backup"))
    newest = run_json(data, "deletions", "list")[0]["id"]
    run_json(data, "deletions", "cancel", str(newest))
    run_json(data, "deletions", "drain")
    run_json(data, "restore", str(tmp_path / "backup"), "--force")
    assert sorted(stored(data)) == ["ben", "carl"]


def test_a_project_that_was_deleted_since_is_deleted_again(data: Path, tmp_path: Path) -> None:
    run_json(data, "projects", "create", "Other")
    run_json(data, "backup", str(tmp_path / "backup"))
    run_json(data, "projects", "delete", "1", "--yes")
    run_json(data, "deletions", "drain")
    assert run_json(data, "restore", str(tmp_path / "backup"), "--force")["projects_erased_again"] == 1
    assert [one["name"] for one in run_json(data, "projects", "list")] == ["Other"]
    assert stored(data) == []


def test_receipts_survive(data: Path, tmp_path: Path) -> None:
    run_json(data, "backup", str(tmp_path / "backup"))
    capture(data, "dora")
    delete(data, "dora")
    run_json(data, "deletions", "drain")
    (receipt,) = run_json(data, "deletions", "list")
    done = run_json(data, "restore", str(tmp_path / "backup"), "--force")
    assert (done["receipts"], done["persons_erased_again"]) == (1, 0)
    assert run_json(data, "deletions", "list") == [receipt]
    capture(data, "emil")
    delete(data, "emil")
    assert run_json(data, "deletions", "list")[0]["id"] > receipt["id"]


def delete(data: Path, distinct_id: str) -> None:
    """Delete a person with all events."""
    with opened(Settings(data_dir=data)) as services:
        services.person_edits.delete_many(1, distinct_ids=[distinct_id], delete_events=True, by=None)


def test_the_data_of_another_installation_is_replaced_without_regard_to_it(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    set_up(other)
    run_json(data, "backup", str(tmp_path / "backup"))
    done = run_json(other, "restore", str(tmp_path / "backup"), "--force")
    assert (done["receipts"], done["persons_erased_again"]) == (0, 0)
    assert sorted(stored(other)) == ["ann", "ben", "carl"]


def test_restoring_refuses_data_that_is_there_what_is_no_backup_and_what_is_damaged(data: Path, tmp_path: Path) -> None:
    run_json(data, "backup", str(tmp_path / "backup"))
    refused = run(data, "restore", str(tmp_path / "backup"))
    assert (refused.exit_code, refused.stderr) == (
        1,
        f"Error: There is data in {data} already; --force replaces it.\n",
    )
    assert "is no backup" in run(tmp_path / "new", "restore", str(data)).stderr
    with (tmp_path / "backup" / "events.duckdb").open("r+b") as file:
        file.seek(20_000)
        file.write(b"x")
    assert "is damaged" in run(data, "restore", str(tmp_path / "backup"), "--force").stderr
    assert sorted(stored(data)) == ["ann", "ben", "carl"]


def test_backing_up_refuses_a_name_in_use_and_stores_of_others(data: Path, tmp_path: Path) -> None:
    refused = run(data, "backup", str(data))
    assert (refused.exit_code, refused.stderr) == (1, f"Error: {data} exists already and is not empty.\n")
    team = run_process(data, "backup", str(tmp_path / "b"), HEDGEROW_DATABASE_URL="postgresql+psycopg://h/d")
    assert (team.returncode, team.stderr.count("\n")) == (1, 1)
    assert "pg_dump" in team.stderr


def test_restoring_refuses_beside_a_server_and_a_killed_servers_socket_is_in_nobodys_way(
    data: Path, tmp_path: Path
) -> None:
    run_json(data, "backup", str(tmp_path / "backup"))
    with LiveServer(data) as server:
        refused = run(data, "restore", str(tmp_path / "backup"), "--force")
        assert refused.exit_code == 1
        assert refused.stderr.endswith("is in use: stop the server first.\n")
        refused = run(data, "backup", str(tmp_path / "backup"))
        assert refused.stderr.endswith("exists already and is not empty.\n")
        server.kill()
    while run(data, "backup", str(tmp_path / "again")).exit_code:
        threading.Event().wait(0.05)  # the worker ends when it sees that its parent has


def persons(services: Any) -> Any:
    from hedgerow.domain.ports import PersonQuery

    return services.persons.list(PersonQuery(1), limit=100).rows
