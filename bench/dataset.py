"""The data that is measured on: a project with people and their traffic, as the server would have written it.

The people are saved by the product itself. Their traffic is written in SQL into the events table, which is fifty times
quicker than sending it; a test holds it against the same events sent through the product.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import orjson
from hedgerow.adapters.events.dialects.duckdb_file import open_engine
from hedgerow.adapters.events.tables import SLOTS, slot_column
from hedgerow.adapters.occurrences import TemporaryOccurrenceCounter
from hedgerow.domain.accounts import Project
from hedgerow.domain.events import Properties
from hedgerow.entrypoints.bootstrap import Services, now, opened
from hedgerow.entrypoints.settings import Settings
from hedgerow.services.imports import Row
from hedgerow.services.people import PeopleWriter

from .generator import END, KEYS, START, Wire, people_of, traffic, wire

_EVENTS_AT_ONCE = 500_000
_PEOPLE_AT_ONCE = 5_000
_MERGED_SHARE = 20  # one id of so many
_FIRST = "Ada Ben Cleo Dan Eva Finn Gita Hans Iris Jon Kira Liam Mia Noor Otto Pia Quin Rosa Sven Tara".split()
_LAST = "Adler Brandt Costa Dubois Eklund Ferrari Garcia Hansen Ito Jansen Kowalski Lindqvist Meyer Novak".split()


@dataclass(frozen=True, slots=True)
class Access:
    """The benchmark's project in a data folder: id, token, personal API key; how many events, or persons, were loaded
    and the seconds it took."""

    project: int
    token: str
    key: str
    loaded: int
    seconds: float


def load_events(folder: Path, events: int) -> Access:
    """A project with that many events, and a fiftieth as many people; what an earlier run left, if there is such."""
    people = people_of(events)

    def write(services: Services, project: Project) -> None:
        add_people(services, project.id, people, lambda number: f"user-{number}")
        with services.relational.begin() as work:
            work.properties.define(project.id, "event", sorted(KEYS), slots=SLOTS, limit=len(KEYS))
            work.commit()

    return _kept(folder, events, write, lambda project: _write_traffic(folder, project.id, events, people))


def load_people(folder: Path, count: int, distinct_id: Callable[[int], str]) -> Access:
    """A project with that many persons and no events, likewise."""
    return _kept(folder, count, lambda services, project: add_people(services, project.id, count, distinct_id))


def _kept(
    folder: Path,
    size: int,
    save: Callable[[Services, Project], None],
    write: Callable[[Project], None] = lambda project: None,
) -> Access:
    """`save` is called with the stores open, then `write` with them closed, unless both were before."""
    note = folder / "bench.json"
    if note.exists():
        return Access(**json.loads(note.read_text()))
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
    began = time.perf_counter()
    with opened(Settings(data_dir=folder)) as services:
        project, key = make_project(services)
        save(services, project)
    write(project)
    access = Access(project.id, project.api_token, key, size, time.perf_counter() - began)
    folder.mkdir(parents=True, exist_ok=True)  # with both stores elsewhere nothing has made it
    note.write_text(json.dumps(asdict(access)))
    return access


def make_project(services: Services) -> tuple[Project, str]:
    """A project, and a key that may read everything in it."""
    project = services.accounts.create_project("Benchmark")
    services.accounts.create_user("bench@example.com")
    scopes = ["person:read", "insight:read", "query:read"]
    return project, services.accounts.create_key("bench@example.com", scopes=scopes)[1]


def add_people(services: Services, project_id: int, count: int, distinct_id: Callable[[int], str]) -> None:
    """Save so many persons, each with one distinct id."""
    writer = PeopleWriter(services.relational.begin, services.events)
    for first in range(0, count, _PEOPLE_AT_ONCE):
        numbers = range(first, min(first + _PEOPLE_AT_ONCE, count))
        with writer.turn() as work:
            population = work.persons.population([(project_id, distinct_id(number)) for number in numbers])
            for number in numbers:
                one, at = distinct_id(number), START + timedelta(seconds=number)
                population.create(project_id, one, [one], at, properties_of(number))
            projection = work.persons.save(population, at=now())
            writer.finish(work, [], projection)
        _tell("people", numbers.stop, count)


def properties_of(number: int) -> Properties:
    """The properties of a person."""
    first, last = first_name(number), _LAST[number // 7 % len(_LAST)]
    return {
        "email": f"{first}.{last}{number}@example.com",
        "name": f"{first} {last}",
        "plan": ("free", "free", "free", "team", "enterprise")[number % 5],
        "age": number % 80 + 10,
        "$initial_browser": ("Chrome", "Safari", "Firefox")[number % 3],
        'it\'s "quoted" $a.b \\ 🌿': number % 10,
    }


def first_name(number: int) -> str:
    """The first name of a person."""
    return _FIRST[number % len(_FIRST)]


def send(services: Services, project: Project, events: Iterator[Wire]) -> int:
    """Import events through the product; how many were stored."""
    with TemporaryOccurrenceCounter() as occurrences:
        rows = (Row(number, event) for number, event in enumerate(events, start=1))
        return services.imports.run(project, rows, occurrences).imported


def timed(first: int, last: int, people: int, events: int) -> Iterator[Wire]:
    """Events of the loaded traffic in capture's shape."""
    step = (END - START) / events
    for number, event in enumerate(wire(first, last, people), start=first):
        properties = orjson.loads(orjson.dumps(event["properties"]))
        yield {**event, "properties": properties, "timestamp": (START + number * step).isoformat()}


def merge_some(folder: Path, access: Access) -> None:
    """Merge one of twenty ids into its neighbour, after everything else has happened."""
    with opened(Settings(data_dir=folder)) as services:
        project = next(one for one in services.accounts.projects() if one.id == access.project)
        merges = (
            {
                "event": "$merge_dangerously",
                "distinct_id": f"user-{number}",
                "timestamp": (END + timedelta(days=1)).isoformat(),
                "properties": {"alias": f"user-{number + 1}"},
            }
            for number in range(0, people_of(access.loaded) - 1, _MERGED_SHARE)
        )
        send(services, project, merges)


def columns_of(folder: Path, kind: str, project: int) -> dict[str, str]:
    """The column of each property of a project's events or persons."""
    with opened(Settings(data_dir=folder)) as services, services.relational.begin(write=False) as work:
        slots = work.properties.load(project, kind)
    return {key: slot_column(slot) for key, slot in slots.items() if slot is not None}


def _write_traffic(folder: Path, project: int, events: int, people: int) -> None:
    columns = columns_of(folder, "event", project)
    texts = ", ".join(f'made."{key}" AS {columns[key]}' for key in KEYS)
    engine = open_engine(Settings(data_dir=folder).events)
    for first in range(0, events, _EVENTS_AT_ONCE):
        last = min(first + _EVENTS_AT_ONCE, events)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"""
                INSERT INTO events BY NAME
                SELECT {project} AS project_id, made.uuid, event, made.distinct_id, ids.person_id, 0 AS person_version,
                    persons.created_at AS person_created_at, 0 AS person_mode, timestamp, timestamp AS created_at,
                    true AS historical, '' AS elements_chain, stored AS properties, {texts}
                FROM ({traffic(first, last, people, events=events)}) AS made
                    JOIN (SELECT DISTINCT distinct_id, person_id FROM ids WHERE project_id = {project}) AS ids
                        ON ids.distinct_id = made.distinct_id
                    JOIN persons ON persons.project_id = {project} AND persons.uuid = ids.person_id
            """)  # noqa: S608 - names, numbers and the generator's own SQL
        _tell("events", last, events)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()


def _tell(what: str, done: int, of: int) -> None:
    print(f"\rloading {what}: {done:,} of {of:,} ", end="" if done < of else "\n", file=sys.stderr)
