"""What is written, as rows of the tables: properties as texts in their slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from ...domain.conditions import lower, text_of
from ...domain.events import Properties, StoredEvent
from ...domain.groups import Group
from ...domain.ports import PersonCopy
from .slots import UNSLOTTED, PropertySlots
from .tables import BETWEEN

Row = dict[str, Any]


def event_rows(stored: Sequence[StoredEvent], slots: PropertySlots) -> list[Row]:
    """Rows of `events`. Keys that are new become known first."""
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for one in stored:
        keys[one.event.project_id].update(one.event.properties)
    columns = {project: slots.define(project, "event", sorted(new - UNSLOTTED)) for project, new in keys.items()}
    return [_event_row(one, columns[one.event.project_id]) for one in stored]


def person_rows(people: Iterable[PersonCopy], slots: PropertySlots) -> list[Row]:
    """Rows of `persons`: the newest copy of each. Keys that are new become known first."""
    newest: dict[tuple[int, Any], PersonCopy] = {}
    for person in people:
        key = (person.project_id, person.uuid)
        if key not in newest or newest[key].version <= person.version:
            newest[key] = person
    read = [(person, orjson.loads(person.properties_json)) for person in newest.values()]
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for person, properties in read:
        keys[person.project_id].update(properties)
    columns = {project: slots.define(project, "person", sorted(new)) for project, new in keys.items()}
    rows = []
    for person, properties in read:
        row: Row = {
            "project_id": person.project_id,
            "uuid": person.uuid,
            "version": person.version,
            "id": person.id,
            "created_at": person.created_at,
            "updated_at": person.updated_at,
            "search": lower(BETWEEN.join(text_of(properties.get(key)) or "" for key in ("email", "name"))),
        }
        _put_texts(row, properties, columns[person.project_id], but=())
        rows.append(row)
    return rows


def id_rows(given: Iterable[tuple[int, str, UUID]]) -> list[Row]:
    """Rows of `ids`."""
    return [
        {"project_id": project, "distinct_id": one, "person_id": person, "search": lower(one)}
        for project, one, person in given
    ]


def group_rows(given: Iterable[Group]) -> list[Row]:
    """Rows of `groups`: of each group the last."""
    last = {(group.project_id, group.index, group.key): group for group in given}
    return [
        {
            "project_id": project,
            "index": index,
            "key": key,
            "others": text_of({name: text_of(value) for name, value in group.properties.items() if value is not None}),
        }
        for (project, index, key), group in last.items()
    ]


def _event_row(one: StoredEvent, columns: Mapping[str, str | None]) -> Row:
    event = one.event
    row: Row = {
        "project_id": event.project_id,
        "uuid": event.uuid,
        "event": event.name,
        "distinct_id": event.distinct_id,
        "person_id": one.person_id,
        "person_version": one.person_version,
        "person_created_at": one.person_created_at,
        "person_mode": int(one.person_mode),
        "timestamp": event.timestamp,
        "created_at": one.created_at,
        "historical": event.historical,
        "elements_chain": event.elements_chain,
        "properties": text_of(event.properties),
    }
    for index, key in one.groups.items():
        row[f"group_{index}"] = key
    _put_texts(row, event.properties, columns, but=UNSLOTTED)
    return row


def _put_texts(row: Row, properties: Properties, columns: Mapping[str, str | None], *, but: Collection[str]) -> None:
    others: Properties = {}
    for key, value in properties.items():
        column = columns.get(key)
        if value is None or (column is None and key in but):
            continue
        kind = type(value)
        # The commonest types are told apart here: this loop runs for every property of every event.
        text = value if kind is str else str(value) if kind is int else text_of(value)
        if column is None:
            others[key] = text
        else:
            row[column] = text
    if others:
        row["others"] = orjson.dumps(others).decode()
