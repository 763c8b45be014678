"""The `hedgerow` command as a maintainer uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.live import LiveServer, run, run_json, run_process, set_up
from tests.e2e.stores import embedded_only


def refused(data: Path, *arguments: str) -> str:
    """The one line of a command that must be refused."""
    done = run(data, *arguments)
    assert done.exit_code == 1, (done.stdout, done.stderr, done.exception)
    assert isinstance(done.exception, SystemExit)
    (line,) = done.stderr.strip().splitlines()
    return line


def test_users_projects_and_keys_are_made_as_promised(tmp_path: Path) -> None:
    assert run_json(tmp_path, "db", "upgrade")["revision"]
    user = run_json(tmp_path, "users", "create", "ada@example.com", "--level", "admin")
    assert list(user) == ["id", "uuid", "email", "level", "member_id"]
    assert user["level"] == "admin"
    project = run_json(tmp_path, "projects", "create", "Shop", "--timezone", "Europe/Berlin", "--week-start", "monday")
    assert list(project) == ["id", "uuid", "name", "api_token", "timezone", "week_start_day"]
    assert project["api_token"].startswith("phc_")
    assert (project["timezone"], project["week_start_day"]) == ("Europe/Berlin", 1)
    assert run_json(tmp_path, "projects", "list") == [project]
    key = run_json(tmp_path, "keys", "create", "--user", "ada@example.com", "--scope", "person:read", "--project", "1")
    assert set(key) == {"id", "label", "value", "mask_value", "scopes", "scoped_teams"}
    assert key["value"].startswith("phx_")
    assert key["mask_value"] == f"{key['value'][:4]}...{key['value'][-4:]}"
    listed = run_json(tmp_path, "keys", "list", "--user", "ada@example.com")
    assert key["value"] not in json.dumps(listed)
    run_json(tmp_path, "keys", "revoke", key["id"])
    assert run_json(tmp_path, "keys", "list", "--user", "ada@example.com") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("users", "create", "no-address"), "not an e-mail address"),
        (("projects", "create", "Shop", "--timezone", "Mars/Olympus"), "not a known time zone"),
        (("keys", "create", "--user", "nobody@example.com", "--scope", "*"), "no user"),
        (("keys", "revoke", "unknown"), "no key"),
        (("events", "import", __file__, "--project", "1"), "format"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(tmp_path, *arguments)


def test_keys_have_known_scopes_and_at_most_ten_a_user(tmp_path: Path) -> None:
    run_json(tmp_path, "users", "create", "ada@example.com")
    create = ("keys", "create", "--user", "ada@example.com", "--scope")
    assert "Invalid scope: rockets:read" in refused(tmp_path, *create, "rockets:read")
    for _ in range(10):
        run_json(tmp_path, *create, "*")
    assert "You can only have 10 personal API keys" in refused(tmp_path, *create, "*")


def test_wrong_usage_exits_with_two_and_help_explains(tmp_path: Path) -> None:
    assert run(tmp_path, "keys", "create").exit_code == 2
    assert run(tmp_path, "nonsense").exit_code == 2
    done = run(tmp_path, "--help")
    assert done.exit_code == 0
    for command in ("serve", "db", "users", "projects", "keys", "events", "demo"):
        assert command in done.stdout


def test_a_wrong_setting_is_named_and_the_installed_command_prints_only_json(tmp_path: Path) -> None:
    done = run_process(tmp_path, "projects", "list", HEDGEROW_LOG_LEVEL="loud")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: HEDGEROW_LOG_LEVEL: ")
    assert len(done.stderr.splitlines()) == 1
    done = run_process(tmp_path, "projects", "create", "Shop", "--json")
    assert json.loads(done.stdout)["name"] == "Shop"


def test_importing_twice_imports_nothing_twice(tmp_path: Path) -> None:
    project, _ = set_up(tmp_path)
    file = tmp_path / "events.jsonl"
    line = json.dumps({"event": "e", "distinct_id": "u", "timestamp": "2026-01-02T03:04:05Z", "properties": {"a": 1}})
    file.write_text(f"{line}\n{line}\nnot json\n" + '{"event":"e","distinct_id":"u"}\n')
    command = ("events", "import", str(file), "--project", str(project["id"]))
    assert run_json(tmp_path, *command) == {"read": 4, "imported": 2, "duplicates": 0, "rejected": 2}
    assert run_json(tmp_path, *command) == {"read": 4, "imported": 0, "duplicates": 2, "rejected": 2}


def test_csv_columns_become_properties(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    file = tmp_path / "events.csv"
    file.write_text(
        "event,distinct_id,timestamp,plan,amount,code,$set\n"
        'buy,u1,2026-01-02T03:04:05Z,pro,9.5,007,"{""email"":""a@x.io""}"\n'
        "buy,u2,2026-01-02,,3,,\n"
    )
    done = run_json(tmp_path, "events", "import", str(file), "--project", str(project["id"]))
    assert done == {"read": 2, "imported": 2, "duplicates": 0, "rejected": 0}
    with LiveServer(tmp_path) as server:
        base = f"/api/projects/{project['id']}"
        _, persons = server.call("GET", f"{base}/persons?email=a@x.io", key=key)
        assert persons["count"] == 1
        question = {
            "events": [{"id": "buy", "math": "sum", "math_property": "amount"}],
            "display": "BoldNumber",
            "date_from": "all",
        }
        _, trend = server.call("POST", f"{base}/insights/trend", question, key)
        assert trend["result"][0]["aggregated_value"] == 12.5


@embedded_only
def test_a_second_server_and_an_import_beside_a_server_are_refused_in_one_line(tmp_path: Path) -> None:
    project, key = set_up(tmp_path)
    with LiveServer(tmp_path) as server:
        assert "events.duckdb" in refused(tmp_path, "serve", "--port", "1")
        file = tmp_path / "events.jsonl"
        file.write_text("")
        assert "events.duckdb" in refused(tmp_path, "events", "import", str(file), "--project", str(project["id"]))
        assert run_json(tmp_path, "projects", "list") == [project]
        assert server.call("GET", f"/api/projects/{project['id']}/persons", key=key)[0] == 200


def test_the_server_finishes_and_exits_with_zero_when_asked_to_end(tmp_path: Path) -> None:
    project, _ = set_up(tmp_path)
    with LiveServer(tmp_path) as server:
        event = {"api_key": project["api_token"], "batch": [{"event": "e", "distinct_id": "u"}]}
        assert server.call("POST", "/batch/", event)[0] == 200
        assert server.stop() == 0
        assert "Traceback" not in server.log


def test_the_demo_is_loaded_once(tmp_path: Path) -> None:
    first = run_json(tmp_path, "demo", "load")
    assert (first["events"], first["persons"]) == (6_919, 2_357)
    assert run_json(tmp_path, "demo", "load") == first
