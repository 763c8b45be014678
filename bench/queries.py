"""The five questions, over HTTP and as the raw SQL that an expert would write for the same file."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from hedgerow.adapters.events.tables import slot_column

from .generator import END, START
from .report import Measure
from .server import Access, Server, TrendClient

Answer = dict[str, float]

_WARM_UPS, _REPEATS = 2, 15
_OTHERS = "$$_posthog_breakdown_other_$$"
# Nothing is bound: binding alone takes DuckDB's client half a millisecond.
_HERE = f"FROM events WHERE project_id = $project AND timestamp >= '{START:%Y-%m-%d}' AND timestamp < '{END:%Y-%m-%d}'"


@dataclass(frozen=True, slots=True)
class Question:
    """`query`: what differs from a plain daily trend. `sql`: properties are written as quoted names."""

    name: str
    query: dict[str, Any]
    sql: str
    daily: bool = True


def _daily(value: str, where: str) -> str:
    return f"SELECT date_trunc('day', timestamp) AS day, {value} {_HERE} AND {where} GROUP BY day"


def _series(event: str | None, **more: Any) -> list[dict[str, Any]]:
    return [{"kind": "EventsNode", "event": event, **more}]


def _is(key: str, value: str) -> dict[str, Any]:
    return {"type": "event", "key": key, "operator": "exact", "value": [value]}


QUESTIONS = (
    Question("Q1 daily total", {"series": _series("$pageview")}, _daily("count(*)", "event = '$pageview'")),
    Question(
        "Q2 daily unique people",
        {"series": _series("$pageview", math="dau")},
        _daily("count(DISTINCT person_id)", "event = '$pageview'"),
    ),
    Question(
        "Q3 top 25 pages of all events",
        {
            "series": _series(None),
            "breakdownFilter": {"breakdown": "$current_url", "breakdown_type": "event"},
            "trendsFilter": {"display": "ActionsTable"},
        },
        f'SELECT "$current_url" AS value, count(*) AS total {_HERE} GROUP BY value ORDER BY total DESC, value',
        daily=False,
    ),
    Question(
        "Q4 daily total, two properties",
        {"series": _series("$pageview"), "properties": [_is("$browser", "Chrome"), _is("country", "DE")]},
        _daily("count(*)", """event = '$pageview' AND "$browser" = 'Chrome' AND "country" = 'DE'"""),
    ),
    Question(
        "Q5 daily p90 of a property",
        {"series": _series("purchase", math="p90", math_property="amount")},
        _daily('quantile_cont(TRY_CAST("amount" AS DOUBLE), 0.9)', "event = 'purchase'"),
    ),
)


def over_http(server: Server, access: Access) -> Iterator[tuple[float, Answer]]:
    """Each question's median milliseconds, and its answer."""
    client = TrendClient(server, access)
    for question in QUESTIONS:
        milliseconds, series = _median(partial(client.trend, _query(question)))
        if question.daily:
            yield milliseconds, dict(zip(series[0]["days"], series[0]["data"], strict=True))
        else:
            yield milliseconds, {one["breakdown_value"]: one["aggregated_value"] for one in series}


def raw(folder: Path, access: Access) -> Iterator[tuple[float, Answer]]:
    """The same in SQL, on the file of a server that has stopped."""
    with duckdb.connect(str(folder / "events.duckdb")) as connection:
        for question in QUESTIONS:
            milliseconds, rows = _median(partial(_fetch, connection, _written_out(question.sql, folder, access)))
            if question.daily:
                yield milliseconds, {f"{day:%Y-%m-%d}": value for day, value in rows}
            else:
                yield milliseconds, dict(rows[:25]) | {_OTHERS: sum(count for _, count in rows[25:])}


def compare(http: list[tuple[float, Answer]], sql: list[tuple[float, Answer]]) -> Iterator[Measure]:
    """How much longer HTTP takes. Raises `SystemExit` when a question has two different answers."""
    for question, (over_http, answer), (in_sql, expected) in zip(QUESTIONS, http, sql, strict=True):
        for key in answer.keys() | expected.keys():
            if not math.isclose(answer.get(key, 0), expected.get(key, 0)):
                raise SystemExit(f"{question.name}: {key} is {answer.get(key)} over HTTP, {expected.get(key)} in SQL")
        detail = f"{over_http:.1f} ms over HTTP, {in_sql:.1f} ms in SQL, medians of {_REPEATS}"
        yield Measure(question.name, over_http / in_sql, "× raw SQL", at_most=1.5, detail=detail)


def memory(server: Server, access: Access) -> Iterator[Measure]:
    """The server's peak after all questions were asked again, four at a time."""

    def ask(rounds: int) -> None:
        client = TrendClient(server, access)
        for question in QUESTIONS * rounds:
            client.trend(_query(question))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, [3] * 4))
    if (megabytes := server.peak_memory()) is not None:
        yield Measure("memory: peak after queries, four at a time", megabytes, "MB", at_most=500)


def _query(question: Question) -> dict[str, Any]:
    last = END - timedelta(days=1)
    dates = {"date_from": f"{START:%Y-%m-%d}", "date_to": f"{last:%Y-%m-%d}"}
    return {"kind": "TrendsQuery", "interval": "day", "dateRange": dates, **question.query}


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Any]:
    return connection.execute(sql).fetchall()


def _median(ask: Callable[[], list[Any]]) -> tuple[float, list[Any]]:
    """Median milliseconds when warm, and the last answer."""
    times = []
    for _ in range(_WARM_UPS + _REPEATS):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
    return median(times[_WARM_UPS:]), answer


def _written_out(sql: str, folder: Path, access: Access) -> str:
    """The SQL with the project and the columns that hold the properties."""
    with sqlite3.connect(folder / "hedgerow.db") as relational:
        for key, slot in relational.execute("SELECT key, slot FROM property_definitions WHERE kind = 'event'"):
            sql = sql.replace(f'"{key}"', slot_column(slot))
    return sql.replace("$project", str(access.project))
