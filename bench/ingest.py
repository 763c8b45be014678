"""Ingestion over HTTP, by clients in processes of their own that have encoded everything before the clock starts."""

from __future__ import annotations

import gzip
import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path

import orjson
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.settings import Settings

from .dataset import Access, make_project, send, timed
from .generator import Wire, people_of, wire
from .report import Measure, percentile
from .server import Server, TrendClient

_EVENTS = 200_000  # stored by each load of 100-event requests
_CLIENTS = 2
_STORED = b'{"status":"Ok"}'


@dataclass(frozen=True, slots=True)
class Load:
    """How many requests of `size` events, by how many connections at a time, which share of sessions by new people."""

    what: str
    requests: int
    size: int = 100
    connections: int = 16
    zipped: bool = False
    newcomers: float = 0.02

    @property
    def events(self) -> int:
        return self.requests * self.size


def measure(server: Server, access: Access) -> Iterator[Measure]:
    """Rates and latencies of each load. Raises `SystemExit` when the server has not kept what it acknowledged."""
    requests = max(1, min(_EVENTS, access.loaded) // 100)
    kept = access.loaded
    for load in (
        Load("100-event requests", requests),
        Load("100-event requests, gzip", requests, zipped=True),
        Load("100-event requests, all people new", requests // 2, newcomers=1.0),
        Load("1-event requests", requests * 10, size=1, connections=32),
    ):
        seconds, latencies = _run(load, server.port, access, first=kept)
        kept += load.events
        low, high = (percentile(latencies, share) * 1000 for share in (0.5, 0.99))
        detail = f"{load.requests:,} requests, {load.connections} at a time, p50 {low:.1f} ms, p99 {high:.1f} ms"
        target = 2_000 if load.size == 1 else 25_000
        yield Measure(load.what, load.events / seconds, "events/s", at_least=target, detail=detail)
    yield Measure("1-event requests, p99", high, "ms", at_most=100)
    found = event_count(server, access)
    if found != kept:
        raise SystemExit(f"{kept:,} events were acknowledged, {found:,} can be queried.")
    yield Measure("acknowledged events that can be queried", 100 * found / kept, "%", at_least=100)


def event_count(server: Server, access: Access) -> int:
    """How many events the project has, as an answer says."""
    query = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": None}],
        "dateRange": {"date_from": "all"},
        "trendsFilter": {"display": "BoldNumber"},
    }
    return int(TrendClient(server, access).trend(query)[0]["aggregated_value"])


def _run(load: Load, port: int, access: Access, *, first: int) -> tuple[float, list[float]]:
    """Seconds from the first request to the last answer, and each request's seconds."""
    spawn = multiprocessing.get_context("spawn")
    pipes = []
    for client in range(_CLIENTS):
        ours, theirs = spawn.Pipe()
        share = load.requests * client // _CLIENTS, load.requests * (client + 1) // _CLIENTS
        numbers = range(*(first + load.size * one for one in share))
        spawn.Process(target=_client, args=(theirs, load, port, access, numbers), daemon=True).start()
        theirs.close()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()  # its requests are ready
    for pipe in pipes:
        pipe.send("go")
    results = [pipe.recv() for pipe in pipes]
    began, ended = min(result[0] for result in results), max(result[1] for result in results)
    return ended - began, list(chain.from_iterable(result[2] for result in results))


def _client(pipe: Connection, load: Load, port: int, access: Access, numbers: range) -> None:
    made = wire(numbers.start, numbers.stop, people_of(access.loaded), newcomers=load.newcomers)
    requests = [_request(load, access, made[at : at + load.size]) for at in range(0, len(made), load.size)]
    del made
    pipe.send("ready")
    pipe.recv()
    began = time.perf_counter()
    with ThreadPoolExecutor(load.connections) as pool:
        connections = [pool.submit(_post, port, requests) for _ in range(load.connections // _CLIENTS)]
        latencies = list(chain.from_iterable(one.result() for one in connections))
    pipe.send((began, time.perf_counter(), latencies))


def _request(load: Load, access: Access, made: Sequence[Wire]) -> bytes:
    at = datetime.now(UTC).isoformat()
    events = [{**event, "timestamp": at} for event in made]
    body = orjson.dumps({"api_key": access.token, "batch": events, "historical_migration": False})
    encoding = b""
    if load.zipped:
        body, encoding = gzip.compress(body, 6), b"Content-Encoding: gzip\r\n"
    return (
        b"POST /batch/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"%sContent-Length: %d\r\n\r\n%s" % (encoding, len(body), body)
    )


def _post(port: int, requests: list[bytes]) -> list[float]:
    """Take requests until none is left; bare sockets, so that the clients leave the cores to the server."""
    latencies: list[float] = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                request = requests.pop()
            except IndexError:
                return latencies
            began = time.perf_counter()
            connection.sendall(request)
            answer = b""
            while _STORED not in answer:
                answer += (more := connection.recv(65_536))
                if not more or not answer.startswith(b"HTTP/1.1 200"):
                    raise ConnectionError(f"The server refused a request: {answer.decode()}")
            latencies.append(time.perf_counter() - began)


def measure_import(folder: Path, events: int = 50_000) -> Measure:
    """The rate of `hedgerow events import` for events in the order of time, reading the file aside."""
    with opened(Settings(data_dir=folder)) as services:
        project, _ = make_project(services)
        made = list(timed(0, events, people_of(events), events))
        began = time.perf_counter()
        if send(services, project, iter(made)) != events:
            raise SystemExit("Not all events were imported.")
        return Measure("import of events", events / (time.perf_counter() - began), "events/s")
