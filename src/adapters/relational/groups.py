"""Group types and groups: saved with the batch that brought them, read by key."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import orjson
from sqlalchemy import Connection, Text, cast, select, update

from ...domain.groups import Group
from ...domain.population import Population
from .batch import batch_of, fetch, insert_batch, run
from .columns import to_micros
from .tables import GroupRow, GroupTypeRow


class SqlGroupRepository:
    """Groups over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def types(self, project_id: int) -> dict[str, int]:
        return types(self._connection, [project_id])[project_id]

    def get(self, project_id: int, index: int, key: str) -> Group | None:
        statement = select(GroupRow.properties).where(
            GroupRow.project_id == project_id, GroupRow.index == index, GroupRow.key == key
        )
        row = self._connection.execute(statement).one_or_none()
        return None if row is None else Group(project_id, index, key, row.properties)


def types(connection: Connection, projects: Collection[int]) -> dict[int, dict[str, int]]:
    """Each project's group types with their index."""
    found: dict[int, dict[str, int]] = {project_id: {} for project_id in projects}
    for project_id, name, index in fetch(connection, _TYPES, ((project_id,) for project_id in projects)):
        found[project_id][name] = index
    return found


def save(connection: Connection, population: Population, at: datetime) -> list[Group]:
    """Keep new group types, and merge group properties shallowly into what is stored; the groups, merged."""
    named = ((project_id, index, name) for (project_id, name), index in population.new_group_types.items())
    run(connection, _INSERT_TYPES, named)
    stored = {(one.project_id, one.index, one.key): one for one in described(connection, population.groups)}
    updated: list[tuple[object, ...]] = []
    new: list[tuple[object, ...]] = []
    merged = []
    for key, properties in population.groups.items():
        group = Group(*key, {**stored[key].properties, **properties} if key in stored else properties)
        merged.append(group)
        row = (*key, orjson.dumps(group.properties).decode())
        if key in stored:
            updated.append(row)
        else:
            new.append((*row, to_micros(at)))
    run(connection, _UPDATE, updated)
    run(connection, _INSERT, new)
    return merged


def described(connection: Connection, keys: Collection[tuple[int, int, str]]) -> list[Group]:
    """Those of these groups, each by project, index and key, that have been described."""
    return [
        Group(project_id, index, key, orjson.loads(properties))
        for project_id, index, key, properties in fetch(connection, _STORED, keys)
    ]


# --- statements ---------------------------------------------------------------------------------------------

_projects = batch_of(GroupTypeRow.project_id)
_TYPES = select(GroupTypeRow.project_id, GroupTypeRow.name, GroupTypeRow.index).where(
    GroupTypeRow.project_id.in_(select(_projects.c.project_id))
)
_INSERT_TYPES = insert_batch(GroupTypeRow.project_id, GroupTypeRow.index, GroupTypeRow.name)

_group = (GroupRow.project_id, GroupRow.index, GroupRow.key, GroupRow.properties)
_groups = batch_of(*_group)
_same_group = (
    (GroupRow.project_id == _groups.c.project_id)
    & (GroupRow.index == _groups.c.index)
    & (GroupRow.key == _groups.c.key)
)
_STORED = (
    select(GroupRow.project_id, GroupRow.index, GroupRow.key, cast(GroupRow.properties, Text))
    .select_from(_groups)
    .join(GroupRow, _same_group)
)
_UPDATE = update(GroupRow).values(properties=_groups.c.properties).where(_same_group)
_INSERT = insert_batch(*_group, GroupRow.created_at)
