"""An embedded server does its scheduled jobs itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hedgerow.domain.schedules import Run
from hedgerow.entrypoints.bootstrap import open_relational, opened
from hedgerow.entrypoints.jobs import Ticker
from hedgerow.entrypoints.settings import Settings

from tests.e2e.live import LiveServer, run


def runs(data: Path) -> dict[str, Run]:
    """The latest run of each job, read beside a running server."""
    store = open_relational(Settings(data_dir=data))
    try:
        with store.begin(write=False) as work:
            return {run.claim.job: run for run in work.runs.latest()}
    finally:
        store.close()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_a_server_does_what_is_due_and_ends_promptly(tmp_path: Path) -> None:
    with LiveServer(tmp_path) as server:
        wait_until(lambda: all(run.finished_at for run in runs(tmp_path).values()) and "squash" in runs(tmp_path))
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 3

    assert runs(tmp_path)["squash"].result == {"folded": 0}
    assert '"job done"' in server.log


def test_a_job_that_a_server_had_done_is_not_done_again_at_the_next_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    for _ in range(2):
        with opened(settings) as services:
            ticker = Ticker(services, every=0.01)
            wait_until(lambda: all(run.finished_at for run in runs(tmp_path).values()) and bool(runs(tmp_path)))
            ticker.close()

    assert {run.claim.attempt for run in runs(tmp_path).values()} == {1}


def test_a_job_that_fails_is_logged_and_the_server_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(Settings(data_dir=tmp_path)) as services:
        monkeypatch.setattr(services.maintenance.__class__, "squash", lambda *_: 1 / 0)
        ticker = Ticker(services, every=0.01)
        wait_until(lambda: bool(runs(tmp_path)) and runs(tmp_path)["squash"].error is not None)
        ticker.close()

    assert runs(tmp_path)["squash"].error == "ZeroDivisionError: division by zero"
    assert "job failed" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_without_redis_there_are_no_workers(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command)

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: Set HEDGEROW_REDIS_URL to the Redis through which scheduler and workers speak.\n"


@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_workers_need_an_event_store_that_they_can_open(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_REDIS_URL", "redis://127.0.0.1:1")
    done = run(tmp_path, command)

    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Error: The event store is a file that the server alone opens,")


@pytest.mark.parametrize("expression", ["sometimes", "0 0 30 2 *", "0 5 * * SUN 0"])
def test_a_schedule_that_cannot_be_read_is_refused_at_the_start(
    tmp_path: Path, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_DELETION_SCHEDULE", expression)
    done = run(tmp_path, "serve")

    refusal = f"{expression!r} is not a cron expression such as '0 5 * * SUN'"
    assert (done.exit_code, done.stderr) == (1, f"Error: HEDGEROW_DELETION_SCHEDULE: {refusal}.\n")
