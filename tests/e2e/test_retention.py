"""Events go when they are older than their project keeps them; persons stay."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hedgerow.services.rounds import ROUND

from tests.e2e.conftest import World
from tests.e2e.live import LiveServer, run, run_json, set_up

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_old_events_go_and_their_people_stay(world: World) -> None:
    ages = {"ann": 31, "ben": 30, "carl": 1}
    world.capture(
        *({"event": "e", "distinct_id": i, "timestamp": (NOW - timedelta(days=n)).isoformat()} for i, n in ages.items())
    )
    world.services.accounts.update_project(world.project.id, {"retention_days": 30})
    for dry_run, events, left in ((True, 1, 3), (False, 1, 2), (False, 0, 2)):
        found = {one.project.id: one for one in world.services.retention.apply(NOW, dry_run=dry_run)}
        assert found[world.project.id].before == NOW - timedelta(days=30)
        assert found[world.project.id].events == events
        assert world.count() == left
    assert len(world.persons()) == 3
    world.services.accounts.update_project(world.project.id, {"retention_days": None})
    assert world.project.id not in {one.project.id for one in world.services.retention.apply(NOW)}


def test_more_than_one_round_is_removed(world: World) -> None:
    old = [{"event": "e", "distinct_id": "u", "timestamp": "2020-01-01T00:00:00Z"}] * 5_000
    for _ in range(ROUND // 5_000 + 1):
        world.capture(*old)
    world.capture({"event": "e", "distinct_id": "u"})
    world.services.accounts.update_project(world.project.id, {"retention_days": 365})
    removed = {one.project.id: one.events for one in world.services.retention.apply(NOW)}
    assert removed[world.project.id] == ROUND + 5_000
    assert world.count() == 1
    world.services.accounts.update_project(world.project.id, {"retention_days": None})


def test_the_commands_set_it_count_and_remove_beside_a_server_and_without_one(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    assert run_json(tmp_path, "projects", "update", "1", "--retention-days", "30") == project
    lines = [json.dumps({"event": "e", "distinct_id": "u", "timestamp": f"202{n}-01-01T00:00:00Z"}) for n in range(5)]
    (tmp_path / "e.jsonl").write_text("\n".join(lines))
    run_json(tmp_path, "events", "import", str(tmp_path / "e.jsonl"), "--project", "1")
    (counted,) = run_json(tmp_path, "retention", "run", "--dry-run")
    assert (counted["project"], counted["retention_days"]) == (1, 30)
    assert (counted["events"], counted["removed"]) == (5, False)
    with LiveServer(tmp_path) as server:
        assert run_json(tmp_path, "retention", "run", "--dry-run")[0]["events"] == 5
        assert run_json(tmp_path, "retention", "run")[0]["events"] == 5
        assert server.call("GET", "/api/projects/1/persons", key=key)[1]["count"] == 1
    assert run_json(tmp_path, "retention", "run")[0]["events"] == 0
    run_json(tmp_path, "projects", "update", "1", "--retention-days", "0")
    assert run_json(tmp_path, "retention", "run") == []
    refused = run(tmp_path, "projects", "update", "9", "--retention-days", "1")
    assert (refused.exit_code, refused.stderr) == (1, "Error: There is no project 9.\n")
