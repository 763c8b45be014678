"""What has been erased is in no file any more."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hedgerow.domain.accounts import Project
from hedgerow.domain.deletions import DeletionQuery
from hedgerow.domain.erasure import OfProject
from hedgerow.domain.persons import Person
from hedgerow.domain.ports import PersonQuery
from hedgerow.entrypoints.bootstrap import Services, now, open_services
from hedgerow.entrypoints.settings import Settings
from sqlalchemy import event, text

from tests.builders import an_event

SECRETS = ("secretid", "secretmail", "secretvalue", "secretevent", "secrettown", "secretmerged")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_services(Settings(data_dir=tmp_path))
    # Some builds of SQLite write over what is deleted by themselves: here none does.
    event.listen(opened.relational.engine, "connect", lambda made, _: made.execute("PRAGMA secure_delete = OFF"))
    opened.relational.engine.dispose()
    yield opened
    opened.close()


@pytest.fixture
def project(services: Services) -> Project:
    return services.accounts.create_project("Shop")


def see(services: Services, project: Project, distinct_id: str, name: str = "seen", /, **properties: Any) -> None:
    seen = an_event(name, distinct_id, properties, at=now(), project_id=project.id)
    services.capture.store([(project, [seen])])


def person_of(services: Services, project: Project, distinct_id: str) -> Person:
    with services.relational.begin(write=False) as work:
        return work.persons.page(PersonQuery(project.id, distinct_id=distinct_id), limit=1).rows[0]


def found_in(folder: Path) -> dict[str, set[str]]:
    """Which secrets are in which file."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    found = {file.name: {one for one in SECRETS if one.encode() in file.read_bytes().lower()} for file in files}
    return {name: secrets for name, secrets in found.items() if secrets}


def checkpoint(services: Services) -> None:
    """What waits or is in logs moves into the files."""
    services.events.ping()  # whoever asks has what waits written
    with services.events.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
    with services.relational.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")


@pytest.mark.parametrize("logged", [True, False], ids=["in logs", "in files"])
def test_no_file_has_what_was_erased(services: Services, project: Project, tmp_path: Path, logged: bool) -> None:
    see(services, project, "before", **{"$set": {"email": "before@example.com"}})
    for name in ("secretid", "secretmerged"):
        see(services, project, name, "secretevent", town="secrettown", **{"$set": {"email": "secretmail@x.io"}})
        person = person_of(services, project, name)
        services.person_edits.set_properties(project.id, person.id, {"plan": "secretvalue"}, by=None)
    see(services, project, "secretid", "$create_alias", alias="secretmerged")
    see(services, project, "after", **{"$set": {"email": "after@example.com"}})
    person = person_of(services, project, "secretid")
    services.events.ping()
    if not logged:
        checkpoint(services)
    at_first = found_in(tmp_path)
    assert any("hedgerow.db" in name for name in at_first)
    assert any("events.duckdb" in name for name in at_first)
    services.person_edits.delete(project.id, person.id, delete_events=True, by=None)

    drained = services.deletions.drain()

    assert (drained.verified, drained.pending) == (1, 0)
    assert found_in(tmp_path) == {}
    assert services.events.contents(OfProject(project.id))[0].events == 2
    see(services, project, "after")
    services.close()
    assert found_in(tmp_path) == {}
    with duckdb.connect(str(tmp_path / "events.duckdb"), read_only=True) as file:
        assert file.execute("SELECT count(*) FROM events").fetchone() == (3,)


def test_the_new_file_is_no_larger_than_what_is_left_and_compressed_as_before(
    services: Services, project: Project, tmp_path: Path
) -> None:
    services.capture.store(
        [(project, [an_event("seen", f"u{n}", {"text": f"{n}" * 50}, project_id=project.id) for n in range(5_000)])]
    )
    checkpoint(services)
    size = (tmp_path / "events.duckdb").stat().st_size
    with services.events._transaction() as connection:
        for table in ("events", "persons"):
            connection.execute(text(f"DELETE FROM {table} WHERE rowid > 10"))  # noqa: S608

    services.events.compact()

    assert (tmp_path / "events.duckdb").stat().st_size < size
    assert sorted(file.name for file in tmp_path.glob("events*")) == ["events.duckdb"]
    with services.events._transaction() as connection:
        kinds = connection.execute(
            text("SELECT DISTINCT compression FROM pragma_storage_info('events') WHERE column_name = 'properties'")
        )
        assert "Uncompressed" not in set(kinds.scalars())
        assert connection.scalar(text("SELECT current_setting('checkpoint_threshold')")) == "244.1 MiB"


def test_events_come_in_and_questions_are_answered_while_the_file_is_compacted(
    services: Services, project: Project
) -> None:
    services.capture.store([(project, [an_event("seen", f"u{n}", project_id=project.id) for n in range(3_000)])])
    stop = threading.Event()
    stored, failures = [0], list[Exception]()

    def ingest() -> None:
        while not stop.is_set():
            try:
                see(services, project, f"v{stored[0] % 5}", **{"$set": {"n": stored[0]}})
            except Exception as error:  # noqa: BLE001 - told below
                failures.append(error)
                return
            stored[0] += 1

    def ask() -> None:
        while not stop.is_set():
            assert services.events.people.count(PersonQuery(project.id, search="u1"))

    threads = [threading.Thread(target=one) for one in (ingest, ask)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        services.events.compact()
    stop.set()
    for thread in threads:
        thread.join()

    assert not failures
    assert stored[0] > 0
    assert services.events.contents(OfProject(project.id))[0].events == 3_000 + stored[0]
    people = services.events.people
    assert people.count(PersonQuery(project.id)) == 3_000 + min(stored[0], 5)
    with services.events._transaction() as connection:
        copied = {(row.id, row.version) for row in connection.execute(text("SELECT id, version FROM persons"))}
    with services.relational.begin(write=False) as work:
        assert copied == {
            (one.id, one.version) for one in work.persons.several(project.id, [number for number, _ in copied])
        }


def test_a_question_that_takes_long_does_not_keep_writers_waiting(
    services: Services, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.adapters.events.dialects.duckdb_file._ATTEMPTS", 2)
    monkeypatch.setattr("hedgerow.adapters.events.dialects.duckdb_file._PATIENCE", 0.05)
    see(services, project, "u1")
    person = person_of(services, project, "u1")
    services.person_edits.delete(project.id, person.id, delete_events=True, by=None)
    with services.events._transaction(), pytest.raises(Exception, match="too busy to be compacted"):
        services.deletions.drain()
    see(services, project, "u2")
    (receipt,) = services.deletions.page(DeletionQuery(project.id), limit=1).rows
    assert receipt.verified_at
    assert receipt.purged_at is None
    services.deletions.drain()
    (receipt,) = services.deletions.page(DeletionQuery(project.id), limit=1).rows
    assert receipt.purged_at


def test_leftovers_are_removed_when_the_store_is_opened(services: Services, tmp_path: Path) -> None:
    settings = services.settings
    services.close()
    for name in ("events.duckdb.compacting", "events.duckdb.compacting.wal", "events.duckdb.tmp/spilled.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secretvalue")
    again = open_services(settings)
    assert found_in(tmp_path) == {}
    again.close()


_KILLED = """
import os, sys
from pathlib import Path
from hedgerow.adapters.events.compaction import Copy
from hedgerow.adapters.events.store import SqlEventStore
from hedgerow.adapters.relational.persons import SqlPersonRepository
from hedgerow.entrypoints.bootstrap import open_services
from hedgerow.entrypoints.settings import Settings

owner = {one.__name__: one for one in (Copy, SqlEventStore, SqlPersonRepository)}[sys.argv[2]]
step = getattr(owner, sys.argv[3])

def end(*args, **options):
    step(*args, **options)
    os._exit(9)

services = open_services(Settings(data_dir=Path(sys.argv[1])))
setattr(owner, sys.argv[3], end)
services.deletions.drain()
"""


@pytest.mark.parametrize(
    "step",
    [
        ("SqlEventStore", "erase"),
        ("SqlPersonRepository", "forget_history"),
        ("Copy", "catch_up"),
        ("Copy", "take_place"),
    ],
    ids=lambda step: step[1],
)
def test_a_drain_that_was_killed_is_finished_by_the_next_one(tmp_path: Path, step: tuple[str, str]) -> None:
    services = open_services(Settings(data_dir=tmp_path))
    project = services.accounts.create_project("Shop")
    for name in ("secretid", "stays"):
        see(services, project, name, town=name, **{"$set": {"email": f"{name}@x.io"}})
    person = person_of(services, project, "secretid")
    services.person_edits.delete(project.id, person.id, delete_events=True, by=None)
    services.close()

    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), *step], check=False)

    assert killed.returncode == 9
    services = open_services(Settings(data_dir=tmp_path))
    services.deletions.drain()
    (receipt,) = services.deletions.page(DeletionQuery(project.id), limit=10).rows
    assert (receipt.events_deleted, receipt.events_left) == (1, 0)
    assert receipt.purged_at
    assert services.events.contents(OfProject(project.id))[0].events == 1
    assert found_in(tmp_path) == {}
    services.close()
