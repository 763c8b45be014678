"""Persons over HTTP: pages, look-ups, searches, filters, and the export of all of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from .dataset import Access, first_name, load_people, properties_of
from .report import Measure, percentile
from .server import Server

_REPETITIONS = 40


@dataclass(frozen=True, slots=True)
class _Client:
    connection: HTTPConnection
    path: str
    headers: dict[str, str]

    def get(self, path: str = "", **query: Any) -> Any:
        """The JSON of a GET of persons, which must succeed."""
        if query:
            path += "?" + urlencode({k: json.dumps(v) if isinstance(v, list) else v for k, v in query.items()})
        return self.follow(self.path + path)

    def follow(self, path: str) -> Any:
        self.connection.request("GET", path, headers=self.headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} was refused: {body.decode()}")
        return json.loads(body)


def measure(folder: Path, persons: int) -> Iterator[Measure]:
    """Load so many persons, serve them, and measure the targets."""
    access = load_people(folder, persons, _distinct_id)
    yield Measure("saving persons", access.loaded / access.seconds, "persons/s")
    with Server(folder) as server:
        client = _client(server, access)
        yield from _pages(client, persons)
        yield from _look_ups(client, persons)
    with Server(folder) as server:  # anew, so that what it takes at most is what the export takes
        client = _client(server, access)
        client.get(search="warm")
        yield from _export(client, server, persons)


def _client(server: Server, access: Access) -> _Client:
    return _Client(
        HTTPConnection("127.0.0.1", server.port, timeout=600),
        f"/api/projects/{access.project}/persons",
        {"Authorization": f"Bearer {access.key}"},
    )


def _distinct_id(number: int) -> str:
    """Half of them a number's, half of them anonymous."""
    if number % 2:
        return f"user-{number}"
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}-{number:08x}-16525635-16a7f0-{number:012x}"


def _pages(client: _Client, persons: int) -> Iterator[Measure]:
    yield _timed("first page of 100 persons", lambda _: client.get(), 50)
    page = client.get(limit=1)
    if page["count"] != persons:
        raise SystemExit(f"{page['count']} of {persons} persons are there.")
    deep = min(5_000, persons // 100 - 2)
    # Where that page begins, without walking all pages before it.
    after = client.get(limit=1, offset=deep * 100 - 1)["next"]
    path = after.replace("limit=1&", "limit=100&") if after else ""
    parts = urlsplit(path)
    yield _timed(f"page {deep:,} by cursor", lambda _: client.follow(f"{parts.path}?{parts.query}"), 50)


def _look_ups(client: _Client, persons: int) -> Iterator[Measure]:
    def number(turn: int) -> int:
        return (turn * 7919 + 13) % persons

    def email(turn: int) -> Any:
        return client.get(email=properties_of(number(turn))["email"])

    yield _timed("by distinct id", lambda turn: client.get(distinct_id=_distinct_id(number(turn))), 50)
    yield _timed("by e-mail", email, 50)
    yield _timed("search of one person's e-mail", lambda turn: client.get(search=f"{number(turn)}@EXAMPLE"), 100)
    yield _timed("search of part of an id", lambda turn: client.get(search=f"user-{number(turn) | 1}"), 100)
    yield _timed("search that finds nobody", lambda turn: client.get(search=f"nobody{turn}"), 100)
    yield _timed("search of a common name", lambda turn: client.get(search=first_name(turn) + "."), 100)
    yield _timed("search that finds everybody", lambda _: client.get(search="example"), 100)
    yield _timed("search of part of half the ids", lambda _: client.get(search="user-"), 100)
    yield _timed("search of two letters", lambda _: client.get(search="qz"))
    for operator, key, value in (
        ("exact", "plan", "team"),
        ("is_not", "plan", "team"),
        ("icontains", "email", "novak"),
        ("regex", "email", "^Ada.*7@"),
        ("gt", "age", 80),
        ("is_set", "nowhere", ""),
        ("exact", 'it\'s "quoted" $a.b \\ 🌿', 7),
    ):
        where = [{"key": key, "operator": operator, "value": value, "type": "person"}]
        yield _timed(f"filter {operator} on {key[:5]}", partial(_filtered, client, where), 100)
    yield _timed("values of a property", lambda _: client.get("/values", key="plan"))


def _filtered(client: _Client, where: list[dict[str, Any]], _: int) -> Any:
    return client.get(properties=where)


def _export(client: _Client, server: Server, persons: int) -> Iterator[Measure]:
    before = server.peak_memory()
    began = time.perf_counter()
    client.connection.request("GET", f"{client.path}.csv", headers=client.headers)
    response = client.connection.getresponse()
    response.read(1)
    first_byte = time.perf_counter() - began
    rows = 0
    while chunk := response.read(1 << 20):
        rows += chunk.count(b"\r\n")
    if rows != persons + 1:
        raise SystemExit(f"The export has {rows - 1} of {persons} persons.")
    yield Measure("CSV of all persons", time.perf_counter() - began, "s", detail=f"first byte after {first_byte:.1f} s")
    after = server.peak_memory()
    if before is not None and after is not None:
        yield Measure("memory that the CSV took", after - before, "MB", at_most=64)


def _timed(what: str, ask: Callable[[int], Any], at_most: float | None = None) -> Measure:
    """The 95th percentile of some askings, in milliseconds."""
    ask(0)
    times = []
    for turn in range(_REPETITIONS):
        began = time.perf_counter()
        ask(turn)
        times.append((time.perf_counter() - began) * 1000)
    return Measure(
        what, percentile(times, 0.95), "ms p95", at_most=at_most, detail=f"median {percentile(times, 0.5):.1f}"
    )
