"""The runs of scheduled jobs in a relational store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.schedules import KEPT, SUPERSEDED, Claim, Result, Run
from .columns import Json
from .tables import Row

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class RunRow(Row):
    """One due time of one job."""

    __tablename__ = "runs"
    __table_args__ = {"sqlite_strict": True}  # noqa: RUF012

    job: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    claimed_at: Mapped[datetime]
    leased_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    result: Mapped[Any] = mapped_column(Json, nullable=True)
    error: Mapped[str | None]


class SqlRunRepository:
    """The runs, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self) -> Sequence[Run]:
        return [_run(row) for row in self._connection.execute(_LATEST).all()]

    def claim(self, job: str, due_at: datetime, *, at: datetime, until: datetime) -> Claim | None:
        new = (
            _INSERT[self._connection.dialect.name](RunRow)
            .values(job=job, due_at=due_at, attempt=1, claimed_at=at, leased_until=until)
            .on_conflict_do_nothing()
            .returning(RunRow.attempt)
        )
        if self._connection.execute(new).one_or_none():
            self._end_earlier(job, due_at, at)
            return Claim(job, due_at, 1)
        again = (
            update(RunRow)
            .values(attempt=RunRow.attempt + 1, claimed_at=at, leased_until=until)
            .where(RunRow.job == job, RunRow.due_at == due_at, RunRow.finished_at.is_(None), RunRow.leased_until <= at)
            .returning(RunRow.attempt)
        )
        attempt = self._connection.execute(again).scalar_one_or_none()
        return None if attempt is None else Claim(job, due_at, attempt)

    def extend(self, claim: Claim, *, until: datetime) -> bool:
        return self._change(claim, leased_until=until)

    def finish(self, claim: Claim, *, at: datetime, result: Result) -> bool:
        return self._change(claim, finished_at=at, result=dict(result), error=None)

    def fail(self, claim: Claim, *, until: datetime, error: str) -> bool:
        return self._change(claim, leased_until=until, error=error)

    def _end_earlier(self, job: str, due_at: datetime, at: datetime) -> None:
        earlier = RunRow.job == job, RunRow.due_at < due_at
        ended = update(RunRow).values(finished_at=at, error=SUPERSEDED)
        self._connection.execute(ended.where(*earlier, RunRow.finished_at.is_(None)))
        self._connection.execute(delete(RunRow).where(*earlier, RunRow.due_at < at - KEPT))

    def _change(self, claim: Claim, **values: Any) -> bool:
        statement = (
            update(RunRow)
            .values(**values)
            .where(
                RunRow.job == claim.job,
                RunRow.due_at == claim.due_at,
                RunRow.attempt == claim.attempt,
                RunRow.finished_at.is_(None),
            )
        )
        return self._connection.execute(statement).rowcount == 1


def _run(row: Any) -> Run:
    claim = Claim(row.job, row.due_at, row.attempt)
    return Run(claim, row.claimed_at, row.leased_until, row.finished_at, row.result, row.error)


_newest = select(RunRow.job, func.max(RunRow.due_at)).group_by(RunRow.job)
_LATEST = select(*RunRow.__table__.columns).where(tuple_(RunRow.job, RunRow.due_at).in_(_newest)).order_by(RunRow.job)
