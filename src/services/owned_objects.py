"""Finding what access rules can be about: projects and insights."""

from __future__ import annotations

from ..domain.access import Resource, Target, object_target, project_target
from ..domain.insights import Insight
from ..domain.operators import storable
from ..domain.ports import UnitOfWork


def find_owned(work: UnitOfWork, project_id: int, resource: Resource, reference: str) -> Target | None:
    """The project, or an insight of it with its creator; None where there is none.

    Nobody changes or deletes it before a unit of work that writes ends.
    """
    if resource is Resource.PROJECT:
        return project_target(project_id)
    if resource is not Resource.INSIGHT:
        return None
    insight = find_insight(work, project_id, reference)
    return None if insight is None or insight.deleted else object_target(resource, insight)


def find_insight(work: UnitOfWork, project_id: int, reference: str) -> Insight | None:
    """An insight, deleted or not, by its id or its short id as a URL gives it."""
    if reference.isascii() and reference.isdigit():
        return work.insights.get(project_id, int(reference)) if len(reference) < 20 else None
    return work.insights.by_short_id(project_id, storable(reference))
