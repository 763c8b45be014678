"""Erasure as a maintainer and the API's callers see it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import World, assert_error
from tests.e2e.live import LiveServer, run, run_json, set_up


def import_events(data: Path, project: int, *ids: str) -> None:
    file = data / "events.jsonl"
    file.write_text(
        "".join(json.dumps({"event": "e", "distinct_id": one, "timestamp": "2026-01-02"}) + "\n" for one in ids)
    )
    run_json(data, "events", "import", str(file), "--project", str(project))
    file.unlink()


def test_the_queue_is_listed_taken_back_from_and_drained(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    import_events(tmp_path, project["id"], "u1", "u1", "u2", "u3")
    base = f"/api/projects/{project['id']}/persons"
    with LiveServer(tmp_path) as server:
        uuids = {}
        for name in ("u1", "u2"):
            (person,) = server.call("GET", f"{base}?distinct_id={name}", key=key)[1]["results"]
            uuids[name] = person["uuid"]
            assert server.call("DELETE", f"{base}/{person['uuid']}?delete_events=true", key=key)[0] == 204
        second, first = run_json(tmp_path, "deletions", "list")
        assert (first["key"], first["type"], first["status"]) == (uuids["u1"], "Person", "pending")
        assert first["created_by"] == 1
        assert run_json(tmp_path, "deletions", "cancel", str(second["id"])) == second
        assert run_json(tmp_path, "deletions", "list", "--project", str(project["id"])) == [first]
        assert run_json(tmp_path, "deletions", "list", "--project", "99") == []
        # The server does it: it holds the events.
        done = run_json(tmp_path, "deletions", "drain")

    assert done == {"drained": 1, "verified": 1, "pending": 0, "events_deleted": 2}
    (receipt,) = run_json(tmp_path, "deletions", "list")
    assert (receipt["status"], receipt["events_deleted"], receipt["events_left"]) == ("completed", 2, 0)
    assert len(receipt["content_hash"]) == 64
    assert receipt["purged_at"] >= receipt["delete_verified_at"]
    refused = run(tmp_path, "deletions", "cancel", str(receipt["id"]))
    assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (1, 1)
    assert run(tmp_path, "deletions", "cancel", "99").exit_code == 1
    assert run_json(tmp_path, "deletions", "drain")["drained"] == 0


def test_a_deleted_project_disappears_at_once_and_can_be_brought_back(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    refused = run(tmp_path, "projects", "delete", str(project["id"]))
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    import_events(tmp_path, project["id"], "u1")
    event = {"api_key": project["api_token"], "event": "e", "distinct_id": "u1"}
    with LiveServer(tmp_path) as server:
        assert run_json(tmp_path, "projects", "delete", str(project["id"]), "--yes") == project
        assert server.call("GET", f"/api/projects/{project['id']}/persons", key=key)[0] == 404
        assert server.call("POST", "/i/v0/e/", event)[0] == 401
        assert run_json(tmp_path, "projects", "list") == []
        (row,) = run_json(tmp_path, "deletions", "list")
        assert (row["type"], row["key"], row["status"]) == ("Team", str(project["id"]), "pending")
        run_json(tmp_path, "deletions", "cancel", str(row["id"]))
        assert server.call("GET", f"/api/projects/{project['id']}/persons", key=key)[1]["count"] == 1
    run_json(tmp_path, "projects", "delete", str(project["id"]), "--yes")
    assert run_json(tmp_path, "deletions", "drain")["events_deleted"] == 1
    (row,) = run_json(tmp_path, "deletions", "list")
    assert (row["type"], row["status"], row["events_deleted"]) == ("Team", "completed", 1)


def test_100_what_was_stored_before_the_request_goes_and_what_came_after_stays(world: World) -> None:
    world.capture({"event": "seen", "distinct_id": "u1", "timestamp": "2099-01-01T00:00:00Z"})
    person = world.person("u1")
    assert world.call("DELETE", f"persons/{person['uuid']}?delete_events=1").status_code == 204
    world.capture({"event": "seen", "distinct_id": "u1", "timestamp": "2020-01-01T00:00:00Z"})
    assert world.count(event="seen") == 2

    world.services.deletions.drain()

    assert world.count(event="seen") == 1
    (row,) = world.get("persons/deletion_status")["results"]
    assert (row["person_uuid"], row["status"]) == (person["uuid"], "completed")
    assert world.person("u1")["uuid"] == person["uuid"]


def test_101_other_persons_and_other_projects_are_left_alone(world: World) -> None:
    other = World(world.services, world.client)
    for one in (world, other):
        one.capture({"event": "seen", "distinct_id": "u1"}, {"event": "seen", "distinct_id": "u2"})
    person = world.person("u1")
    world.call("POST", f"persons/{person['uuid']}/delete_events")

    world.services.deletions.drain()

    assert (world.count(event="seen"), other.count(event="seen")) == (1, 2)
    assert world.person("u1")["uuid"] == person["uuid"]


def test_the_values_in_the_audit_log_are_emptied_and_who_did_what_stays(world: World) -> None:
    world.capture({"event": "seen", "distinct_id": "u1"})
    person = world.person("u1")
    world.call("PATCH", f"persons/{person['uuid']}", json={"properties": {"plan": "pro"}})
    world.call("DELETE", f"persons/{person['uuid']}?delete_events=true")
    world.services.deletions.drain()
    deleted, updated = world.get("persons/activity")["results"]
    assert (deleted["activity"], deleted["detail"]["name"]) == ("deleted", person["uuid"])
    (change,) = updated["detail"]["changes"]
    assert (change["field"], change["before"], change["after"]) == ("plan", None, None)
    assert updated["user"]["email"] == world.email


def test_a_project_that_is_gone_is_404(world: World) -> None:
    world.services.accounts.delete_project(world.project.id)
    assert_error(world.call("GET", "persons"), 404, "not_found", "Project not found.")
    world.services.deletions.drain()
    assert_error(world.call("GET", "persons"), 404, "not_found", "Project not found.")
