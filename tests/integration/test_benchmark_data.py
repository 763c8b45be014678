"""The benchmarks' data, which is written straight into the stores, is what sending it would have stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from bench.dataset import Access, add_people, load_events, make_project, merge_some, send, timed
from bench.generator import people_of
from bench.queries import QUESTIONS, query_of
from hedgerow.domain.trends_query import parse_trends_query
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.settings import Settings

EVENTS = 2_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Access]:
    folder = tmp_path_factory.mktemp("bench") / "written"
    return folder, load_events(folder, EVENTS)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Access]:
    folder = tmp_path_factory.mktemp("bench") / "sent"
    people = people_of(EVENTS)
    with opened(Settings(data_dir=folder)) as services:
        project, key = make_project(services)
        add_people(services, project.id, people, lambda number: f"user-{number}")
        assert send(services, project, timed(0, EVENTS, people, EVENTS)) == EVENTS
    return folder, Access(project.id, project.api_token, key, EVENTS, 0)


def test_each_event_is_stored_as_if_it_had_been_sent(written: tuple[Path, Access], sent: tuple[Path, Access]) -> None:
    for theirs, ours in zip(_events(sent[0]), _events(written[0]), strict=True):
        assert ours == theirs


def test_every_question_has_the_same_answer(written: tuple[Path, Access], sent: tuple[Path, Access]) -> None:
    for folder, access in (written, sent):
        merge_some(folder, access)
    assert _answers(*written) == _answers(*sent)


def _events(folder: Path) -> list[Any]:
    """All that an event says, but when it was stored and which version its person had by then."""
    with duckdb.connect(str(folder / "events.duckdb")) as connection:
        found = connection.execute("SELECT * EXCLUDE (created_at, person_version) FROM events ORDER BY timestamp, uuid")
        names = [column[0] for column in found.description or ()]
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in found.fetchall()
        ]


def _answers(folder: Path, access: Access) -> list[Any]:
    with opened(Settings(data_dir=folder)) as services:
        project = next(one for one in services.accounts.projects() if one.id == access.project)
        results = [
            services.trends.run(project, parse_trends_query(query_of(question), project)) for question in QUESTIONS
        ]
    return [[(row.breakdown, row.data) for row in result.rows] for result in results]
