"""The same questions on the ClickHouse engine, in PostHog's two layouts: properties in one JSON text, and a column for
each of them beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import duckdb

from .dataset import Access, columns_of
from .generator import KEYS
from .queries import CLICKHOUSE_COLUMNS, CLICKHOUSE_JSON, Question, Timed, timed

_PYTHON = Path(__file__).parents[1] / "build/clickhouse/bin/python"
_ABSENT = "Nothing is compared with ClickHouse: `make clickhouse` installs its engine, in an environment of its own."
_ENGINE = Path(__file__).with_name("clickhouse_engine.py")

# The order is PostHog's, which keeps the events of a day and a name together.
_EVENTS = """
    ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp)
    ORDER BY (project_id, toDate(timestamp), event, cityHash64(distinct_id), cityHash64(uuid))
"""
_PERSONS = "ENGINE = MergeTree ORDER BY (project_id, uuid)"
_HOLDERS = "ENGINE = MergeTree ORDER BY (project_id, distinct_id)"
# PostHog's way to read a property.
_IN_JSON = """nullIf(replaceRegexpAll(JSONExtractRaw(properties, '{key}'), '^"|"$', ''), '')"""


def is_installed() -> bool:
    """Whether it can be asked; if not, how to get it is told."""
    if not _PYTHON.exists():
        print(_ABSENT, file=sys.stderr)
    return _PYTHON.exists()


def answers(
    kept: Path, folder: Path, access: Access, questions: Sequence[Question]
) -> dict[str, Sequence[Timed | None]]:
    """Both layouts' answers by what they are called; None for questions about no property, which are the same in both.

    `kept`: where the events are kept for the next run. `folder`: of a server that has stopped.
    """
    if not (kept / "complete").exists():
        shutil.rmtree(kept, ignore_errors=True)
        with _Engine(kept) as engine:
            _import_traffic(engine, folder, access)
        (kept / "complete").touch()
    with _Engine(kept) as engine:
        _import_holders(engine, folder)
        columns, texts = [], []
        for question in questions:
            sql = (question.clickhouse or question.sql).replace("$project", str(access.project))
            in_columns, in_json = _in_columns(sql), _in_json(sql)
            columns.append(timed(question, partial(engine.ask, in_columns)))
            texts.append(None if in_json == in_columns else timed(question, partial(engine.ask, in_json)))
    return {CLICKHOUSE_COLUMNS: columns, CLICKHOUSE_JSON: texts}


class _Engine:
    """The engine's process over its own folder."""

    def __init__(self, folder: Path) -> None:
        self._command = [str(_PYTHON), str(_ENGINE), str(folder)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask("SET join_use_nulls = 1")  # as elsewhere: a row without a match has no values
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def ask(self, sql: str) -> list[list[Any]]:
        """The rows of a statement."""
        print(json.dumps(sql), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline() if self._process.stdout else ""
        answer = json.loads(line or '{"error": "the engine ended"}')
        if isinstance(answer, dict):
            raise SystemExit(f"ClickHouse refused {sql}: {answer['error']}")
        rows: list[list[Any]] = answer
        return rows

    def fill(self, table: str, source: duckdb.DuckDBPyConnection, select: str, engine: str) -> None:
        """A new table of what another database selects."""
        with TemporaryDirectory(prefix="hedgerow-bench-") as scratch:
            file = Path(scratch) / f"{table}.parquet"
            source.execute(f"COPY ({select}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
            self.ask(f"DROP TABLE IF EXISTS {table}")
            read = f"SELECT * FROM file('{file}', Parquet) SETTINGS schema_inference_make_columns_nullable = 0"  # noqa: S608
            self.ask(f"CREATE TABLE {table} {engine} AS {read}")


def _import_traffic(engine: _Engine, folder: Path, access: Access) -> None:
    events, persons = (columns_of(folder, kind, access.project) for kind in ("event", "person"))
    members = ", ".join(f"{_quoted(key)}, {column}" for key, column in persons.items())
    with _opened(folder) as source:
        of_events = f"project_id, uuid, event, distinct_id, person_id, timestamp, properties, {_texts(events, KEYS)}"
        engine.fill("events", source, f"SELECT {of_events} FROM events", _EVENTS)  # noqa: S608
        engine.ask("ALTER TABLE events MODIFY COLUMN properties String CODEC(ZSTD(3))")  # PostHog's, too
        engine.ask("OPTIMIZE TABLE events FINAL")  # a part a month, as after a while of rest
        of_persons = f"project_id, uuid, json_object({members}) AS properties, {_texts(persons, ['plan'])}"
        engine.fill("persons", source, f"SELECT {of_persons} FROM persons", _PERSONS)  # noqa: S608


def _import_holders(engine: _Engine, folder: Path) -> None:
    with _opened(folder) as source:
        engine.fill("holders", source, "SELECT project_id, distinct_id, person_id FROM holders", _HOLDERS)


def _opened(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "events.duckdb"), read_only=True, config={"preserve_insertion_order": False})


def _texts(columns: Mapping[str, str], keys: Sequence[str]) -> str:
    """Without NULL, as PostHog's columns are."""
    return ", ".join(f"coalesce({columns[key]}, '') AS \"{key}\"" for key in keys)


def _quoted(key: str) -> str:
    return "'" + key.replace("'", "''") + "'"


def _in_columns(sql: str) -> str:
    return sql.replace("[plan]", '"plan"')


def _in_json(sql: str) -> str:
    for key in KEYS:
        sql = sql.replace(f'"{key}"', _IN_JSON.format(key=key))
    return sql.replace("[plan]", _IN_JSON.format(key="plan"))
