"""What Prometheus may know of a server: one registry each, told at most once a request, a statement or a group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Engine, event

from ..domain.accounts import Project
from ..domain.errors import StoreUnavailable
from ..domain.events import Event
from ..domain.ports import PersonQuery

if TYPE_CHECKING:
    from .bootstrap import Services

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_READS = ("SELECT", "WITH", "PRAGMA", "FROM")

Group = Sequence[tuple[Project, Sequence[Event]]]


class Metrics:
    """The numbers of one set of opened stores, until they are closed."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._requests = Histogram(
            "hedgerow_request_seconds",
            "Time from a complete request to the head of its answer.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._received = Counter("hedgerow_events_received", "Events taken in, repeated ones too.", registry=registry)
        self._stored = Counter("hedgerow_events_stored", "Events that were new and are stored.", registry=registry)
        self._groups = Histogram(
            "hedgerow_ingestion_seconds",
            "Time to store a group of requests' events together.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._waited = Histogram(
            "hedgerow_ingestion_wait_seconds",
            "Time that the first request of a group waited for its turn.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._cache_hits = Counter("hedgerow_cache_hits", "Trends given again.", registry=registry)
        self._cache_misses = Counter("hedgerow_cache_misses", "Trends that were not.", registry=registry)
        self._statements = Histogram(
            "hedgerow_event_store_seconds",
            "Time of a statement of the event store until its first row.",
            ("kind",),
            buckets=_SECONDS,
            registry=registry,
        )

    def measured(self, store: Callable[[Group], int]) -> Callable[[Group], int]:
        """The function that stores a group of requests, counted."""

        def measured(group: Group) -> int:
            with self._groups.time():
                stored = store(group)
            self._received.inc(sum(len(events) for _, events in group))
            self._stored.inc(stored)
            return stored

        return measured

    def answered(self, *, from_cache: bool) -> None:
        """Note whether a trend was given again."""
        (self._cache_hits if from_cache else self._cache_misses).inc()

    def waited(self, seconds: float) -> None:
        """Note how long a group waited for its turn."""
        self._waited.observe(seconds)

    def watch_engine(self, engine: Engine) -> None:
        """Time the statements of the event store: a few for each question and each group of events."""
        kinds = {True: self._statements.labels("read"), False: self._statements.labels("write")}

        # The events of the dialect: those of connections cost every statement ten times as much.
        @event.listens_for(engine, "do_execute")
        def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
            began = time.perf_counter()
            context.dialect.do_execute(cursor, statement, parameters, context)
            kinds[statement.lstrip()[:6].upper().startswith(_READS)].observe(time.perf_counter() - began)
            return True

    def watch_requests(self, app: Flask) -> None:
        """Time the requests of an application."""

        @app.before_request
        def begin() -> None:
            g.began = time.perf_counter()

        @app.after_request
        def end(response: Response) -> Response:
            if began := g.get("began"):
                route = request.url_rule.rule if request.url_rule else "none"
                labels = self._requests.labels(request.method, route, response.status_code)
                labels.observe(time.perf_counter() - began)
            return response

    def watch_services(self, services: Services, clock: Callable[[], datetime]) -> None:
        """Look at the services whenever the numbers are asked for."""
        self.registry.register(_State(services, clock))


class _State:
    """What is so at the moment. What a store that cannot be reached would tell is left out."""

    def __init__(self, services: Services, clock: Callable[[], datetime]) -> None:
        self._services = services
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        """Nothing: so that registering does not ask the stores."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        services = self._services
        yield GaugeMetricFamily("hedgerow_events_waiting", "Events to be stored.", value=services.ingester.waiting)
        try:
            yield from self._stored()
        except StoreUnavailable:
            return

    def _stored(self) -> Iterator[Metric]:
        persons = GaugeMetricFamily("hedgerow_persons", "Persons of a project.", labels=("project",))
        with self._services.relational.begin(write=False) as work:
            for project in work.accounts.projects():
                persons.add_metric((str(project.id),), work.persons.count(PersonQuery(project.id)))
            backlog = work.deletions.backlog()
        yield persons
        yield GaugeMetricFamily("hedgerow_deletions_pending", "Deletions to be done.", value=backlog.count)
        age = (self._clock() - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        yield GaugeMetricFamily(
            "hedgerow_oldest_pending_deletion_seconds", "Time since the request that waits longest.", value=age
        )
        if self._services.settings.is_embedded:
            folder = self._services.settings.data_dir
            size = GaugeMetricFamily("hedgerow_store_bytes", "Size of the embedded stores.", labels=("store",))
            for store, pattern in (("relational", "hedgerow.db*"), ("events", "events.duckdb*")):
                size.add_metric((store,), sum(file.stat().st_size for file in folder.glob(pattern)))
            yield size
