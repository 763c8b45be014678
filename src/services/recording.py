"""Recording what was done, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from ..domain.accounts import User
from ..domain.activity import Entry, Fields, object_changed
from ..domain.ports import UnitOfWork


class Saved(Protocol):
    """What is kept for a project, and goes by being marked."""

    @property
    def id(self) -> int: ...

    @property
    def project_id(self) -> int: ...

    @property
    def deleted(self) -> bool: ...


_Saved = TypeVar("_Saved", bound=Saved)


def record(work: UnitOfWork, entries: Sequence[Entry]) -> None:
    """Keep entries of the audit log."""
    work.activity.add(entries)


def record_saved(
    work: UnitOfWork,
    scope: str,
    before: _Saved | None,
    after: _Saved,
    told: Callable[[_Saved], Fields],
    *,
    name: str | None,
    by: User,
    at: datetime,
    short_id: str | None = None,
) -> None:
    """Record what became of an object: made when there is no `before`, gone when it is marked now. `told` has the
    fields that are compared and shown; when none differs there is no entry."""
    entry = object_changed(
        scope,
        after.project_id,
        str(after.id),
        told(before) if before else None,
        None if after.deleted else told(after),
        name=name,
        by=by.id,
        at=at,
        short_id=short_id,
    )
    record(work, [entry] if entry else [])
