"""Property keys and their slots in memory."""

from __future__ import annotations

from collections.abc import Collection

from ...domain.ports import MAX_PROPERTY_KEY
from .state import State


class MemoryPropertyRepository:
    """The property definitions of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def load(self, project_id: int, kind: str) -> dict[str, int | None]:
        return {
            key: slot
            for (project, known_kind, key), slot in self._state.definitions.items()
            if (project, known_kind) == (project_id, kind)
        }

    def define(self, project_id: int, kind: str, keys: Collection[str], *, slots: int, limit: int) -> None:
        for key in keys:
            known = self.load(project_id, kind)
            if key in known or len(known) >= limit or len(key) > MAX_PROPERTY_KEY:
                continue
            free = (slot for slot in range(slots) if slot not in known.values())
            self._state.definitions[project_id, kind, key] = next(free, None)
