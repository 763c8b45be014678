"""Cohorts: what filters on them mean, and their upkeep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from ..domain.access import Level, Resource, object_target
from ..domain.accounts import Project, User
from ..domain.activity import Fields
from ..domain.cohorts import MAX_MEMBERS, Cohort, Meaning, read_cohort_filters
from ..domain.conditions import text_of
from ..domain.errors import InvalidInput, NotFound
from ..domain.people_index import PeopleIndex
from ..domain.persons import Person
from ..domain.ports import Clock, PersonQuery, UnitOfWork, UnitOfWorkFactory
from ..domain.properties import CohortFilter, FilterTree, PersonIn, leaves, matches
from .access import Entered
from .recording import record_saved

MAX_COHORTS = 1000
"""How many of a project's cohorts are looked through for those of a person."""


@dataclass(frozen=True, slots=True)
class CountedCohort:
    """A cohort and its present number of persons, None when a cohort that it names has been deleted."""

    cohort: Cohort
    count: int | None


class CohortService:
    """The cohorts of one project at a time, for a member who has entered it.

    `fields` have any of `name`, `description`, `filters`, `groups`, `person_ids`, `distinct_ids` and `deleted`, of
    the right types, a new one's also `is_static`. Methods raise `NotFound` for cohorts that do not exist or are
    deleted, `PermissionDenied` below the level needed, `InvalidInput` for filters that cannot be read, name cohorts
    that do not exist, or reach the cohort itself.
    """

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock, index: PeopleIndex) -> None:
        self._begin = begin
        self._clock = clock
        self._index = index

    def page(self, entered: Entered, *, limit: int, offset: int) -> tuple[Sequence[CountedCohort], int]:
        """Those that the member sees, newest first, and how many there are in all."""
        project = entered.project
        with self._begin(write=False) as work:
            shown = entered.shown(
                Resource.COHORT, lambda own: work.cohorts.page(project.id, limit=1, offset=0, shown=own).count
            )
            page = work.cohorts.page(project.id, limit=limit, offset=offset, shown=shown)
            return self._counted(work, project, page.rows), page.count

    def get(self, entered: Entered, cohort_id: int) -> CountedCohort:
        """One cohort."""
        with self._begin(write=False) as work:
            return self._counted(work, entered.project, [_living(work, entered, cohort_id, Level.VIEWER)])[0]

    def of_person(self, project: Project, reference: int | UUID) -> Sequence[CountedCohort]:
        """The cohorts that a person, by integer id or uuid, is in. Raises `NotFound` for the person."""
        with self._begin(write=False) as work:
            person = work.persons.get(project.id, reference)
            if person is None:
                raise NotFound
            return self._counted(work, project, _holding(work, project, person))

    def create(self, entered: Entered, fields: Mapping[str, Any]) -> CountedCohort:
        """A new cohort; `fields` have a name."""
        project, by = entered.project, entered.member.user
        is_static = bool(fields.get("is_static"))
        new = Cohort(0, project.id, fields["name"], "", is_static, {}, False, self._clock(), by.id)
        if not is_static and not fields.get("filters") and not fields.get("groups"):
            raise InvalidInput("This field is required.", "filters", "required")
        with self._begin() as work:
            cohort = work.cohorts.add(_changed(new, fields, project))
            _keep(work, project, cohort, fields)
            self._record(work, None, cohort, by)
            work.commit()
        return self.get(entered, cohort.id)

    def update(self, entered: Entered, cohort_id: int, fields: Mapping[str, Any]) -> CountedCohort:
        """Change what `fields` have; listed persons are added; `deleted` makes it go."""
        project, by = entered.project, entered.member.user
        with self._begin() as work:
            before = _living(work, entered, cohort_id, Level.EDITOR)
            after = replace(_changed(before, fields, project), version=before.version + 1)
            work.cohorts.save(after)
            if not after.deleted:
                _keep(work, project, after, fields)
            self._record(work, before, after, by)
            work.commit()
        return CountedCohort(after, None) if after.deleted else self.get(entered, cohort_id)

    def _counted(self, work: UnitOfWork, project: Project, cohorts: Sequence[Cohort]) -> list[CountedCohort]:
        counts = dict.fromkeys((cohort.id for cohort in cohorts if cohort.is_static), 0)
        counts |= work.cohorts.sizes(counts)
        dynamic = [cohort for cohort in cohorts if not cohort.is_static]
        trees = _meanings(work, project, dynamic, of_events=True)
        counts |= dict(zip(trees, self._index.counts(project.id, list(trees.values())), strict=True))
        return [CountedCohort(cohort, counts.get(cohort.id)) for cohort in cohorts]

    def _record(self, work: UnitOfWork, before: Cohort | None, after: Cohort, by: User) -> None:
        record_saved(work, "Cohort", before, after, _told, name=after.name, by=by, at=self._clock())


def meaning_of(
    work: UnitOfWork, project: Project, *, of_events: bool, known: dict[int, Cohort | None] | None = None
) -> Meaning:
    """What the project's cohorts mean, asked of events or of persons. Good as long as the unit of work is.

    `known` cohorts need not be looked up; those that are become known.
    """
    found = {} if known is None else known
    members: dict[int, FilterTree] = {}

    def find(cohort_id: int) -> Cohort | None:
        if cohort_id not in found:
            found[cohort_id] = work.cohorts.get(project.id, cohort_id)
        return found[cohort_id]

    def listed(cohort: Cohort) -> FilterTree:
        if not of_events:
            return CohortFilter(cohort.id)  # the store of persons knows who is in it
        if cohort.id not in members:
            members[cohort.id] = PersonIn(tuple(work.cohorts.members(cohort)))
        return members[cohort.id]

    return Meaning(project, find, listed, of_events)


def resolved(work: UnitOfWork, query: PersonQuery) -> PersonQuery:
    """A query of persons whose filters on cohorts say what the cohorts mean. Raises `InvalidInput`."""
    if query.where is None or not any(isinstance(leaf, CohortFilter) for leaf in leaves(query.where)):
        return query
    project = work.accounts.project(query.project_id)
    if project is None:
        return query
    return replace(query, where=meaning_of(work, project, of_events=True).of(query.where))


def _living(work: UnitOfWork, entered: Entered, cohort_id: int, needed: Level) -> Cohort:
    cohort = work.cohorts.get(entered.project.id, cohort_id)
    if cohort is None or cohort.deleted:
        raise NotFound
    entered.check(object_target(Resource.COHORT, cohort), needed)
    return cohort


def _holding(work: UnitOfWork, project: Project, person: Person) -> list[Cohort]:
    static = work.cohorts.static_of(person.id)

    def holds(tree: FilterTree) -> bool:
        return matches(
            tree,
            read=lambda operand: text_of(person.properties.get(operand.key)),
            in_cohort=lambda cohort_id: cohort_id in static,
            evaluate=lambda _: False,
            is_one_of=lambda _: True,
            zone=ZoneInfo(project.timezone),
        )

    cohorts = work.cohorts.page(project.id, limit=MAX_COHORTS, offset=0).rows
    trees = _meanings(work, project, cohorts, of_events=False)
    return [cohort for cohort in cohorts if cohort.id in trees and holds(trees[cohort.id])]


def _meanings(
    work: UnitOfWork, project: Project, cohorts: Sequence[Cohort], *, of_events: bool
) -> dict[int, FilterTree]:
    """What cohorts mean, by id; without those that name a cohort that has been deleted."""
    known: dict[int, Cohort | None] = {cohort.id: cohort for cohort in cohorts}
    found = {}
    for cohort in cohorts:
        try:
            found[cohort.id] = meaning_of(work, project, of_events=of_events, known=known).of_cohort(cohort.id)
        except InvalidInput:
            continue
    return found


def _changed(cohort: Cohort, fields: Mapping[str, Any], project: Project) -> Cohort:
    plain = {key: fields[key] for key in ("name", "description", "deleted") if key in fields}
    if not cohort.is_static and (fields.get("filters") or fields.get("groups")):
        plain["filters"] = read_cohort_filters(fields.get("filters"), fields.get("groups"), project)
    return replace(cohort, **plain)


def _keep(work: UnitOfWork, project: Project, cohort: Cohort, fields: Mapping[str, Any]) -> None:
    """Add the listed persons, and make sure that the cohort means something."""
    person_ids, distinct_ids = fields.get("person_ids") or (), fields.get("distinct_ids") or ()
    if cohort.is_static:
        work.cohorts.add_members(cohort, person_ids, distinct_ids)
        if work.cohorts.sizes([cohort.id]).get(cohort.id, 0) > MAX_MEMBERS:
            raise InvalidInput(f"A static cohort has at most {MAX_MEMBERS} persons.", "person_ids")
        return
    if person_ids or distinct_ids:
        attr = "person_ids" if person_ids else "distinct_ids"
        raise InvalidInput("Only a static cohort lists its persons.", attr)
    try:
        meaning_of(work, project, of_events=False).of_cohort(cohort.id)
    except InvalidInput as error:
        raise InvalidInput(error.detail, "filters") from None


def _told(cohort: Cohort) -> Fields:
    """What the audit log tells of a cohort."""
    return {
        "name": cohort.name,
        "description": cohort.description,
        "is_static": cohort.is_static,
        "filters": dict(cohort.filters),
    }
