"""Cohorts, and who is in the static ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import func, select

from ...domain.cohorts import Cohort
from . import members
from .batch import batch_of, fetch
from .population import lock_projects
from .saved import SqlSavedRepository
from .saved_tables import CohortMemberRow, CohortRow
from .tables import DistinctIdRow, PersonRow


class SqlCohortRepository(SqlSavedRepository[Cohort]):
    """The cohorts in a relational store, within one transaction."""

    table = CohortRow
    entity = Cohort

    def add_members(self, cohort: Cohort, uuids: Collection[UUID], distinct_ids: Collection[str]) -> None:
        project = cohort.project_id
        lock_projects(self._connection, [project])  # or a merge takes a person away that was just found
        found = {row[0] for row in fetch(self._connection, _BY_UUID, ((project, uuid.hex) for uuid in uuids))}
        found |= {row[0] for row in fetch(self._connection, _BY_DISTINCT_ID, ((project, one) for one in distinct_ids))}
        members.add(self._connection, ((cohort.id, person_id) for person_id in found))

    def members(self, cohort: Cohort) -> Sequence[UUID]:
        statement = select(PersonRow.uuid).join(CohortMemberRow, CohortMemberRow.person_id == PersonRow.id)
        statement = statement.where(CohortMemberRow.cohort_id == cohort.id).order_by(PersonRow.uuid)
        return list(self._connection.execute(statement).scalars())

    def sizes(self, ids: Collection[int]) -> dict[int, int]:
        return {row[0]: row[1] for row in fetch(self._connection, _SIZES, ((one,) for one in ids))}

    def static_of(self, person_id: int) -> set[int]:
        statement = select(CohortMemberRow.cohort_id).where(CohortMemberRow.person_id == person_id)
        return set(self._connection.execute(statement).scalars())


# --- statements ---------------------------------------------------------------------------------------------

_cohorts = batch_of(CohortRow.id)
_SIZES = (
    select(CohortMemberRow.cohort_id, func.count())
    .where(CohortMemberRow.cohort_id.in_(select(_cohorts.c.id)))
    .group_by(CohortMemberRow.cohort_id)
)
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
