"""`python -m bench [start] [queries] [memory] [ingest] [persons]`: measure all of it, or the parts that are named.

EVENTS: how many events to load first (default 1,000,000). PERSONS: how many persons to load for that part, which
needs no events (default 1,000,000). BENCH_DIR: a folder to keep them in for the next run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from . import ingest, persons, queries
from .report import Measure, show
from .server import Server, load

PARTS = ("start", "queries", "memory", "ingest", "persons")


def main() -> None:
    """Load, measure, print."""
    parts = sys.argv[1:] or PARTS
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}.")
    events = int(os.environ.get("EVENTS", "1000000"))
    with TemporaryDirectory(prefix="hedgerow-bench-") as scratch:
        folder = Path(os.environ.get("BENCH_DIR", scratch)) / f"events-{events}"
        measures: list[Measure] = []
        try:
            measures.extend(_measures(parts, folder, Path(scratch), events))
        finally:
            show(measures, events)  # what there is, when a part fails


def _measures(parts: list[str] | tuple[str, ...], folder: Path, scratch: Path, events: int) -> Iterator[Measure]:
    if "start" in parts:
        with Server(scratch / "empty") as server:
            yield Measure("start to first answer, empty", server.seconds_to_start, "s", at_most=3)
    if "persons" in parts:
        yield from persons.run(scratch / "persons", int(os.environ.get("PERSONS", "1000000")))
    if set(parts) <= {"start", "persons"}:
        return
    access = load(folder, events)
    yield Measure("import of the events", access.events / access.seconds, "events/s")
    size = sum(file.stat().st_size for file in folder.iterdir())
    yield Measure("disk", size / events, "bytes/event")
    http = []
    with Server(folder) as server:
        if "start" in parts:
            yield Measure("start to first answer, loaded", server.seconds_to_start, "s", at_most=3)
        if "queries" in parts:
            http = list(queries.over_http(server, access))
        if "memory" in parts:
            yield from queries.memory(server, access)
    if "queries" in parts:
        yield from queries.compare(http, list(queries.raw(folder, access)))
    if "ingest" in parts:
        # On a copy, so that the next run of the kept data measures the same.
        shutil.copytree(folder, scratch / "ingest")
        with Server(scratch / "ingest") as server:
            yield from ingest.measure(server, access)


if __name__ == "__main__":
    main()
