"""The only place where adapters meet services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from flask import current_app
from sqlalchemy import Engine

from .. import __version__
from ..adapters import migrations
from ..adapters.answers import ProcessAnswerCache, RedisAnswerCache
from ..adapters.events.store import SqlEventStore
from ..adapters.ingester import Ingester
from ..adapters.limits import ProcessRateLimiter, RedisRateLimiter
from ..adapters.relational import engine as relational
from ..adapters.relational.compaction import compact
from ..adapters.relational.snapshots import snapshot
from ..adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from ..domain.answers import AnswerCache
from ..domain.errors import HedgerowError, StoreUnavailable
from ..domain.limits import RateLimiter
from ..domain.ports import UnitOfWorkFactory
from ..domain.schedules import Cron, Schedule
from ..services.access import AccessPolicy
from ..services.access_rules import AccessRuleService
from ..services.accounts import AccountService
from ..services.actions import ActionService
from ..services.activity import ActivityService
from ..services.actors import ActorService
from ..services.backups import BackupService
from ..services.capture import CaptureService
from ..services.cohorts import CohortService
from ..services.deletions import DeletionQueue, DeletionService
from ..services.imports import ImportService
from ..services.insights import InsightService
from ..services.maintenance import MaintenanceService
from ..services.people import PeopleWriter
from ..services.person_edits import PersonEditor
from ..services.persons import PersonService
from ..services.retention import RetentionService
from ..services.roles import RoleService
from ..services.schedule import ScheduleService
from ..services.timelines import TimelineService
from ..services.trends import TrendService
from .metrics import Metrics
from .settings import Settings, read_settings
from .warnings import warn


def now() -> datetime:
    """The clock of the running product."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Relational:
    """What needs the relational store only, and so works beside a running server."""

    engine: Engine
    begin: UnitOfWorkFactory
    accounts: AccountService
    deletions: DeletionQueue
    roles: RoleService
    access_rules: AccessRuleService
    schedule: ScheduleService

    def close(self) -> None:
        self.engine.dispose()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a server needs. `close` stores what was accepted and lets go of both stores."""

    settings: Settings
    relational: Relational
    events: SqlEventStore
    answers: AnswerCache
    capture: CaptureService
    ingester: Ingester
    imports: ImportService
    persons: PersonService
    person_edits: PersonEditor
    activity: ActivityService
    deletions: DeletionService
    timelines: TimelineService
    trends: TrendService
    actors: ActorService
    maintenance: MaintenanceService
    actions: ActionService
    cohorts: CohortService
    insights: InsightService
    access: AccessPolicy
    metrics: Metrics
    backups: BackupService
    retention: RetentionService

    @property
    def accounts(self) -> AccountService:
        return self.relational.accounts

    @property
    def access_rules(self) -> AccessRuleService:
        return self.relational.access_rules

    def problems(self) -> list[str]:
        """Why the server cannot serve now; empty when it can."""
        problems = []
        try:
            with self.relational.begin(write=False) as work:
                work.accounts.projects()
            if not migrations.is_current(self.relational.engine):
                problems.append("The database needs `hedgerow db upgrade`.")
        except HedgerowError as error:
            problems.append(error.detail)
        try:
            self.events.ping()
        except HedgerowError as error:
            problems.append(error.detail)
        if not self.ingester.is_running:
            problems.append("Events are not being stored: the server must be started again.")
        return problems

    def close(self) -> None:
        self.ingester.close()
        self.answers.close()
        self.events.close()
        self.relational.close()


def open_relational(settings: Settings, *, upgrade: bool = True) -> Relational:
    """Open the relational store, migrating an embedded one first."""
    embedded = not settings.database_url
    if embedded:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = relational.create(settings.database)
    if embedded and upgrade:
        migrations.upgrade(engine)
    begin = SqlUnitOfWorkFactory(engine)
    return Relational(
        engine,
        begin,
        AccountService(begin, now),
        DeletionQueue(begin, now),
        RoleService(begin, now),
        AccessRuleService(begin, now),
        ScheduleService(begin, now, _schedules(settings)),
    )


def open_services(settings: Settings) -> Services:
    """Open both stores. Raises `StoreUnavailable` when another process holds the embedded event store."""
    store = open_relational(settings)
    begin = store.begin
    if not settings.events_url:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        events = SqlEventStore(settings.events, begin)
    except BaseException:
        store.close()
        raise
    people = PeopleWriter(begin, events)
    with suppress(StoreUnavailable):  # whoever asks whether the server is ready is told then
        people.catch_up()
    capture = CaptureService(begin, events, people, now, warn)
    persons = PersonService(begin, events.people)
    answers = answer_cache(settings)
    trends = TrendService(begin, events, answers, now)
    metrics = Metrics()
    metrics.watch_engine(events.engine)
    services = Services(
        settings=settings,
        relational=store,
        events=events,
        answers=answers,
        capture=capture,
        ingester=Ingester(metrics.measured(capture.store), waited=metrics.waited),
        imports=ImportService(capture, now, warn),
        persons=persons,
        person_edits=PersonEditor(people, now),
        activity=ActivityService(begin),
        deletions=DeletionService(
            begin, now, people, events, (events.compact, partial(compact, store.engine), answers.clear)
        ),
        timelines=TimelineService(begin, events, now),
        trends=trends,
        actors=ActorService(events, events.people, trends, persons),
        maintenance=MaintenanceService(events),
        actions=ActionService(begin, now),
        cohorts=CohortService(begin, now, events.people),
        insights=InsightService(begin, now),
        access=AccessPolicy(begin, now, rate_limiter(settings)),
        metrics=metrics,
        backups=BackupService(people, partial(snapshot, store.engine), events.snapshot, now),
        retention=RetentionService(begin, events),
    )
    metrics.watch_services(services, now)
    return services


def _schedules(settings: Settings) -> list[Schedule]:
    """When jobs are due; `jobs.bodies` says what each does."""
    found = [Schedule("retention", Cron("0 3 * * *")), Schedule("squash", Cron("30 3 * * *"))]
    if settings.deletion_schedule:
        found.append(Schedule("drain", Cron(settings.deletion_schedule)))
    return found


def rate_limiter(settings: Settings) -> RateLimiter | None:
    """What counts requests, None where nothing does."""
    if settings.rate_limits == "off":
        return None
    return RedisRateLimiter(settings.redis_url) if settings.redis_url else ProcessRateLimiter()


def answer_cache(settings: Settings) -> AnswerCache:
    """Where answers are kept to be given again."""
    return RedisAnswerCache(settings.redis_url, __version__) if settings.redis_url else ProcessAnswerCache()


@contextmanager
def relational_store() -> Iterator[Relational]:
    """The relational store for the length of a command; works beside a running server."""
    store = open_relational(read_settings())
    try:
        yield store
    finally:
        store.close()


@contextmanager
def accounts() -> Iterator[AccountService]:
    """Its account service alone."""
    with relational_store() as store:
        yield store.accounts


@contextmanager
def deletion_queue() -> Iterator[DeletionQueue]:
    """The deletion queue for the length of a command; works beside a running server."""
    store = open_relational(read_settings())
    try:
        yield store.deletions
    finally:
        store.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Services]:
    """Both stores for the length of a command."""
    services = open_services(settings)
    try:
        yield services
    finally:
        services.close()


def services() -> Services:
    """The services of the application that handles this request."""
    found: Services = current_app.extensions["hedgerow"]
    return found
