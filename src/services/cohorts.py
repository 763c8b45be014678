"""Cohorts: what filters on them mean, and their upkeep."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from ..domain.accounts import Project
from ..domain.cohorts import Cohort, Meaning
from ..domain.ports import PersonQuery, UnitOfWork
from ..domain.properties import CohortFilter, FilterTree, PersonIn, leaves


def meaning_of(work: UnitOfWork, project: Project, *, of_events: bool) -> Meaning:
    """What the project's cohorts mean, asked of events or of persons. Good as long as the unit of work is."""

    @cache
    def find(cohort_id: int) -> Cohort | None:
        return work.cohorts.get(project.id, cohort_id)

    known: dict[int, FilterTree] = {}

    def listed(cohort: Cohort) -> FilterTree:
        if not of_events:
            return CohortFilter(cohort.id)  # the store of persons knows who is in it
        if cohort.id not in known:
            known[cohort.id] = PersonIn(tuple(work.cohorts.members(cohort)))
        return known[cohort.id]

    return Meaning(project, find, listed, of_events)


def resolved(work: UnitOfWork, query: PersonQuery) -> PersonQuery:
    """A query of persons whose filters on cohorts say what the cohorts mean. Raises `InvalidInput`."""
    if query.where is None or not any(isinstance(leaf, CohortFilter) for leaf in leaves(query.where)):
        return query
    project = work.accounts.project(query.project_id)
    if project is None:
        return query
    return replace(query, where=meaning_of(work, project, of_events=False).of(query.where))
