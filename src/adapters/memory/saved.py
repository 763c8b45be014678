"""What members keep, in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar
from uuid import UUID

from ...domain.access import EVERYTHING, Listing
from ...domain.cohorts import Cohort
from ...domain.conditions import lower
from ...domain.insights import Insight, InsightQuery
from ...domain.saved import SavedPage
from ...domain.saved_actions import SavedAction
from .state import State

T = TypeVar("T", SavedAction, Cohort, Insight)


class _MemorySavedRepository(Generic[T]):
    """One kind of things, by id; `kind` is the name of its numbers."""

    def __init__(self, state: State, kept: dict[int, T], kind: str) -> None:
        self._state = state
        self._kept: dict[int, T] = kept
        self._kind = kind

    def add(self, one: T) -> T:
        added = replace(one, id=self._state.next_id(self._kind))
        self._kept[added.id] = added
        return added

    def get(self, project_id: int, id: int) -> T | None:
        one = self._kept.get(id)
        return one if one is not None and one.project_id == project_id else None

    def save(self, one: T) -> None:
        self._kept[one.id] = one

    def _page(self, met: Callable[[T], bool], shown: Listing, *, limit: int, offset: int) -> SavedPage[T]:
        rows = [
            one
            for one in reversed(self._kept.values())
            if not one.deleted and met(one) and shown.shows(str(one.id), one.created_by)
        ]
        return SavedPage(rows[offset : offset + limit], len(rows))


class _MemoryVersionedRepository(_MemorySavedRepository[T]):
    def page(self, project_id: int, *, limit: int, offset: int, shown: Listing = EVERYTHING) -> SavedPage[T]:
        return self._page(lambda one: one.project_id == project_id, shown, limit=limit, offset=offset)

    def revision(self, project_id: int) -> int:
        kept: Collection[Any] = self._kept.values()
        return sum(one.version for one in kept if one.project_id == project_id)


class MemoryActionRepository(_MemoryVersionedRepository[SavedAction]):
    """The actions of one state."""

    def __init__(self, state: State) -> None:
        super().__init__(state, state.actions, "actions")


class MemoryCohortRepository(_MemoryVersionedRepository[Cohort]):
    """The cohorts of one state. A membership of a person that is gone does not count."""

    def __init__(self, state: State) -> None:
        super().__init__(state, state.cohorts, "cohorts")

    def add_members(self, cohort: Cohort, uuids: Collection[UUID], distinct_ids: Collection[str]) -> None:
        for person in self._state.persons.values():
            if person.project_id == cohort.project_id and person.uuid in uuids:
                self._state.members[cohort.id, person.id] = None
        for distinct_id in distinct_ids:
            person_id, _ = self._state.ids.get((cohort.project_id, distinct_id), (None, False))
            if person_id is not None:
                self._state.members[cohort.id, person_id] = None

    def members(self, cohort: Cohort) -> Sequence[UUID]:
        persons = self._state.persons
        return sorted(persons[one].uuid for kept, one in self._state.members if kept == cohort.id and one in persons)

    def sizes(self, ids: Collection[int]) -> dict[int, int]:
        return {one: len(self.members(self._kept[one])) for one in ids if one in self._kept}

    def static_of(self, person_id: int) -> set[int]:
        return {cohort_id for cohort_id, one in self._state.members if one == person_id}


class MemoryInsightRepository(_MemorySavedRepository[Insight]):
    """The insights of one state."""

    def __init__(self, state: State) -> None:
        super().__init__(state, state.insights, "insights")

    def by_short_id(self, project_id: int, short_id: str) -> Insight | None:
        found = (one for one in self._kept.values() if (one.project_id, one.short_id) == (project_id, short_id))
        return next(found, None)

    def find(self, query: InsightQuery, *, limit: int, offset: int) -> SavedPage[Insight]:
        def met(one: Insight) -> bool:
            return (
                one.project_id == query.project_id
                and query.short_id in (None, one.short_id)
                and query.saved in (None, one.saved)
                and query.favorited in (None, one.favorited)
                and query.created_by in (None, one.created_by)
                and (query.search is None or lower(query.search) in lower(one.name))
            )

        return self._page(met, query.shown, limit=limit, offset=offset)
