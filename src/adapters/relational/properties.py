"""Each project's property keys and the slots of the first ones."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from ...domain.ports import MAX_PROPERTY_KEY
from .batch import insert_batch, run
from .population import lock_projects
from .tables import PropertyDefinitionRow


class SqlPropertyRepository:
    """The property definitions in a relational store, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load(self, project_id: int, kind: str) -> dict[str, int | None]:
        statement = select(PropertyDefinitionRow.key, PropertyDefinitionRow.slot).where(
            PropertyDefinitionRow.project_id == project_id, PropertyDefinitionRow.kind == kind
        )
        return {key: slot for key, slot in self._connection.execute(statement)}  # noqa: C416 - rows are no pairs

    def define(self, project_id: int, kind: str, keys: Collection[str], *, slots: int, limit: int) -> None:
        lock_projects(self._connection, [project_id])
        known = self.load(project_id, kind)
        taken = {slot for slot in known.values() if slot is not None}
        free = iter(slot for slot in range(slots) if slot not in taken)
        new = [key for key in dict.fromkeys(keys) if key not in known and len(key) <= MAX_PROPERTY_KEY]
        rows = ((project_id, kind, key, next(free, None)) for key in new[: max(0, limit - len(known))])
        run(self._connection, _INSERT, rows)


_INSERT = insert_batch(
    PropertyDefinitionRow.project_id,
    PropertyDefinitionRow.kind,
    PropertyDefinitionRow.key,
    PropertyDefinitionRow.slot,
)
