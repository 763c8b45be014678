"""Eight dashboards that refresh at once, tile by tile, while events arrive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import orjson

from .dataset import Access
from .generator import people_of, wire
from .ingest import event_count
from .queries import QUESTIONS, query_of
from .report import Measure, percentile
from .server import Server, TrendClient

_DASHBOARDS = 8
_TILES = 10
_ROUNDS = 3
_RATE = 5_000  # events a second that are offered
_BATCH = 100
_BATCHES = 2_000
_SENDERS = 16


def measure(server: Server, access: Access) -> Iterator[Measure]:
    """Seconds that tiles take. Raises `SystemExit` when a tile or a batch is refused, or an acknowledged event lost."""
    arrivals = _Arrivals(server, access)
    with ThreadPoolExecutor(_DASHBOARDS + _SENDERS) as pool:
        senders = [pool.submit(arrivals.send) for _ in range(_SENDERS)]
        began = time.perf_counter()
        viewers = [pool.submit(_refresh, server, access, number) for number in range(_DASHBOARDS)]
        try:
            tiles = [seconds for viewer in viewers for seconds in viewer.result()]
        finally:
            arrivals.over.set()
        acknowledged = sum(sender.result() for sender in senders)
        seconds = time.perf_counter() - began
    if (found := event_count(server, access)) != access.loaded + acknowledged:
        raise SystemExit(f"{acknowledged:,} events were acknowledged, {found - access.loaded:,} can be queried.")
    detail = f"{len(tiles)} tiles, {_DASHBOARDS} at a time, median {percentile(tiles, 0.5):.2f} s, no error"
    yield Measure("dashboards: p95 of a tile", percentile(tiles, 0.95), "s", at_most=1, detail=detail)
    yield Measure("dashboards: events meanwhile", acknowledged / seconds, "events/s", detail=f"{_RATE:,}/s offered")


class _Arrivals:
    """Batches sent at a steady rate until it is over or all are sent; what is late is sent as soon as it can be."""

    def __init__(self, server: Server, access: Access) -> None:
        self.over = threading.Event()
        self._server = server
        made = wire(access.loaded, access.loaded + _BATCH * _BATCHES, people_of(access.loaded))
        batches = (made[at : at + _BATCH] for at in range(0, len(made), _BATCH))
        bodies = [orjson.dumps({"api_key": access.token, "batch": batch}) for batch in batches]
        self._began = time.perf_counter()
        due = (self._began + number * _BATCH / _RATE for number in range(_BATCHES))
        self._left = list(zip(due, bodies, strict=True))[::-1]

    def send(self) -> int:
        """How many events were acknowledged on this connection."""
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        acknowledged = 0
        while self._left and not self.over.is_set():
            try:
                due, body = self._left.pop()
            except IndexError:  # another sender took it
                break
            if self.over.wait(max(0.0, due - time.perf_counter())):
                break
            connection.request("POST", "/batch/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.read() != b'{"status":"Ok"}' or response.status != 200:
                raise SystemExit(f"A batch was answered {response.status}.")
            acknowledged += _BATCH
        return acknowledged


def _refresh(server: Server, access: Access, number: int) -> list[float]:
    """The seconds of each tile of a dashboard; every tile is computed, none comes from the cache."""
    client = TrendClient(server, access)
    tiles: list[dict[str, Any]] = [query_of(QUESTIONS[(number + tile) % len(QUESTIONS)]) for tile in range(_TILES)]
    times = []
    for tile in tiles * _ROUNDS:
        began = time.perf_counter()
        client.trend(tile)
        times.append(time.perf_counter() - began)
    return times
