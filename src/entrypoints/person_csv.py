"""Persons as CSV: nested properties as columns, the whole list in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..domain.accounts import Project
from ..domain.persons import Person, anonymous_last, display_name

FIXED_COLUMNS = ("created_at", "id", "is_identified", "last_seen_at", "name", "uuid")


def person_csv_rows(
    persons: Callable[[], Iterable[Person]], project: Project, *, every_id: bool = False
) -> Iterator[Sequence[object]]:
    """A header, sorted by code point, and a row for each person.

    The persons are read twice: for all columns there are, at once, and for the rows, as these are taken. A property
    that comes into being between the two has no column. `every_id`: as in `person_body`.
    """
    columns = _columns(persons(), project)
    return _rows(persons(), project, columns, every_id=every_id)


def _rows(
    persons: Iterable[Person], project: Project, columns: list[str], *, every_id: bool
) -> Iterator[Sequence[object]]:
    yield columns
    for person in persons:
        ids = anonymous_last(person.distinct_ids) if every_id else person.distinct_ids
        cells = dict(_cells(person, project, ids))
        yield [cells.get(column, "") for column in columns]


def _columns(persons: Iterable[Person], project: Project) -> list[str]:
    columns = set(FIXED_COLUMNS)
    most_ids = 0
    plain: set[str] = set()
    for person in persons:
        most_ids = max(most_ids, len(person.distinct_ids))
        for key, value in person.properties.items():
            if isinstance(value, dict | list):
                columns.update(column for column, _ in _flattened(f"properties.{key}", value))
            elif key not in plain:
                plain.add(key)
        if isinstance(name := display_name(person, project.person_display_name_properties), dict | list):
            columns.update(column for column, _ in _flattened("name", name))
    columns.update(f"properties.{key}" for key in plain)
    columns.update(f"distinct_ids.{place}" for place in range(most_ids))
    return sorted(columns)


def _cells(person: Person, project: Project, ids: Sequence[str]) -> Iterator[tuple[str, object]]:
    yield "created_at", person.created_at
    yield from ((f"distinct_ids.{place}", one) for place, one in enumerate(ids))
    yield "id", person.id
    yield "is_identified", person.is_identified
    yield "last_seen_at", person.last_seen_at
    yield from _flattened("name", display_name(person, project.person_display_name_properties))
    for key, value in person.properties.items():
        yield from _flattened(f"properties.{key}", value)
    yield "uuid", person.uuid


def _flattened(name: str, value: Any) -> Iterator[tuple[str, object]]:
    """What is within an object or a list, by its path; empty ones have nothing within."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flattened(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _flattened(f"{name}.{place}", inner)
    else:
        yield name, value
