"""Cohorts: named sets of persons, told by filters on their properties or listed one by one.

A filter on a cohort is replaced by what the cohort means before any store sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from .accounts import Project
from .conditions import Not
from .errors import InvalidInput
from .events import JsonValue
from .properties import (
    And,
    CohortFilter,
    ExpressionFilter,
    Filter,
    FilterTree,
    Or,
    PersonIn,
    Scope,
    parse_filters,
    parse_path_rules,
)
from .saved import VersionedRepository

MAX_MEMBERS = 100_000
"""How many persons a static cohort may list."""
MAX_MEANING = 400
"""How many filters and groups all cohorts named in one question may come to. With a question's own filters they must
stay below the depth of SQLite's expressions, 1000."""

Json = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Cohort:
    """A cohort. `filters` is `{"properties": group}`, empty for a static one. `version` grows with each change,
    also of the members."""

    id: int
    project_id: int
    name: str
    description: str
    is_static: bool
    filters: Json
    deleted: bool
    created_at: datetime
    created_by: int | None
    version: int = 1


class CohortRepository(VersionedRepository[Cohort], Protocol):
    """The cohorts of all projects, and who is in the static ones. Members go with their persons."""

    def add_members(self, cohort: Cohort, uuids: Collection[UUID], distinct_ids: Collection[str]) -> None:
        """Put those persons of the cohort's project that there are into a static cohort; some may be in it."""

    def members(self, cohort: Cohort) -> Sequence[UUID]:
        """The uuids of a static cohort's persons, ascending."""

    def sizes(self, ids: Collection[int]) -> dict[int, int]:
        """How many persons static cohorts have, by id; those that have none may be left out."""

    def static_of(self, person_id: int) -> set[int]:
        """The ids of the static cohorts that a person, by integer id, is in; deleted ones included."""


def read_cohort_filters(raw: object, groups: object, project: Project) -> Json:
    """The filters that a client sent, as `filters` or as the older `groups`: a list of `{"properties": […]}`,
    any of which may hold. Raises `InvalidInput`."""
    if isinstance(groups, list) and groups and not raw:
        if not all(isinstance(group, Mapping) for group in groups):
            raise InvalidInput("A list of objects with properties is expected.", "groups")
        values: list[Any] = [{"type": "AND", "values": group.get("properties") or []} for group in groups]
        raw = {"properties": {"type": "OR", "values": values}}
    if not isinstance(raw, Mapping) or not isinstance(raw.get("properties"), Mapping):
        raise InvalidInput("An object with properties, a group of filters, is expected.", "filters")
    filters = {"properties": raw["properties"]}
    _parse(filters, project)
    return filters


@dataclass(slots=True)
class Meaning:
    """Replaces filters on cohorts by what the cohorts mean, for one question.

    `find` gives a cohort by id, None for one that does not exist; deleted ones do not. `listed` is the filter that
    a static cohort comes to. `of_events`: the filters are asked of events, some of which belong to no person.
    """

    project: Project
    find: Callable[[int], Cohort | None]
    listed: Callable[[Cohort], FilterTree]
    of_events: bool
    _open: list[int] = field(default_factory=list)
    _size: int = 0

    def of(self, tree: FilterTree) -> FilterTree:
        """The tree without filters on cohorts, but for those that `listed` leaves.

        Raises `InvalidInput` for a cohort that does not exist, one that reaches itself, and too many filters.
        """
        if self._open:
            self._grow()
        match tree:
            case And():
                return And(tuple(self.of(child) for child in tree.children))
            case Or():
                return Or(tuple(self.of(child) for child in tree.children))
            case CohortFilter():
                found = self.of_cohort(tree.cohort_id)
                return negation(found) if tree.negated else found
        return tree

    def of_cohort(self, cohort_id: int) -> FilterTree:
        """The filter that a cohort's persons meet."""
        cohort = self.find(cohort_id)
        if cohort is None or cohort.deleted:
            raise InvalidInput(f"Cohort {cohort_id} does not exist.", "properties")
        if cohort_id in self._open:
            raise InvalidInput(f"Cohort {cohort_id} reaches itself.", "properties")
        self._grow()
        if cohort.is_static:
            return self.listed(cohort)
        self._open.append(cohort_id)
        tree = self.of(_parse(cohort.filters, self.project))
        self._open.pop()
        return And((PersonIn(None), tree)) if self.of_events else tree

    def _grow(self) -> None:
        self._size += 1
        if self._size > MAX_MEANING:
            raise InvalidInput(f"The cohorts come to more than {MAX_MEANING} filters and groups.", "properties")


def negation(tree: FilterTree) -> FilterTree:
    """The tree that holds where the other does not."""
    match tree:
        case And():
            return Or(tuple(negation(child) for child in tree.children))
        case Or():
            return And(tuple(negation(child) for child in tree.children))
        case PersonIn(uuids, negated):
            return PersonIn(uuids, not negated)
        case CohortFilter(cohort_id, negated):
            return CohortFilter(cohort_id, not negated)
        case Filter(operand, condition):
            return Filter(operand, Not(condition))
        case ExpressionFilter():
            raise InvalidInput("Cohorts have no expressions.", "properties")


def _parse(filters: Json, project: Project) -> FilterTree:
    return parse_filters(
        filters["properties"],
        Scope.PERSON,
        zone=ZoneInfo(project.timezone),
        attr="filters",
        path_rules=parse_path_rules([dict(rule) for rule in project.path_cleaning_filters]),
    )
