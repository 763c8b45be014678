"""What every `RunRepository` promises. A subclass gives the fixture `begin`, units of work on an empty store."""

from __future__ import annotations

from datetime import datetime, timedelta

from hedgerow.domain.ports import UnitOfWorkFactory
from hedgerow.domain.schedules import KEPT, Claim, Run

from .account_repository import NOON

MINUTE, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(weeks=1)


def claim(
    begin: UnitOfWorkFactory, job: str = "drain", due_at: datetime = NOON, *, at: datetime = NOON
) -> Claim | None:
    with begin() as work:
        found = work.runs.claim(job, due_at, at=at, until=at + MINUTE)
        work.commit()
    return found


def claimed(begin: UnitOfWorkFactory, job: str = "drain", due_at: datetime = NOON, *, at: datetime = NOON) -> Claim:
    found = claim(begin, job, due_at, at=at)
    assert found is not None
    return found


def extend(begin: UnitOfWorkFactory, one: Claim, until: datetime) -> bool:
    with begin() as work:
        done = work.runs.extend(one, until=until)
        work.commit()
    return done


def finish(begin: UnitOfWorkFactory, one: Claim, at: datetime = NOON) -> bool:
    with begin() as work:
        done = work.runs.finish(one, at=at, result={"drained": 3})
        work.commit()
    return done


def fail(begin: UnitOfWorkFactory, one: Claim, until: datetime) -> bool:
    with begin() as work:
        done = work.runs.fail(one, until=until, error="The disk is full.")
        work.commit()
    return done


def latest(begin: UnitOfWorkFactory) -> list[Run]:
    with begin(write=False) as work:
        return list(work.runs.latest())


class RunRepositoryContract:
    def test_a_due_time_is_claimed_once(self, begin: UnitOfWorkFactory) -> None:
        assert claim(begin) == Claim("drain", NOON, 1)
        assert claim(begin) is None

    def test_jobs_and_due_times_are_claimed_apart(self, begin: UnitOfWorkFactory) -> None:
        assert claim(begin)
        assert claim(begin, "squash")
        assert claim(begin, due_at=NOON + HOUR)

    def test_an_unfinished_run_is_claimed_again_when_its_lease_has_run_out(self, begin: UnitOfWorkFactory) -> None:
        claimed(begin)

        assert claim(begin, at=NOON + MINUTE - timedelta(microseconds=1)) is None
        assert claim(begin, at=NOON + MINUTE) == Claim("drain", NOON, 2)
        assert claim(begin, at=NOON + MINUTE) is None

    def test_an_extended_lease_keeps_others_away(self, begin: UnitOfWorkFactory) -> None:
        assert extend(begin, claimed(begin), NOON + HOUR)

        assert claim(begin, at=NOON + 2 * MINUTE) is None
        assert claim(begin, at=NOON + HOUR) == Claim("drain", NOON, 2)

    def test_a_finished_run_is_never_claimed_again(self, begin: UnitOfWorkFactory) -> None:
        assert finish(begin, claimed(begin), NOON + MINUTE)

        assert claim(begin, at=NOON + WEEK) is None
        assert latest(begin) == [Run(Claim("drain", NOON, 1), NOON, NOON + MINUTE, NOON + MINUTE, {"drained": 3}, None)]

    def test_a_failed_run_rests_and_is_claimed_again(self, begin: UnitOfWorkFactory) -> None:
        assert fail(begin, claimed(begin), NOON + HOUR)

        assert claim(begin, at=NOON + 2 * MINUTE) is None
        second = claimed(begin, at=NOON + HOUR)
        assert latest(begin) == [Run(second, NOON + HOUR, NOON + HOUR + MINUTE, None, None, "The disk is full.")]
        assert finish(begin, second)
        assert latest(begin)[0].error is None

    def test_a_claim_that_another_has_taken_over_changes_nothing(self, begin: UnitOfWorkFactory) -> None:
        first = claimed(begin)
        claimed(begin, at=NOON + MINUTE)
        before = latest(begin)

        assert not extend(begin, first, NOON + WEEK)
        assert not finish(begin, first, NOON + WEEK)
        assert not fail(begin, first, NOON + WEEK)
        assert latest(begin) == before

    def test_a_finished_claim_changes_nothing(self, begin: UnitOfWorkFactory) -> None:
        one = claimed(begin)
        finish(begin, one)

        assert not extend(begin, one, NOON + WEEK)
        assert not finish(begin, one, NOON + WEEK)
        assert not fail(begin, one, NOON + WEEK)

    def test_what_was_never_claimed_cannot_be_changed(self, begin: UnitOfWorkFactory) -> None:
        assert not extend(begin, Claim("drain", NOON, 1), NOON + WEEK)

    def test_the_latest_run_of_each_job_is_told(self, begin: UnitOfWorkFactory) -> None:
        assert latest(begin) == []
        squash = claimed(begin, "squash", NOON + MINUTE)
        for due_at in (NOON + HOUR, NOON):
            claimed(begin, due_at=due_at)

        assert [run.claim for run in latest(begin)] == [Claim("drain", NOON + HOUR, 1), squash]

    def test_a_run_ends_when_the_job_is_due_again(self, begin: UnitOfWorkFactory) -> None:
        old, other = claimed(begin), claimed(begin, "squash")
        claimed(begin, due_at=NOON + HOUR, at=NOON + HOUR)

        assert not extend(begin, old, NOON + WEEK)
        assert claim(begin, at=NOON + WEEK) is None
        assert extend(begin, other, NOON + WEEK)

    def test_runs_of_long_ago_are_forgotten(self, begin: UnitOfWorkFactory) -> None:
        claimed(begin)
        claimed(begin, due_at=NOON + KEPT, at=NOON + KEPT)
        assert claim(begin, at=NOON + KEPT) is None  # still known
        claimed(begin, due_at=NOON + KEPT + HOUR, at=NOON + KEPT + HOUR)

        assert claim(begin, at=NOON + KEPT + HOUR) == Claim("drain", NOON, 1)
