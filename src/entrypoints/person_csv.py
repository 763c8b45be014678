"""Persons as CSV: nested properties as columns, the whole list in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..domain.accounts import Project
from ..domain.events import Properties
from ..domain.persons import Person, anonymous_last, display_name, display_property
from ..domain.ports import Outline

FIXED_COLUMNS = ("created_at", "id", "is_identified", "last_seen_at", "name", "uuid")
_CONTAINERS = frozenset({dict, list})


def person_columns(outlines: Iterable[Outline], project: Project) -> list[str]:
    """The columns of all persons together, sorted by code point."""
    columns = set(FIXED_COLUMNS)
    keys: set[str] = set()
    most_ids = 0
    for outline in outlines:
        most_ids = max(most_ids, outline.most_ids)
        for properties in outline.properties:
            if _CONTAINERS.isdisjoint(map(type, properties.values())):
                keys.update(properties)  # nearly always, and quick
                continue
            keys.update(key for key, value in properties.items() if type(value) not in _CONTAINERS)
            columns.update(column for column, _ in _nested(properties, project))
    columns.update(f"properties.{key}" for key in keys)
    columns.update(f"distinct_ids.{place}" for place in range(most_ids))
    return sorted(columns)


def person_rows(
    persons: Iterable[Person], columns: Sequence[str], project: Project, *, every_id: bool = False
) -> Iterator[Sequence[object]]:
    """A header, and a row for each person. What has no column is left out: it came after these were read.

    `every_id`: as in `person_body`.
    """
    yield columns
    for person in persons:
        ids = anonymous_last(person.distinct_ids) if every_id else person.distinct_ids
        cells = dict(_cells(person, project, ids))
        yield [cells.get(column, "") for column in columns]


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


def _nested(properties: Properties, project: Project) -> Iterator[tuple[str, object]]:
    """Of the objects and lists among a person's properties, and of its name if that is one."""
    for name, value in (
        *((f"properties.{key}", value) for key, value in properties.items()),
        ("name", display_property(properties, project.person_display_name_properties)),
    ):
        if type(value) in _CONTAINERS:
            yield from _flattened(name, value)


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
