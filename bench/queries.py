"""Eight questions over HTTP, and as the SQL that an expert would write for the same file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from .dataset import Access, columns_of
from .generator import END, START
from .report import Measure
from .server import Server, TrendClient

Answer = dict[str, float]
Timed = tuple[float, Answer]
"""Median milliseconds, and the answer."""

OTHERS = "$$_posthog_breakdown_other_$$"
LIMIT = 25
RAW_SQL, CLICKHOUSE_COLUMNS, CLICKHOUSE_JSON = "raw SQL", "ClickHouse columns", "ClickHouse JSON"
"""Other ways to ask than HTTP."""
_TARGETS = {RAW_SQL: 1.5, CLICKHOUSE_COLUMNS: 1.0}
_WARM_UPS, _REPEATS = 2, 15
_PATIENCE = 20_000.0  # milliseconds for one question
_OF_PROJECT = "project_id = $project"
# Nothing is bound: binding alone takes DuckDB's client half a millisecond.
_IN_TIME = f"timestamp >= '{START:%Y-%m-%d}' AND timestamp < '{END:%Y-%m-%d}'"
_HERE = f"FROM events WHERE {_OF_PROJECT} AND {_IN_TIME}"


@dataclass(frozen=True, slots=True)
class Question:
    """`query`: what differs from a plain daily trend. `sql`: properties are written as names in double quotes, those
    of persons in square brackets. `clickhouse`: the same where ClickHouse has other words for it. `merged`: asked after
    one of twenty ids was merged into another."""

    name: str
    query: dict[str, Any]
    sql: str
    clickhouse: str = ""
    daily: bool = True
    merged: bool = False


def _daily(value: str, where: str) -> str:
    return f"SELECT date_trunc('day', timestamp) AS day, {value} {_HERE} AND {where} GROUP BY day"


def _series(event: str | None, **more: Any) -> list[dict[str, Any]]:
    return [{"kind": "EventsNode", "event": event, **more}]


def _is(key: str, value: str, of: str = "event") -> dict[str, Any]:
    return {"type": of, "key": key, "operator": "exact", "value": [value]}


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
        _daily('quantileExactInclusive(0.9)(toFloat64OrNull("amount"))', "event = 'purchase'"),
    ),
    Question(
        "Q6 weekly actives by day",
        {"series": _series("purchase", math="weekly_active")},
        # A day of activity counts for seven days, or until the next such day: what begins minus what ends.
        f"""
        WITH active AS (
            SELECT DISTINCT person_id, CAST(timestamp AS DATE) AS day FROM events
            WHERE {_OF_PROJECT} AND event = 'purchase'
                AND timestamp >= DATE '{START:%Y-%m-%d}' - 6 AND timestamp < '{END:%Y-%m-%d}'
        ), spans AS (
            SELECT day, least(day + 7, lead(day, 1, day + 7) OVER (PARTITION BY person_id ORDER BY day)) AS until
            FROM active
        ), changes AS (
            SELECT greatest(day, DATE '{START:%Y-%m-%d}') AS day, CAST(count(*) AS BIGINT) AS change FROM spans
            GROUP BY ALL
            UNION ALL
            SELECT greatest(until, DATE '{START:%Y-%m-%d}'), -CAST(count(*) AS BIGINT) FROM spans GROUP BY ALL
        )
        SELECT day, sum(sum(change)) OVER (ORDER BY day) FROM changes WHERE day < '{END:%Y-%m-%d}' GROUP BY day
        """,  # noqa: S608 - this module's own words
    ),
    Question(
        "Q7 daily unique people, of one plan",
        {"series": _series("$pageview", math="dau"), "properties": [_is("plan", "team", of="person")]},
        _daily(
            "count(DISTINCT person_id)",
            f"event = '$pageview' AND person_id IN (SELECT uuid FROM persons WHERE {_OF_PROJECT} AND [plan] = 'team')",  # noqa: S608
        ),
    ),
    Question(
        "Q8 daily unique people, 5 % merged",
        {"series": _series("$pageview", math="dau")},
        f"""
        SELECT date_trunc('day', timestamp) AS day, count(DISTINCT coalesce(holders.person_id, events.person_id))
        FROM events LEFT JOIN holders USING (project_id, distinct_id)
        WHERE {_OF_PROJECT} AND {_IN_TIME} AND event = '$pageview' GROUP BY day
        """,  # noqa: S608
        merged=True,
    ),
)


def query_of(question: Question) -> dict[str, Any]:
    """The question as a TrendsQuery."""
    last = END - timedelta(days=1)
    dates = {"date_from": f"{START:%Y-%m-%d}", "date_to": f"{last:%Y-%m-%d}"}
    return {"kind": "TrendsQuery", "interval": "day", "dateRange": dates, **question.query}


def over_http(server: Server, access: Access, questions: Sequence[Question]) -> list[Timed]:
    """Each question as a client asks it."""
    client = TrendClient(server, access)
    found: list[Timed] = []
    for question in questions:
        milliseconds, series = _median(partial(client.trend, query_of(question)))
        if question.daily:
            found.append((milliseconds, dict(zip(series[0]["days"], series[0]["data"], strict=True))))
        else:
            found.append((milliseconds, {one["breakdown_value"]: one["aggregated_value"] for one in series}))
    return found


def in_sql(folder: Path, access: Access, questions: Sequence[Question]) -> list[Timed]:
    """The same in SQL, on the file of a server that has stopped."""
    events, persons = (columns_of(folder, kind, access.project) for kind in ("event", "person"))
    statements = [_written_out(question.sql, access, events, persons) for question in questions]
    with duckdb.connect(str(folder / "events.duckdb")) as connection:
        connection.execute("SET memory_limit = '320MB'")  # as the server does
        return [
            timed(question, lambda sql=sql: connection.execute(sql).fetchall())  # type: ignore[misc]
            for question, sql in zip(questions, statements, strict=True)
        ]


def timed(question: Question, ask: Callable[[], Sequence[Sequence[Any]]]) -> Timed:
    """A question to a database whose rows are days, or values in their order."""
    milliseconds, rows = _median(ask)
    if question.daily:
        return milliseconds, {str(day)[:10]: float(number) for day, number in rows}
    most = {value: float(count) for value, count in rows[:LIMIT]}
    return milliseconds, most | {OTHERS: float(sum(count for _, count in rows[LIMIT:]))}


def compare(
    questions: Sequence[Question], http: Sequence[Timed], others: Mapping[str, Sequence[Timed | None]]
) -> Iterator[Measure]:
    """How much longer HTTP takes than the ways that there is a target for, beside how long each way takes.

    None: it was not asked. Raises `SystemExit` when a question has two different answers.
    """
    for place, question in enumerate(questions):
        milliseconds, answer = http[place]
        medians = {"HTTP": milliseconds}
        for way, results in others.items():
            if result := results[place]:
                medians[way], expected = result
                _check(question, way, answer, expected)
        detail = ", ".join(f"{way} {median:.1f}" for way, median in medians.items()) + " ms"
        for way, target in _TARGETS.items():
            if way in medians:
                yield Measure(question.name, milliseconds / medians[way], f"× {way}", at_most=target, detail=detail)
                detail = ""


def memory(server: Server, access: Access) -> Iterator[Measure]:
    """The server's peak after all questions were asked again, four at a time."""

    def ask(rounds: int) -> None:
        client = TrendClient(server, access)
        for question in QUESTIONS * rounds:
            client.trend(query_of(question))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, [3] * 4))
    if (megabytes := server.peak_memory()) is not None:
        yield Measure("memory: peak after queries, four at a time", megabytes, "MB", at_most=500)


def _check(question: Question, way: str, answer: Answer, expected: Answer) -> None:
    for key in answer.keys() | expected.keys():
        if not math.isclose(answer.get(key, 0), expected.get(key, 0)):
            raise SystemExit(f"{question.name}: {key} is {answer.get(key)} over HTTP, {expected.get(key)} in {way}")


def _median(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Median milliseconds when warm, and the last answer; what takes seconds is asked less often."""
    times: list[float] = []
    while len(times) < _WARM_UPS + _REPEATS and (len(times) <= _WARM_UPS or sum(times) < _PATIENCE):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
    return median(times[_WARM_UPS:]), answer


def _written_out(sql: str, access: Access, events: Mapping[str, str], persons: Mapping[str, str]) -> str:
    """The SQL with the project and the columns that hold the properties."""
    for key, column in events.items():
        sql = sql.replace(f'"{key}"', column)
    for key, column in persons.items():
        sql = sql.replace(f"[{key}]", column)
    return sql.replace("$project", str(access.project))
