"""Recording what was done, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..domain.activity import Entry
from ..domain.ports import UnitOfWork

Record: TypeAlias = Callable[[UnitOfWork, Sequence[Entry]], None]
"""Keeps entries of the audit log in a unit of work."""


def record(work: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Keep entries of the audit log."""
    work.activity.add(entries)
