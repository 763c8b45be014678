"""Instants to bucket numbers, as arithmetic: most buckets are equally long, and a division finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, literal_column

from .dialects import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Run:
    """`count` buckets of equal width from bucket `first` on. The last bucket of all has no width."""

    first: int
    start: int
    width: int | None
    count: int = 1


def last_start(
    micros: ColumnElement[int], starts: Sequence[datetime], end: datetime, sql: Dialect
) -> ColumnElement[int]:
    """The index of the last of the instants, ascending and maybe equal, that is not after `micros`.

    `micros` lies between the first of them and `end`.
    """
    return last_of(micros, [micros_of(start) for start in starts], micros_of(end), sql)


def last_of(number: ColumnElement[int], starts: Sequence[int], end: int, sql: Dialect) -> ColumnElement[int]:
    """The same of whole numbers."""
    return _choose(number, _runs(starts, end), sql)


def micros_of(at: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def _runs(starts: Sequence[int], end: int) -> list[_Run]:
    runs: list[_Run] = []
    for index, (start, following) in enumerate(pairwise(starts)):
        width = following - start
        if runs and runs[-1].width == width:
            runs[-1].count += 1
        else:
            runs.append(_Run(index, start, width))
    if runs and runs[-1].width is not None and end < starts[-1] + runs[-1].width:
        runs[-1].count += 1
    else:
        runs.append(_Run(len(starts) - 1, starts[-1], None))
    return runs


def _choose(micros: ColumnElement[int], runs: list[_Run], sql: Dialect) -> ColumnElement[Any]:
    """Finds the run by halving."""
    if len(runs) == 1:
        return _within(micros, runs[0], sql)
    middle = len(runs) // 2
    before = micros < bindparam(None, runs[middle].start, BigInteger)
    return case((before, _choose(micros, runs[:middle], sql)), else_=_choose(micros, runs[middle:], sql))


def _within(micros: ColumnElement[int], run: _Run, sql: Dialect) -> ColumnElement[Any]:
    # The numbers of buckets are part of the statement's shape; only times are bound.
    first = literal_column(str(run.first), BigInteger)
    if not run.width or run.count == 1:
        return first
    into = sql.floor_divide(micros - bindparam(None, run.start, BigInteger), run.width)
    return into + first if run.first else into
