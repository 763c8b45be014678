"""`python -m bench [part …]`: measure all of it, or the parts that are named: those of `PARTS`.

EVENTS: how many events to load first (default 1,000,000). PERSONS: how many persons to load for that part, which
needs no events (default 1,000,000). BENCH_DIR: a folder to keep them in for the next run.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from . import clickhouse, dashboards, erasure, hostile, ingest, persons, queries
from .dataset import Access, load_events, merge_some
from .report import Measure, show
from .server import Server

PARTS = ("start", "queries", "clickhouse", "memory", "hostile", "dashboards", "ingest", "erasure", "import", "persons")


def main() -> None:
    """Load, measure, print."""
    parts = sys.argv[1:] or PARTS
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}.")
    events = int(os.environ.get("EVENTS", "1000000"))
    with TemporaryDirectory(prefix="hedgerow-bench-") as scratch:
        measures: list[Measure] = []
        try:
            for measure in _measures(parts, Path(os.environ.get("BENCH_DIR", scratch)), Path(scratch), events):
                print(f"{measure.what}: {measure.figure:,.2f} {measure.unit} {measure.detail}", file=sys.stderr)
                measures.append(measure)
        finally:
            show(measures, events)  # what there is, when a part fails


def _measures(parts: list[str] | tuple[str, ...], kept: Path, scratch: Path, events: int) -> Iterator[Measure]:
    if "start" in parts:
        with Server(scratch / "empty") as server:
            yield Measure("start to first answer, empty", server.seconds_to_start, "s", at_most=3)
    if "persons" in parts:
        count = int(os.environ.get("PERSONS", "1000000"))
        yield from persons.measure(kept / f"persons-{count}", count)
    if "import" in parts:
        yield ingest.measure_import(scratch / "import")
    if set(parts) <= {"start", "persons", "import"}:
        return
    folder = kept / f"events-{events}"
    access = load_events(folder, events)
    yield Measure("loading the events", access.loaded / access.seconds, "events/s", detail="written, not sent")
    size = sum(file.stat().st_size for file in folder.iterdir())
    yield Measure("disk", size / events, "bytes/event")
    if "start" in parts:
        with Server(folder) as server:
            yield Measure("start to first answer, loaded", server.seconds_to_start, "s", at_most=3)
    if "memory" in parts:
        with Server(folder) as server:
            yield from queries.memory(server, access)
    if "hostile" in parts:
        with Server(folder) as server:
            yield from hostile.measure(server, access)
    if {"queries", "clickhouse"} & set(parts):
        beside = kept / f"clickhouse-{events}" if "clickhouse" in parts and clickhouse.is_installed() else None
        yield from _queries(folder, scratch / "merged", access, beside)
    if "dashboards" in parts:
        with Server(_copied(folder, scratch / "dashboards")) as server:
            yield from dashboards.measure(server, access)
    if "ingest" in parts:
        with Server(_copied(folder, scratch / "ingest")) as server:
            yield from ingest.measure(server, access)
    if "erasure" in parts:
        yield from erasure.measure(_copied(folder, scratch / "erasure"), access)


def _queries(folder: Path, merged: Path, access: Access, beside: Path | None) -> Iterator[Measure]:
    """`beside`: where ClickHouse has the events, None to do without it."""
    for place in (folder, merged):
        questions = [question for question in queries.QUESTIONS if question.merged is (place is merged)]
        if place is merged:
            merge_some(_copied(folder, merged), access)
        with Server(place) as server:
            http = queries.over_http(server, access, questions)
        others: dict[str, Sequence[queries.Timed | None]] = {queries.RAW_SQL: queries.in_sql(place, access, questions)}
        if beside:
            others |= clickhouse.answers(beside, place, access, questions)
        yield from queries.compare(questions, http, others)


def _copied(folder: Path, copy: Path) -> Path:
    """A copy to change, so that the next run of the kept data measures the same."""
    shutil.copytree(folder, copy)
    return copy


if __name__ == "__main__":
    main()
