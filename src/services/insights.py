"""Insights: kept, changed and found. Their numbers are the trend service's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.access import Level, Listing, Resource, object_target
from ..domain.accounts import Project, User
from ..domain.activity import Fields
from ..domain.errors import NotFound
from ..domain.insights import Insight, InsightQuery, new_short_id, read_question
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.saved import SavedPage
from .access import Entered
from .owned_objects import find_insight
from .recording import record_saved

_PLAIN = ("name", "derived_name", "description", "favorited", "saved", "deleted", "order")
_LISTS = ("tags", "dashboards")


class InsightService:
    """The insights of one project at a time, for a member who has entered it.

    `fields` have any of an insight's writable fields, of the right types. Methods raise `NotFound` for insights that
    do not exist or are deleted, `PermissionDenied` below the level needed, `InvalidInput` for a `query` or `filters`
    that ask for no trend.
    """

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def page(self, entered: Entered, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        """Those that match and that the member sees, newest first."""

        def count(shown: Listing) -> int:
            return work.insights.find(InsightQuery(query.project_id, shown=shown), limit=1, offset=0).count

        with self._begin(write=False) as work:
            shown = entered.shown(Resource.INSIGHT, count)
            return work.insights.find(replace(query, shown=shown), limit=limit, offset=offset)

    def get(self, entered: Entered, reference: str) -> Insight:
        """One insight by its id or its short id, as a URL gives them."""
        with self._begin(write=False) as work:
            return _found(work, entered, reference, Level.VIEWER)

    def create(self, entered: Entered, fields: Mapping[str, Any]) -> Insight:
        """A new insight."""
        at, project, by = self._clock(), entered.project, entered.member.user
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

    def update(self, entered: Entered, reference: str, fields: Mapping[str, Any]) -> Insight:
        """Change what `fields` have; `deleted` makes it go, with its access rules, and brings it back."""
        project, by = entered.project, entered.member.user
        with self._begin() as work:
            before = _found(work, entered, reference, Level.EDITOR, deleted_too=fields.get("deleted") is False)
            at = self._clock()
            after = replace(before, **_read(fields, project), last_modified_at=at, last_modified_by=by.id)
            work.insights.save(after)
            if after.deleted:
                work.rules.forget_object(project.id, Resource.INSIGHT, str(after.id))
            self._record(work, before, after, by)
            work.commit()
        return after

    def _record(self, work: UnitOfWork, before: Insight | None, after: Insight, by: User) -> None:
        name = after.name or after.derived_name
        record_saved(work, "Insight", before, after, _told, name=name, by=by, at=self._clock(), short_id=after.short_id)


def _found(work: UnitOfWork, entered: Entered, reference: str, needed: Level, *, deleted_too: bool = False) -> Insight:
    insight = find_insight(work, entered.project.id, reference)
    if insight is None or (insight.deleted and not deleted_too):
        raise NotFound
    entered.check(object_target(Resource.INSIGHT, insight), needed)
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
