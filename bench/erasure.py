"""Erasing people while others' events come in: how long the drain takes, and how long it holds them up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Self

from hedgerow.domain.accounts import Project
from hedgerow.domain.events import Event
from hedgerow.domain.uuids import uuid7
from hedgerow.entrypoints.bootstrap import Services, now, opened
from hedgerow.entrypoints.settings import Settings

from .dataset import Access
from .generator import people_of
from .report import Measure

_PEOPLE = 100
_BETWEEN = 0.005  # seconds from one captured event to the next


def measure(folder: Path, access: Access) -> Iterator[Measure]:
    """Drain the queue of people from all over the data, then rewrite the files without them."""
    people = people_of(access.loaded)
    number = min(_PEOPLE, people)
    chosen = [f"user-{people * (2 * place + 1) // (2 * number)}" for place in range(number)]
    with opened(Settings(data_dir=folder)) as services:
        project = next(one for one in services.accounts.projects() if one.id == access.project)
        services.person_edits.delete_many(project.id, distinct_ids=chosen, delete_events=True, by=None)
        with _Traffic(services, project) as traffic:
            stopwatch = _Stopwatch(traffic)
            erased: list[Measure] = []
            drained = services.deletions.drain(lambda _: erased.extend(stopwatch.read(f"erasing {number} people")))
            compacted = [*stopwatch.read("compaction")]
        if (drained.verified, drained.pending) != (number, 0):
            raise SystemExit(f"{drained.verified} of {number} people were erased.")
        yield from erased
        yield from compacted


class _Traffic:
    """One event after another, captured by a thread until the context is left. `longest`: the longest wait so far."""

    def __init__(self, services: Services, project: Project) -> None:
        self.longest = 0.0
        self.count = 0
        self._services = services
        self._project = project
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_BETWEEN):
            at = now() + timedelta(microseconds=self.count)
            event = Event(self._project.id, uuid7(at), "seen", f"visitor-{self.count % 1_000}", at, {"number": 1})
            began = time.perf_counter()
            self._services.ingester.submit(self._project, [event])
            self.longest = max(self.longest, time.perf_counter() - began)
            self.count += 1


class _Stopwatch:
    def __init__(self, traffic: _Traffic) -> None:
        self._traffic = traffic
        self._start()

    def read(self, what: str) -> Iterator[Measure]:
        """What was measured since the last reading."""
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._used
        target = 5 if what.startswith("erasing") else None
        detail = f"{cpu:.1f} s of CPU, {self._traffic.count:,} events captured meanwhile"
        yield Measure(what, seconds, "s", at_most=target, detail=detail)
        yield Measure(f"longest wait of an event during {what}", self._traffic.longest, "s", at_most=1)
        self._start()

    def _start(self) -> None:
        self._traffic.longest, self._traffic.count = 0.0, 0
        self._began, self._used = time.perf_counter(), time.process_time()
