"""What the event store answered to the questions of a trend, kept so that the trend can be put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from math import isfinite
from typing import Protocol, TypeAlias

import orjson

from .aggregation import Cell, CellKind

Packed: TypeAlias = tuple[Sequence[int], Sequence[float], Sequence[Sequence[str | None]], Sequence[int]]
"""Cells as columns: buckets, numbers, values, none at all if no cell has any, and which cells are `OTHER`."""


class AnswerCache(Protocol):
    """Keeps bytes by key for a while, as many as fit: what is kept may be gone at any time."""

    def get(self, key: str) -> bytes | None:
        """What was kept last under a key, or None."""

    def put(self, key: str, kept: bytes) -> None:
        """Keep this in the place of what the key had."""

    def clear(self) -> None:
        """Let nothing be left that was kept, by whichever process. Raises `StoreUnavailable`."""

    def close(self) -> None:
        """Let go of what holds it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The cells of each question of a plan in order; when they were asked for, and since when there are events if the
    plan depends on that."""

    computed_at: datetime
    earliest: datetime | None
    packed: Sequence[Packed]

    def cells(self) -> Iterator[list[Cell]]:
        """The cells, question by question."""
        return map(_unpacked, self.packed)

    def kept(self, state: str) -> bytes | None:
        """These as `from_kept` reads them, for a state of the data in one line. None if a number has no text."""
        if not all(isfinite(number) for _, numbers, _, _ in self.packed for number in numbers):
            return None
        return state.encode() + b"\n" + orjson.dumps([self.computed_at, self.earliest, self.packed])

    @classmethod
    def from_kept(cls, kept: bytes, state: str) -> Answers | None:
        """What was kept, None if that was for another state."""
        kept_state, _, text = kept.partition(b"\n")
        if kept_state != state.encode():
            return None
        computed_at, earliest, packed = orjson.loads(text)
        return cls(datetime.fromisoformat(computed_at), datetime.fromisoformat(earliest) if earliest else None, packed)


def packed(cells: Sequence[Cell]) -> Packed:
    """Cells as columns."""
    values = [cell.values for cell in cells] if any(cell.values for cell in cells) else []
    others = [place for place, cell in enumerate(cells) if cell.kind is CellKind.OTHER]
    return [cell.bucket for cell in cells], [cell.number for cell in cells], values, others


def _unpacked(columns: Packed) -> list[Cell]:
    buckets, numbers, values, others = columns
    cells = [Cell(*cell) for cell in zip(buckets, numbers, map(tuple, values) if values else repeat(()))]  # noqa: B905
    for place in others:
        cells[place] = Cell(cells[place].bucket, cells[place].number, kind=CellKind.OTHER)
    return cells
