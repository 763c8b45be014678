"""Cohorts, and who is in the static ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import aliased

from ...domain.cohorts import Cohort
from .batch import batch_of, fetch, run
from .saved import SqlSavedRepository
from .saved_tables import CohortMemberRow, CohortRow
from .tables import DistinctIdRow, PersonRow


class SqlCohortRepository(SqlSavedRepository[Cohort]):
    """The cohorts in a relational store, within one transaction."""

    table = CohortRow
    entity = Cohort

    def add_members(self, cohort: Cohort, uuids: Collection[UUID], distinct_ids: Collection[str]) -> None:
        project = cohort.project_id
        found = {row[0] for row in fetch(self._connection, _BY_UUID, ((project, uuid.hex) for uuid in uuids))}
        found |= {row[0] for row in fetch(self._connection, _BY_DISTINCT_ID, ((project, one) for one in distinct_ids))}
        add(self._connection, ((cohort.id, person_id) for person_id in found))

    def members(self, cohort: Cohort) -> Sequence[UUID]:
        statement = select(PersonRow.uuid).join(CohortMemberRow, CohortMemberRow.person_id == PersonRow.id)
        statement = statement.where(CohortMemberRow.cohort_id == cohort.id).order_by(PersonRow.uuid)
        return list(self._connection.execute(statement).scalars())

    def size(self, cohort: Cohort) -> int:
        statement = select(func.count()).where(CohortMemberRow.cohort_id == cohort.id)
        return self._connection.execute(statement).scalar_one()

    def static_of(self, person_id: int) -> set[int]:
        statement = select(CohortMemberRow.cohort_id).where(CohortMemberRow.person_id == person_id)
        return set(self._connection.execute(statement).scalars())


def of_persons(connection: Connection, person_ids: Collection[int]) -> list[tuple[int, int]]:
    """The memberships, (cohort, person), of these persons."""
    return [(cohort, person) for cohort, person in fetch(connection, _MEMBERSHIPS, ((one,) for one in person_ids))]


def add(connection: Connection, memberships: Iterable[tuple[int, int]]) -> None:
    """Add memberships, (cohort, person); those that are there stay."""
    run(connection, _ADD, sorted(set(memberships)))


# --- statements ---------------------------------------------------------------------------------------------

_uuids = batch_of(PersonRow.project_id, PersonRow.uuid)
_BY_UUID = (
    select(PersonRow.id)
    .select_from(_uuids)
    .join(PersonRow, (PersonRow.project_id == _uuids.c.project_id) & (PersonRow.uuid == _uuids.c.uuid))
)
_ids = batch_of(DistinctIdRow.project_id, DistinctIdRow.distinct_id)
_BY_DISTINCT_ID = (
    select(DistinctIdRow.person_id)
    .select_from(_ids)
    .join(
        DistinctIdRow,
        (DistinctIdRow.project_id == _ids.c.project_id) & (DistinctIdRow.distinct_id == _ids.c.distinct_id),
    )
    .where(DistinctIdRow.person_id.is_not(None))
)
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
