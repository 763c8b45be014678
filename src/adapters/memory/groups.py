"""Groups in memory."""

from __future__ import annotations

from ...domain.groups import Group
from .state import State


class MemoryGroupRepository:
    """The groups of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def types(self, project_id: int) -> dict[str, int]:
        return {name: index for (project, name), index in self._state.group_types.items() if project == project_id}

    def get(self, project_id: int, index: int, key: str) -> Group | None:
        properties = self._state.groups.get((project_id, index, key))
        return None if properties is None else Group(project_id, index, key, properties)
