"""Groups: companies and the like, which events name by type and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .events import Properties


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a type, which has an index from 0 to 4 in its project."""

    project_id: int
    index: int
    key: str
    properties: Properties


class GroupRepository(Protocol):
    """The group types and groups of all projects, read. Events bring them, so `PersonRepository.save` writes them."""

    def types(self, project_id: int) -> Mapping[str, int]:
        """The project's group types with their index."""

    def get(self, project_id: int, index: int, key: str) -> Group | None:
        """A group that was described by an event, or None."""
