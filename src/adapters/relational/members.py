"""Who is in static cohorts, written in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import aliased

from .batch import batch_of, fetch, run
from .saved_tables import CohortMemberRow


def of_persons(connection: Connection, person_ids: Collection[int]) -> list[tuple[int, int]]:
    """The memberships, (cohort, person), of these persons."""
    return [(cohort, person) for cohort, person in fetch(connection, _MEMBERSHIPS, ((one,) for one in person_ids))]


def add(connection: Connection, memberships: Iterable[tuple[int, int]]) -> None:
    """Add memberships, (cohort, person); those that are there stay."""
    run(connection, _ADD, sorted(set(memberships)))


# --- statements ---------------------------------------------------------------------------------------------

_persons = batch_of(CohortMemberRow.person_id)
_MEMBERSHIPS = select(CohortMemberRow.cohort_id, CohortMemberRow.person_id).where(
    CohortMemberRow.person_id.in_(select(_persons.c.person_id))
)
_new = batch_of(CohortMemberRow.cohort_id, CohortMemberRow.person_id)
_there = aliased(CohortMemberRow)
_ADD = insert(CohortMemberRow).from_select(
    ["cohort_id", "person_id"],
    select(_new.c.cohort_id, _new.c.person_id).where(
        ~select(_there.person_id)
        .where(_there.cohort_id == _new.c.cohort_id, _there.person_id == _new.c.person_id)
        .exists()
    ),
)
