"""The runs of scheduled jobs in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ...domain.schedules import KEPT, SUPERSEDED, Claim, Result, Run
from .state import State


class MemoryRunRepository:
    """The runs of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def latest(self) -> Sequence[Run]:
        newest = {job: run for (job, _), run in sorted(self._state.runs.items())}
        return list(newest.values())

    def claim(self, job: str, due_at: datetime, *, at: datetime, until: datetime) -> Claim | None:
        known = self._state.runs.get((job, due_at))
        if known and (known.finished_at or known.leased_until > at):
            return None
        if known is None:
            self._end_earlier(job, due_at, at)
        claim = Claim(job, due_at, known.claim.attempt + 1 if known else 1)
        self._state.runs[job, due_at] = Run(claim, at, until, error=known.error if known else None)
        return claim

    def extend(self, claim: Claim, *, until: datetime) -> bool:
        return self._change(claim, leased_until=until)

    def finish(self, claim: Claim, *, at: datetime, result: Result) -> bool:
        return self._change(claim, finished_at=at, result=dict(result), error=None)

    def fail(self, claim: Claim, *, until: datetime, error: str) -> bool:
        return self._change(claim, leased_until=until, error=error)

    def _end_earlier(self, job: str, due_at: datetime, at: datetime) -> None:
        for key, run in list(self._state.runs.items()):
            if key[0] != job or key[1] >= due_at:
                continue
            if key[1] < at - KEPT:
                del self._state.runs[key]
            elif run.finished_at is None:
                self._state.runs[key] = replace(run, finished_at=at, error=SUPERSEDED)

    def _change(self, claim: Claim, **values: Any) -> bool:
        run = self._state.runs.get((claim.job, claim.due_at))
        if run is None or run.claim != claim or run.finished_at is not None:
            return False
        self._state.runs[claim.job, claim.due_at] = replace(run, **values)
        return True
