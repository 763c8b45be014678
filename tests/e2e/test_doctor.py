"""`hedgerow doctor` finds what is wrong, says what to do, and keeps secrets."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.cli import hedgerow
from hedgerow.entrypoints.settings import Settings

from tests.e2e.live import LiveServer, free_port, run, set_up
from tests.e2e.stores import embedded_only
from tests.integration.databases import blank_postgresql, empty_postgresql

pytestmark = embedded_only


def examined(data: Path, *options: str, code: int = 0, **variables: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The checks by name, and the settings."""
    environment = {"HEDGEROW_DATA_DIR": str(data)} | variables
    options = options or ("--port", str(free_port()))
    done = CliRunner().invoke(hedgerow, ["doctor", "--json", *options], env=environment)
    assert done.exit_code == code, done.output
    answer = json.loads(done.stdout)
    checks = {one["check"]: one for one in answer["checks"]}
    assert all(bool(one["do"]) == (one["status"] != "ok") for one in checks.values())
    return checks, answer["settings"]


def test_before_the_first_start_all_is_well_and_nothing_is_made(tmp_path: Path) -> None:
    checks, settings = examined(tmp_path / "new")
    assert {one["status"] for one in checks.values()} <= {"ok", "warn"}
    assert settings["HEDGEROW_DATA_DIR"] == str(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_it_looks_into_the_stores(tmp_path: Path) -> None:
    set_up(tmp_path)
    with opened(Settings(data_dir=tmp_path)):
        pass
    checks, _ = examined(tmp_path)
    assert checks["projects"]["found"] == "1"
    assert checks["event store"]["found"].endswith("events.duckdb, 0 events")
    assert checks["migrations"]["status"] == checks["deletions"]["status"] == "ok"
    printed = run(tmp_path, "doctor", "--port", str(free_port()))
    assert printed.exit_code == 0
    assert "HEDGEROW_DATA_DIR" in printed.stdout
    assert "relational store" in printed.stdout


def test_beside_a_server_it_says_who_holds_the_events(tmp_path: Path) -> None:
    set_up(tmp_path)
    with LiveServer(tmp_path) as server:
        checks, _ = examined(tmp_path, "--port", str(server.port))
        assert "is held by another process" in checks["event store"]["found"]
        assert checks["port"]["found"] == f"a server is ready on 127.0.0.1:{server.port}"


def test_a_port_in_use_a_wrong_setting_and_an_unknown_one_are_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        checks, _ = examined(tmp_path, "--port", str(other.getsockname()[1]), code=1)
        assert checks["port"]["status"] == "fail"
    checks, _ = examined(tmp_path, code=1, HEDGEROW_LOG_LEVEL="loud")
    assert checks["settings"]["found"].startswith("HEDGEROW_LOG_LEVEL: ")
    checks, _ = examined(tmp_path, HEDGEROW_DATABSE_URL="x")
    assert checks["settings"]["found"] == "not known: HEDGEROW_DATABSE_URL"


def test_an_old_schema_and_an_overdue_deletion_are_found(tmp_path: Path) -> None:
    set_up(tmp_path)
    database = sqlite3.connect(tmp_path / "hedgerow.db")
    database.execute(
        "INSERT INTO event_deletions (deletion_type, project_id, key, group_type_index, distinct_ids, person_ids,"
        " created_at) VALUES (1, 1, 'x', -1, '[]', '[]', 1700000000000000)"
    )
    database.commit()
    checks, _ = examined(tmp_path, code=1)
    assert checks["deletions"]["found"] == "1 pending, the oldest since 2023-11-14"
    database.execute("UPDATE alembic_version SET version_num = '0001'")
    database.commit()
    database.close()
    checks, _ = examined(tmp_path)
    assert checks["migrations"]["found"] == "revision 0001"


def test_a_folder_that_cannot_be_written_and_a_full_disk_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    checks, _ = examined(tmp_path / "file", code=1)
    assert checks["data folder"]["status"] == "fail"
    usage = shutil._ntuple_diskusage(100 * 1024**3, 0, 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    checks, _ = examined(tmp_path, code=1)
    assert checks["disk"]["found"] == "0.0 GB free of 100"


def test_on_postgresql_it_checks_version_extension_clock_and_migrations(tmp_path: Path) -> None:
    url = empty_postgresql().url.render_as_string(hide_password=False)
    checks, _ = examined(tmp_path, HEDGEROW_DATABASE_URL=url, HEDGEROW_EVENTS_URL=url)
    assert {checks[name]["status"] for name in ("relational store", "postgresql", "clock", "migrations")} == {"ok"}
    assert checks["event store"]["status"] == "ok"
    assert "pg_trgm" in checks
    assert "data folder" not in checks
    url = blank_postgresql().url.render_as_string(hide_password=False)
    checks, _ = examined(tmp_path, code=1, HEDGEROW_DATABASE_URL=url)
    assert checks["migrations"]["do"] == "Run `hedgerow db upgrade`."


def test_stores_that_do_not_answer_fail_in_one_line_and_passwords_are_masked(tmp_path: Path) -> None:
    port = free_port()
    url = f"postgresql+psycopg://ada:sesame@127.0.0.1:{port}/x"
    redis = f"redis://:sesame@127.0.0.1:{port}/0"
    checks, settings = examined(
        tmp_path, code=1, HEDGEROW_DATABASE_URL=url, HEDGEROW_EVENTS_URL=url, HEDGEROW_REDIS_URL=redis
    )
    for name in ("relational store", "event store", "redis"):
        assert checks[name]["status"] == "fail"
        assert "\n" not in checks[name]["found"]
    assert "sesame" not in json.dumps([checks, settings])
    assert settings["HEDGEROW_REDIS_URL"] == f"redis://:***@127.0.0.1:{port}/0"
    checks, _ = examined(tmp_path, code=1, HEDGEROW_DATABASE_URL="nonsense")
    assert checks["relational store"]["status"] == "fail"
