"""Finding what access rules can be about: the projects' objects that have a creator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..domain.access import Resource, Target, project_target
from ..domain.ports import UnitOfWork

OwnedObjects: TypeAlias = Callable[[UnitOfWork, int, Resource, str], Target | None]
"""From a project's id, a resource and an id as a URL gives it to the object with its creator, or None."""


def find_owned(work: UnitOfWork, project_id: int, resource: Resource, reference: str) -> Target | None:
    """A project, or None: nothing else has rules of its own yet."""
    return project_target(project_id) if resource is Resource.PROJECT else None
