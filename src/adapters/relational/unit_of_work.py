"""Units of work: one transaction with the repositories in it."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, exc

from ...domain.access_rules import RuleRepository
from ...domain.activity_log import ActivityRepository
from ...domain.cohorts import CohortRepository
from ...domain.deletions import DeletionRepository
from ...domain.errors import StoreUnavailable
from ...domain.groups import GroupRepository
from ...domain.insights import InsightRepository
from ...domain.ports import AccountRepository, PersonRepository, PropertyRepository
from ...domain.roles import RoleRepository
from ...domain.saved_actions import ActionRepository
from ...domain.schedules import RunRepository
from . import engine as engines
from .access_rules import SqlRuleRepository
from .accounts import SqlAccountRepository
from .activity import SqlActivityRepository
from .cohorts import SqlCohortRepository
from .deletions import SqlDeletionRepository
from .groups import SqlGroupRepository
from .persons import SqlPersonRepository
from .properties import SqlPropertyRepository
from .roles import SqlRoleRepository
from .runs import SqlRunRepository
from .saved import SqlActionRepository, SqlInsightRepository

_UNAVAILABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


class SqlUnitOfWork:
    """One transaction. Raises `StoreUnavailable` when the database cannot be reached or is locked too long."""

    persons: PersonRepository
    properties: PropertyRepository
    accounts: AccountRepository
    roles: RoleRepository
    rules: RuleRepository
    activity: ActivityRepository
    deletions: DeletionRepository
    actions: ActionRepository
    cohorts: CohortRepository
    insights: InsightRepository
    groups: GroupRepository
    runs: RunRepository

    def __init__(self, engine: Engine, *, write: bool) -> None:
        self._engine = engine
        self._write = write

    def __enter__(self) -> Self:
        try:
            self._connection = engines.connect(self._engine, write=self._write)
            try:
                self._transaction = self._connection.begin()
            except BaseException:
                self._connection.close()
                raise
        except _UNAVAILABLE as error:
            raise _unavailable(error) from error
        self.persons = SqlPersonRepository(self._connection)
        self.properties = SqlPropertyRepository(self._connection)
        self.accounts = SqlAccountRepository(self._connection)
        self.roles = SqlRoleRepository(self._connection)
        self.rules = SqlRuleRepository(self._connection, write=self._write)
        self.activity = SqlActivityRepository(self._connection)
        self.deletions = SqlDeletionRepository(self._connection)
        self.actions = SqlActionRepository(self._connection)
        self.cohorts = SqlCohortRepository(self._connection)
        self.insights = SqlInsightRepository(self._connection)
        self.groups = SqlGroupRepository(self._connection)
        self.runs = SqlRunRepository(self._connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*_UNAVAILABLE):  # what cannot be rolled back is so all the same, and what was read is whole
            self._connection.close()
        if isinstance(error, _UNAVAILABLE):
            raise _unavailable(error) from error

    def commit(self) -> None:
        self._transaction.commit()


class SqlUnitOfWorkFactory:
    """Begins units of work on one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, *, write: bool = True) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._engine, write=write)


def _unavailable(error: Exception) -> StoreUnavailable:
    reason = error.orig if isinstance(error, exc.DBAPIError) else error
    return StoreUnavailable(f"The relational store cannot be reached: {reason}")
