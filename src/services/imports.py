"""Importing events from files: the same rules as capture, a report instead of an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Protocol

import orjson

from ..domain.accounts import Project
from ..domain.capture import CaptureRejected, V0Request, to_events
from ..domain.errors import InvalidInput
from ..domain.events import Event, JsonValue
from ..domain.identity import Warn
from ..domain.ports import Clock
from ..domain.raw_events import Unfit, read_event
from ..domain.timestamps import parse_timestamp
from .capture import CaptureService

CHUNK = 5_000
_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: its number from 1, and its event in capture's shape, or why it cannot be read."""

    number: int
    event: JsonValue
    error: str | None = None


@dataclass(slots=True)
class ImportReport:
    """What became of the rows. `reasons` counts the rejected ones by reason, `examples` has the first of them."""

    read: int = 0
    imported: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def reject(self, number: int, reason: str) -> None:
        self.rejected += 1
        self.reasons[reason] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"row {number}: {reason}")


class OccurrenceCounter(Protocol):
    """Counts how often each digest has been met, in bounded memory."""

    def next(self, digests: Sequence[bytes]) -> Sequence[int]:
        """For each digest the number of its earlier occurrences."""


class ImportService:
    """Stores the events of a file, chunk by chunk."""

    def __init__(self, capture: CaptureService, clock: Clock, warn: Warn) -> None:
        self._capture = capture
        self._clock = clock
        self._warn = warn

    def run(
        self,
        project: Project,
        rows: Iterable[Row],
        occurrences: OccurrenceCounter,
        progress: Callable[[ImportReport], None] = lambda report: None,
    ) -> ImportReport:
        """Import all rows; `progress` is told after each chunk. Running it again imports nothing twice."""
        report = ImportReport()
        for chunk in _chunks(rows):
            events = self._read(project, chunk, occurrences, report)
            stored = self._capture.store([(project, events)]) if events else 0
            report.imported += stored
            report.duplicates += len(events) - stored
            progress(report)
        return report

    def _read(
        self, project: Project, chunk: Sequence[Row], occurrences: OccurrenceCounter, report: ImportReport
    ) -> list[Event]:
        report.read += len(chunk)
        contents = [orjson.dumps(row.event, option=orjson.OPT_SORT_KEYS) for row in chunk]
        _name(chunk, contents, occurrences)
        events: list[Event] = []
        for row, content in zip(chunk, contents, strict=True):
            try:
                events.extend(self._event(project, row, holds_nul=b"\\u0000" in content))
            except (CaptureRejected, InvalidInput) as error:
                report.reject(row.number, error.detail)
        return events

    def _event(self, project: Project, row: Row, *, holds_nul: bool) -> list[Event]:
        if row.error is not None:
            raise InvalidInput(row.error)
        try:
            raw = read_event(row.event)
        except Unfit:
            raise InvalidInput("not an event, or a field of a wrong type") from None
        if raw.timestamp is None or parse_timestamp(raw.timestamp) is None:
            raise InvalidInput("no readable timestamp")
        request = V0Request("", [raw], None, historical=True, holds_nul=holds_nul)
        events, warnings = to_events(request, project=project, now=self._clock(), ip=None)
        for warning in warnings:
            self._warn(warning)
        if not events:
            raise InvalidInput(f"events named {raw.name!r} are not kept" if not warnings else warnings[0].kind)
        return events


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _name(chunk: Sequence[Row], contents: Sequence[bytes], occurrences: OccurrenceCounter) -> None:
    """Give the events without a uuid one of their content: the same line always gets the same, and identical lines
    of one file get one each."""
    unnamed = [
        (row.event, blake2b(content, digest_size=16).digest())
        for row, content in zip(chunk, contents, strict=True)
        if isinstance(row.event, dict) and not row.event.get("uuid")
    ]
    earlier = occurrences.next([digest for _, digest in unnamed])
    for (event, digest), number in zip(unnamed, earlier, strict=True):
        named = blake2b(digest + number.to_bytes(8), digest_size=16).digest() if number else digest
        event["uuid"] = named.hex()
