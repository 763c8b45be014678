"""Insights: kept, changed and found. Their numbers are the trend service's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.accounts import Project, User
from ..domain.activity import Fields, object_changed
from ..domain.errors import NotFound
from ..domain.insights import Insight, InsightQuery, new_short_id, read_question
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.saved import SavedPage
from .recording import record

_PLAIN = ("name", "derived_name", "description", "favorited", "saved", "deleted", "order")
_LISTS = ("tags", "dashboards")


class InsightService:
    """The insights of one project at a time.

    `fields` have any of an insight's writable fields, of the right types. Methods raise `NotFound` for insights that
    do not exist or are deleted, `InvalidInput` for a `query` or `filters` that ask for no trend.
    """

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def page(self, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        """Those that match, newest first."""
        with self._begin(write=False) as work:
            return work.insights.find(query, limit=limit, offset=offset)

    def get(self, project: Project, reference: int | str) -> Insight:
        """One insight by its id or its short id."""
        with self._begin(write=False) as work:
            return _found(work, project, reference)

    def create(self, project: Project, fields: Mapping[str, Any], *, by: User) -> Insight:
        """A new insight."""
        at = self._clock()
        new = Insight(
            id=0,
            project_id=project.id,
            short_id=new_short_id(),
            name="",
            derived_name=None,
            description="",
            tags=(),
            favorited=False,
            saved=True,
            deleted=False,
            order=None,
            dashboards=(),
            query=None,
            filters={},
            created_at=at,
            created_by=by.id,
            last_modified_at=at,
            last_modified_by=by.id,
        )
        with self._begin() as work:
            insight = work.insights.add(replace(new, **_read(fields, project)))
            self._record(work, None, insight, by)
            work.commit()
        return insight

    def update(self, project: Project, reference: int | str, fields: Mapping[str, Any], *, by: User) -> Insight:
        """Change what `fields` have; `deleted` makes it go, and brings it back."""
        with self._begin() as work:
            before = _found(work, project, reference, deleted_too=fields.get("deleted") is False)
            at = self._clock()
            after = replace(before, **_read(fields, project), last_modified_at=at, last_modified_by=by.id)
            work.insights.save(after)
            self._record(work, before, after, by)
            work.commit()
        return after

    def _record(self, work: UnitOfWork, before: Insight | None, after: Insight, by: User) -> None:
        entry = object_changed(
            "Insight",
            after.project_id,
            str(after.id),
            _told(before) if before else None,
            None if after.deleted else _told(after),
            name=after.name or after.derived_name,
            by=by.id,
            at=self._clock(),
            short_id=after.short_id,
        )
        record(work, [entry] if entry else [])


def _found(work: UnitOfWork, project: Project, reference: int | str, *, deleted_too: bool = False) -> Insight:
    if isinstance(reference, int):
        insight = work.insights.get(project.id, reference)
    else:
        insight = work.insights.by_short_id(project.id, reference)
    if insight is None or (insight.deleted and not deleted_too):
        raise NotFound
    return insight


def _read(fields: Mapping[str, Any], project: Project) -> dict[str, Any]:
    read = {key: fields[key] for key in _PLAIN if key in fields}
    read |= {key: tuple(fields[key]) for key in _LISTS if key in fields}
    if "query" in fields or "filters" in fields:
        read["query"], read["filters"] = read_question(fields.get("query"), fields.get("filters"), project)
    return read


def _told(insight: Insight) -> Fields:
    """What the audit log tells of an insight."""
    return {
        **{key: getattr(insight, key) for key in (*_PLAIN, "query", "filters")},
        **{key: list(getattr(insight, key)) for key in _LISTS},
    }
