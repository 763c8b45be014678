"""Cron windows, and the promise that each is served once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.schedules import Claim, Cron, Result, Run, Schedule
from hedgerow.services.schedule import LEASE, PAUSE, Interrupted, ScheduleService
from hypothesis import given
from hypothesis import strategies as st

SUNDAY = datetime(2026, 11, 22, 5, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
DRAIN = Schedule("drain", Cron("0 5 * * SUN"))
SQUASH = Schedule("squash", Cron("30 3 * * *"))


class Time:
    """A clock that is set by hand."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Stage:
    """A schedule service at a time of its own, which looked a week ago, and what its jobs did since."""

    def __init__(self, begin: MemoryUnitOfWorkFactory, at: datetime, *schedules: Schedule) -> None:
        self.begin = begin
        self.time = Time(at)
        self.service = ScheduleService(begin, self.time, schedules or (DRAIN,))
        self.done: list[Claim] = []
        self.time.at = at - WEEK
        assert self.service.claim_due() == []
        self.time.at = at

    def tick(self, body: Callable[[], Result] = lambda: {"n": 1}) -> list[Claim]:
        claims = self.service.claim_due()
        self.done += [claim for claim in claims if self.service.perform(claim, body) is not None]
        return claims

    def latest(self) -> Run:
        with self.begin(write=False) as work:
            return work.runs.latest()[0]


@pytest.fixture
def stage() -> Stage:
    return Stage(MemoryUnitOfWorkFactory(), SUNDAY)


@pytest.mark.parametrize(
    ("expression", "at", "latest"),
    [
        ("0 5 * * SUN", SUNDAY, SUNDAY),
        ("0 5 * * SUN", SUNDAY + timedelta(microseconds=1), SUNDAY),
        ("0 5 * * SUN", SUNDAY - timedelta(microseconds=1), SUNDAY - WEEK),
        ("0 5 * * 0", SUNDAY + 3 * DAY, SUNDAY),
        ("0 5 * * 7", SUNDAY + 3 * DAY, SUNDAY),
        ("30 3 * * *", SUNDAY, SUNDAY.replace(hour=3, minute=30)),
        ("*/15 * * * *", SUNDAY + timedelta(minutes=14), SUNDAY),
        ("0 0 29 2 *", SUNDAY, datetime(2024, 2, 29, tzinfo=UTC)),
        ("0 5 * * SUN", SUNDAY.astimezone(timezone(timedelta(hours=14))), SUNDAY),
    ],
)
def test_the_last_due_time_is_found(expression: str, at: datetime, latest: datetime) -> None:
    assert Cron(expression).latest(at) == latest


@given(st.integers(0, 10**8).map(lambda seconds: SUNDAY - seconds * timedelta(seconds=1)))
def test_no_due_time_lies_between_the_last_one_and_now(at: datetime) -> None:
    latest = Cron("0 5 * * SUN").latest(at)

    assert (latest.isoweekday(), latest.time().isoformat()) == (7, "05:00:00")
    assert timedelta() <= at - latest < WEEK


@pytest.mark.parametrize(
    "expression",
    ["", "x", "61 * * * *", "0 5 * *", "0 5 * * SUN 0", "@weekly", "0 0 30 2 *", "H 5 * * *", "0 5 * * FOO"],
)
def test_what_is_no_cron_expression_is_refused_in_one_line(expression: str) -> None:
    with pytest.raises(InvalidInput, match="is not a cron expression such as") as refusal:
        Cron(expression)

    assert "\n" not in refusal.value.detail


def test_a_due_job_is_done_once(stage: Stage) -> None:
    for minutes in range(5):
        stage.time.at = SUNDAY + timedelta(minutes=minutes)
        stage.tick()

    assert stage.done == [Claim("drain", SUNDAY, 1)]
    assert (stage.latest().finished_at, stage.latest().result) == (SUNDAY, {"n": 1})


def test_a_job_that_is_new_has_missed_nothing() -> None:
    time = Time(SUNDAY - HOUR)
    service = ScheduleService(MemoryUnitOfWorkFactory(), time, [DRAIN])

    for minutes in (0, 30, 59):
        time.at = SUNDAY - HOUR + timedelta(minutes=minutes)
        assert service.claim_due() == []
    time.at = SUNDAY
    assert service.claim_due() == [Claim("drain", SUNDAY, 1)]


def test_a_job_is_done_again_at_its_next_time(stage: Stage) -> None:
    stage.tick()
    stage.time.at = SUNDAY + WEEK
    stage.tick()

    assert [claim.due_at for claim in stage.done] == [SUNDAY, SUNDAY + WEEK]


def test_the_latest_of_the_times_that_were_missed_is_made_up_for_once(stage: Stage) -> None:
    stage.tick()
    stage.time.at = SUNDAY + 5 * WEEK + 3 * DAY
    for _ in range(3):
        stage.tick()

    assert [claim.due_at for claim in stage.done] == [SUNDAY, SUNDAY + 5 * WEEK]


def test_several_jobs_have_times_of_their_own() -> None:
    stage = Stage(MemoryUnitOfWorkFactory(), SUNDAY, DRAIN, SQUASH)
    for hours in range(48):
        stage.time.at = SUNDAY + hours * HOUR
        stage.tick()

    squash = SUNDAY.replace(hour=3, minute=30)
    assert [(claim.job, claim.due_at) for claim in stage.done] == [
        ("drain", SUNDAY),
        ("squash", squash),
        ("squash", squash + DAY),
        ("squash", squash + 2 * DAY),
    ]


def test_one_job_can_be_asked_for() -> None:
    stage = Stage(MemoryUnitOfWorkFactory(), SUNDAY, DRAIN, SQUASH)

    assert [claim.job for claim in stage.service.claim_due("drain")] == ["drain"]
    assert [claim.job for claim in stage.service.claim_due()] == ["squash"]


def test_ten_schedulers_make_one_run() -> None:
    begin = MemoryUnitOfWorkFactory()
    stages = [Stage(begin, SUNDAY) for _ in range(10)]
    threads = [threading.Thread(target=stage.tick) for stage in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [claim for stage in stages for claim in stage.done] == [Claim("drain", SUNDAY, 1)]


def test_what_a_killed_process_had_claimed_is_taken_over_after_the_lease(stage: Stage) -> None:
    stage.service.claim_due()  # and then it is killed

    stage.time.at = SUNDAY + LEASE - timedelta(microseconds=1)
    assert stage.tick() == []
    stage.time.at = SUNDAY + LEASE
    assert stage.tick() == [Claim("drain", SUNDAY, 2)]
    assert stage.latest().finished_at == SUNDAY + LEASE


def test_a_claim_that_was_taken_over_is_not_performed(stage: Stage) -> None:
    (late,) = stage.service.claim_due()
    stage.time.at = SUNDAY + LEASE
    stage.tick()

    assert stage.service.perform(late, lambda: pytest.fail("done twice")) is None


def test_a_job_that_runs_for_long_keeps_its_claim() -> None:
    begin = MemoryUnitOfWorkFactory()
    time = Time(SUNDAY)
    service = ScheduleService(begin, time, [DRAIN], lease=timedelta(milliseconds=30))
    assert service.claim_due() == []
    time.at = SUNDAY + WEEK
    (claim,) = service.claim_due()

    def body() -> Result:
        for minutes in (1, 2):
            time.at = SUNDAY + WEEK + timedelta(minutes=minutes)
            wait_until(lambda: leased_until() > time.at)
            assert service.claim_due() == []
        return {}

    def leased_until() -> datetime:
        with begin(write=False) as work:
            return work.runs.latest()[0].leased_until

    assert service.perform(claim, body) == {}


def test_a_job_that_fails_is_tried_again_after_a_pause(stage: Stage) -> None:
    def broken() -> Result:
        raise OSError("The disk is full.")

    with pytest.raises(OSError, match="full"):
        stage.tick(broken)
    assert (stage.latest().finished_at, stage.latest().error) == (None, "OSError: The disk is full.")

    stage.time.at = SUNDAY + PAUSE - timedelta(seconds=1)
    assert stage.tick() == []
    stage.time.at = SUNDAY + PAUSE
    stage.tick()
    assert stage.done == [Claim("drain", SUNDAY, 2)]
    assert stage.latest().error is None


def test_an_interrupted_job_is_done_by_the_next_who_looks(stage: Stage) -> None:
    def interrupted() -> Result:
        raise Interrupted

    stage.tick(interrupted)
    assert (stage.latest().finished_at, stage.latest().error) == (None, None)

    stage.time.at = SUNDAY + LEASE
    stage.tick()
    assert stage.done == [Claim("drain", SUNDAY, 2)]


def test_a_schedule_that_becomes_rarer_does_not_repeat_what_is_done() -> None:
    begin = MemoryUnitOfWorkFactory()
    Stage(begin, SUNDAY + DAY, Schedule("drain", Cron("0 * * * *"))).tick()

    assert Stage(begin, SUNDAY + DAY, DRAIN).tick() == []


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = threading.Event()
    for _ in range(1_000):
        if condition():
            return
        deadline.wait(0.01)
    raise AssertionError("it did not come about")
