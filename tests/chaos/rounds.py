"""Rounds of killing and starting again under traffic, and the account at the end."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

from hedgerow.adapters import migrations
from hedgerow.adapters.events.tables import events
from hedgerow.entrypoints.bootstrap import open_relational, opened
from hedgerow.entrypoints.settings import Settings
from sqlalchemy import func, select

from tests.chaos.sites import Site
from tests.chaos.traffic import Traffic

_PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Report:
    """What happened. `lost` are uuids and distinct ids, `doubled` and `unknown` uuids, `remaining` distinct ids that
    were to be erased; `pending` is how many deletions were still waiting a minute after the last round."""

    rounds: int
    seconds: float
    acknowledged: int
    erased: int
    lost: frozenset[str]
    doubled: frozenset[str]
    unknown: frozenset[str]
    remaining: frozenset[str]
    pending: int
    faults: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.unknown or self.remaining or self.pending or self.faults)

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds in {self.seconds:.0f} s: {self.acknowledged} events acknowledged,"
            f" {len(self.lost)} lost, {len(self.doubled)} doubled, {len(self.unknown)} unknown;"
            f" {self.erased} people erased, {len(self.remaining)} with events left,"
            f" {self.pending} deletions forgotten; {len(self.faults)} answers that should not have been"
            + "".join(f"\n{fault}" for fault in self.faults[:10])
        )


def run(site: Site, rounds: int, *, seed: int = 0) -> Report:
    """Kill something so many times under traffic. Raises `AssertionError` when it does not come up again."""
    began = time.monotonic()
    chance = random.Random(seed)
    project, key = _set_up(site.settings)
    traffic = Traffic(site.ports, project, key)
    for name in reversed(site.names):
        site.start(name)
    site.wait_until_ready()
    traffic.start()
    try:
        for _ in range(rounds):
            time.sleep(chance.uniform(0, 0.5))
            name = chance.choice(site.names)
            site.kill(name)
            site.start(name)
            if chance.random() < 0.8:
                site.wait_until_ready()
        site.wait_until_ready()
    finally:
        traffic.stop()
    pending = _wait_until_drained(site.settings)
    site.stop()
    return _account(site.settings, traffic, rounds, time.monotonic() - began, pending)


def _set_up(settings: Settings) -> tuple[dict[str, Any], str]:
    store = open_relational(settings)
    migrations.upgrade(store.engine)
    project = store.accounts.create_project("Chaos")
    store.accounts.create_user("owner@example.com")
    key = store.accounts.create_key("owner@example.com", scopes=["*"])[1]
    store.close()
    return {"id": project.id, "api_token": project.api_token}, key


def _wait_until_drained(settings: Settings) -> int:
    store = open_relational(settings)
    deadline = time.monotonic() + _PATIENCE
    while True:
        with store.begin(write=False) as work:
            pending = len(work.deletions.pending())
        if not pending or time.monotonic() > deadline:
            store.close()
            return pending
        time.sleep(0.05)


def _account(settings: Settings, traffic: Traffic, rounds: int, seconds: float, pending: int) -> Report:
    of_victim = events.c.distinct_id.like("victim-%")
    numbers = select(events.c.uuid, func.count().label("number")).where(~of_victim).group_by(events.c.uuid)
    with opened(settings.model_copy(update={"redis_url": ""})) as services:
        with services.events._transaction() as connection:
            counts = {str(row.uuid): row.number for row in connection.execute(numbers)}
            remaining = set(connection.scalars(select(events.c.distinct_id).where(of_victim).distinct()))
        with services.relational.begin(write=False) as work:
            held = work.persons.held(work.accounts.projects()[0].id, traffic.members)
    return Report(
        rounds=rounds,
        seconds=seconds,
        acknowledged=len(traffic.acknowledged),
        erased=len(traffic.erased),
        lost=frozenset(traffic.acknowledged - counts.keys()) | frozenset(traffic.members - held.keys()),
        doubled=frozenset(uuid for uuid, number in counts.items() if number > 1),
        unknown=frozenset(counts.keys() - traffic.sent),
        remaining=frozenset(remaining & traffic.erased),
        pending=pending,
        faults=tuple(traffic.faults),
    )
