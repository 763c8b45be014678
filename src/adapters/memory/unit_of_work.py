"""Units of work in memory: each works on a copy of the state, and a commit puts the copy in its place."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from ...domain.access_rules import RuleRepository
from ...domain.activity_log import ActivityRepository
from ...domain.cohorts import CohortRepository
from ...domain.deletions import DeletionRepository
from ...domain.groups import GroupRepository
from ...domain.insights import InsightRepository
from ...domain.ports import AccountRepository, PersonRepository, PropertyRepository
from ...domain.roles import RoleRepository
from ...domain.saved_actions import ActionRepository
from ...domain.schedules import RunRepository
from .access_rules import MemoryRuleRepository
from .accounts import MemoryAccountRepository
from .activity import MemoryActivityRepository
from .deletions import MemoryDeletionRepository
from .groups import MemoryGroupRepository
from .persons import MemoryPersonRepository
from .properties import MemoryPropertyRepository
from .roles import MemoryRoleRepository
from .runs import MemoryRunRepository
from .saved import MemoryActionRepository, MemoryCohortRepository, MemoryInsightRepository
from .state import State


class MemoryUnitOfWorkFactory:
    """Begins units of work on one state in memory. Writers take turns; readers see the last commit."""

    def __init__(self) -> None:
        self.state = State()
        self.writing = threading.Lock()

    def __call__(self, *, write: bool = True) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, write=write)


class MemoryUnitOfWork:
    """One transaction on the factory's state."""

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

    def __init__(self, factory: MemoryUnitOfWorkFactory, *, write: bool) -> None:
        self._factory = factory
        self._write = write

    def __enter__(self) -> Self:
        if self._write:
            self._factory.writing.acquire()
        self._state = self._factory.state.copy()
        self.persons = MemoryPersonRepository(self._state)
        self.properties = MemoryPropertyRepository(self._state)
        self.accounts = MemoryAccountRepository(self._state)
        self.roles = MemoryRoleRepository(self._state)
        self.rules = MemoryRuleRepository(self._state)
        self.activity = MemoryActivityRepository(self._state)
        self.deletions = MemoryDeletionRepository(self._state)
        self.actions = MemoryActionRepository(self._state)
        self.cohorts = MemoryCohortRepository(self._state)
        self.insights = MemoryInsightRepository(self._state)
        self.groups = MemoryGroupRepository(self._state)
        self.runs = MemoryRunRepository(self._state)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._write:
            self._factory.writing.release()

    def commit(self) -> None:
        if self._write:
            self._factory.state = self._state.copy()
