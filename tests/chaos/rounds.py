"""Rounds of starting, serving and killing, and the account at the end."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hedgerow.adapters.events.tables import events
from hedgerow.entrypoints.bootstrap import open_relational, opened
from hedgerow.entrypoints.settings import Settings
from sqlalchemy import func, select

from tests.chaos.nursery import Nursery, Process
from tests.chaos.traffic import Traffic
from tests.e2e.live import free_port


@dataclass(frozen=True, slots=True)
class Report:
    """What happened. `lost` and `doubled` are uuids; `remaining` distinct ids that were to be erased."""

    rounds: int
    seconds: float
    acknowledged: int
    erased: int
    attempts: int
    lost: frozenset[str]
    doubled: frozenset[str]
    unknown: frozenset[str]
    remaining: frozenset[str]
    pending: int
    faults: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.unknown or self.remaining or self.pending or self.faults)


def run(folder: Path, rounds: int, *, seed: int = 0) -> Report:
    """Kill an embedded server so many times under traffic. Raises when one does not start."""
    began = time.monotonic()
    chance = random.Random(seed)
    settings = Settings(data_dir=folder)
    project, key = _set_up(settings)
    port = free_port()
    traffic = Traffic([port], project, key)
    with Nursery(folder / "server.log") as nursery:

        def start() -> Process:
            return nursery.start("serve", "--port", str(port), HEDGEROW_DATA_DIR=str(folder))

        traffic.start()
        try:
            for _ in range(rounds):
                server = start()
                if chance.random() < 0.8:
                    _wait_until_ready(server, port)
                time.sleep(chance.uniform(0, 0.5))
                server.kill()
            server = start()
            _wait_until_ready(server, port)
        finally:
            traffic.stop()
        pending = _wait_until_drained(settings)
        server.stop()
    return _account(settings, traffic, rounds, time.monotonic() - began, pending)


def _set_up(settings: Settings) -> tuple[dict[str, Any], str]:
    store = open_relational(settings)
    project = store.accounts.create_project("Chaos")
    store.accounts.create_user("owner@example.com")
    key = store.accounts.create_key("owner@example.com", scopes=["*"])[1]
    store.close()
    return {"id": project.id, "api_token": project.api_token}, key


def _wait_until_ready(server: Process, port: int) -> None:
    import http.client

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.is_running(), "the server ended by itself"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.005)
        finally:
            connection.close()
    raise AssertionError("the server did not become ready")


def _wait_until_drained(settings: Settings) -> int:
    store = open_relational(settings)
    deadline = time.monotonic() + 30
    while True:
        with store.begin(write=False) as work:
            pending = len(work.deletions.pending())
        if not pending or time.monotonic() > deadline:
            store.close()
            return pending
        time.sleep(0.05)


def _account(settings: Settings, traffic: Traffic, rounds: int, seconds: float, pending: int) -> Report:
    with opened(settings) as services, services.events._transaction() as connection:
        counts = {
            str(row.uuid): row.number
            for row in connection.execute(
                select(events.c.uuid, func.count().label("number"))
                .where(events.c.distinct_id.not_like("victim-%"))
                .group_by(events.c.uuid)
            )
        }
        remaining = set(
            connection.scalars(select(events.c.distinct_id).where(events.c.distinct_id.like("victim-%")).distinct())
        )
        with services.relational.begin(write=False) as work:
            project = work.accounts.projects()[0].id
            held = work.persons.held(project, traffic.members)
            attempts = sum(run.claim.attempt for run in work.runs.latest())
    return Report(
        rounds=rounds,
        seconds=seconds,
        acknowledged=len(traffic.acknowledged),
        erased=len(traffic.erased),
        attempts=attempts,
        lost=frozenset(traffic.acknowledged - counts.keys()) | frozenset(traffic.members - held.keys()),
        doubled=frozenset(uuid for uuid, number in counts.items() if number > 1),
        unknown=frozenset(counts.keys() - traffic.sent),
        remaining=frozenset(remaining & traffic.erased),
        pending=pending,
        faults=tuple(traffic.faults),
    )
