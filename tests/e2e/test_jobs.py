"""An embedded server does its scheduled jobs itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hedgerow.domain.deletions import DeletionKind, DeletionRequest
from hedgerow.domain.schedules import Run
from hedgerow.entrypoints.bootstrap import now, open_relational, opened
from hedgerow.entrypoints.jobs import Ticker, perform

from tests.e2e.live import LiveServer, run, run_json
from tests.e2e.stores import embedded_only, settings, variables

JOBS = ("drain", "retention", "squash")


def runs(data: Path) -> dict[str, Run]:
    """The latest run of each job, read beside a running server."""
    store = open_relational(settings(data))
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


@pytest.fixture
def overdue(tmp_path: Path) -> Path:
    """A data folder in which every job was last done years ago."""
    at = datetime(2020, 1, 1, tzinfo=UTC)
    store = open_relational(settings(tmp_path))
    with store.begin() as work:
        for job in JOBS:
            claim = work.runs.claim(job, at, at=at, until=at)
            assert claim
            work.runs.finish(claim, at=at, result={})
        work.commit()
    store.close()
    return tmp_path


def all_done(data: Path) -> bool:
    return all(run.claim.due_at.year > 2020 and run.finished_at is not None for run in runs(data).values())


def test_a_server_does_what_is_overdue_and_ends_promptly(overdue: Path) -> None:
    with LiveServer(overdue) as server:
        wait_until(lambda: all_done(overdue))
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5

    assert {job: run.result for job, run in runs(overdue).items()} == {
        "drain": {"drained": 0, "verified": 0, "pending": 0, "events_deleted": 0},
        "retention": {"removed": 0},
        "squash": {"folded": 0},
    }
    assert server.log.count('"job done"') == len(JOBS)


def test_a_person_is_erased_at_the_next_time_of_the_schedule(overdue: Path) -> None:
    with opened(settings(overdue)) as services:
        project = services.accounts.create_project("Shop")
        with services.relational.begin() as work:
            work.deletions.request([DeletionRequest(project.id, DeletionKind.PERSON, str(UUID(int=1)), now(), None)])
            work.commit()
        ticker = Ticker(services, every=0.01)
        wait_until(lambda: all_done(overdue))
        ticker.close()
        with services.relational.begin(write=False) as work:
            assert work.deletions.pending() == []


def test_what_was_done_is_not_done_again_at_the_next_start(overdue: Path) -> None:
    for _ in range(2):
        with opened(settings(overdue)) as services:
            ticker = Ticker(services, every=0.01)
            wait_until(lambda: all_done(overdue))
            ticker.close()

    assert {run.claim.attempt for run in runs(overdue).values()} == {1}


def test_a_job_that_fails_is_logged_and_the_others_are_done(
    overdue: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(settings(overdue)) as services:
        monkeypatch.setattr(services.maintenance.__class__, "squash", lambda *_: 1 / 0)
        ticker = Ticker(services, every=0.01)
        wait_until(lambda: runs(overdue)["squash"].error is not None and bool(runs(overdue)["retention"].finished_at))
        ticker.close()

    assert runs(overdue)["squash"].error == "ZeroDivisionError: division by zero"
    assert "job failed" in capsys.readouterr().out


def test_an_empty_schedule_drains_on_command_only(overdue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_DELETION_SCHEDULE", "")
    assert run_json(overdue, "deletions", "drain", "--if-due")["drained"] == 0

    assert runs(overdue)["drain"].claim.due_at.year == 2020


def test_drain_if_due_drains_once_for_each_time_of_the_schedule(overdue: Path) -> None:
    store = open_relational(settings(overdue))
    for expected in ({"drained": 1, "verified": 1, "pending": 0}, {"drained": 0, "verified": 0, "pending": 1}):
        with store.begin() as work:
            work.deletions.request([DeletionRequest(1, DeletionKind.PERSON, str(UUID(int=1)), now(), None)])
            work.commit()
        done = run_json(overdue, "deletions", "drain", "--if-due")
        assert done == {**expected, "events_deleted": 0}
    store.close()


def test_a_running_server_is_asked_to_drain_if_due(overdue: Path) -> None:
    with LiveServer(overdue):
        wait_until(lambda: all_done(overdue))
        assert run_json(overdue, "deletions", "drain", "--if-due")["drained"] == 0


def test_a_worker_does_what_a_message_says(overdue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(overdue).items():
        monkeypatch.setenv(name, value)
    store = open_relational(settings(overdue))
    claims = store.schedule.claim_due()
    store.close()
    for claim in claims:
        perform(claim.job, claim.due_at.isoformat(), claim.attempt)

    assert {claim.job for claim in claims} == set(JOBS)
    assert all_done(overdue)


@pytest.mark.parametrize("command", ["scheduler", "worker"])
def test_without_redis_there_are_no_workers(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command)

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: Set HEDGEROW_REDIS_URL to the Redis through which scheduler and workers speak.\n"


@embedded_only
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
