"""What is to be done at which times, and the record of what was.

A job's due times come from a cron expression in UTC. Each due time has one run at most, however many processes look:
whoever claims it first has it, for as long as its lease is renewed. A due time that passed while nobody looked is
made up for once, the latest only; those from before a job was looked for at all are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from .errors import InvalidInput

_FIELDS = 5
_MINUTE = timedelta(minutes=1)
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)

Result = Mapping[str, int]
"""What a job did, as numbers by name."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields, in UTC. Raises `InvalidInput` for one that cannot be read or never comes."""

    expression: str

    def __post_init__(self) -> None:
        try:
            if len(self.expression.split()) != _FIELDS:
                raise ValueError
            self.latest(_ANY_TIME)
        except ValueError:
            raise InvalidInput(f"{self.expression!r} is not a cron expression such as '0 5 * * SUN'") from None

    def latest(self, at: datetime) -> datetime:
        """The last due time that is not after `at`."""
        from croniter import croniter  # slow to import, and most commands ask for no due time

        after = at.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE  # the library looks strictly before
        found: datetime = croniter(self.expression, after).get_prev(datetime)
        return found


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job is due."""

    job: str
    cron: Cron


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do what a job was due for at `due_at`. Each further claim of the same has a higher `attempt`,
    from 1, and ends the earlier one."""

    job: str
    due_at: datetime
    attempt: int


@dataclass(frozen=True, slots=True)
class Run:
    """What has become of a due time. Until `finished_at` is set it may be claimed again after `leased_until`.

    `error` is what made the last attempt fail, or why no further one was made; `result` is what a success did.
    """

    claim: Claim
    claimed_at: datetime
    leased_until: datetime
    finished_at: datetime | None = None
    result: Result | None = None
    error: str | None = None


KEPT = timedelta(days=90)
"""Older runs are forgotten when a job is due again."""

SUPERSEDED = "The job was due again before this run had finished."


class RunRepository(Protocol):
    """The runs of all jobs: the truth about what is done, for any number of processes."""

    def latest(self) -> Sequence[Run]:
        """The run with the latest due time of each job that has any, by name."""

    def claim(self, job: str, due_at: datetime, *, at: datetime, until: datetime) -> Claim | None:
        """The claim, leased until then; None when the run has finished or is leased beyond `at`.

        The first claim of a due time ends the job's earlier runs and forgets the oldest.
        """

    def extend(self, claim: Claim, *, until: datetime) -> bool:
        """Whether the claim is still good; if so, it now is until then."""

    def finish(self, claim: Claim, *, at: datetime, result: Result) -> bool:
        """Whether the claim was still good; if so, the run has finished."""

    def fail(self, claim: Claim, *, until: datetime, error: str) -> bool:
        """Whether the claim was still good; if so, nobody may claim the run again until then."""
