"""The relational ports in memory keep the promises of the real ones."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

from tests.contracts.access_repositories import RoleRepositoryContract, RuleRepositoryContract
from tests.contracts.account_repository import AccountRepositoryContract
from tests.contracts.activity_repository import ActivityRepositoryContract
from tests.contracts.deletion_repository import DeletionRepositoryContract
from tests.contracts.person_edits import PersonEditContract
from tests.contracts.person_erasure import Dump, PersonErasureContract
from tests.contracts.person_repository import PersonRepositoryContract
from tests.contracts.property_repository import PropertyRepositoryContract
from tests.contracts.run_repository import RunRepositoryContract
from tests.contracts.saved_repositories import SavedRepositoriesContract


@pytest.fixture
def begin() -> MemoryUnitOfWorkFactory:
    return MemoryUnitOfWorkFactory()


class TestMemoryPersons(PersonRepositoryContract):
    pass


class TestMemoryPersonEdits(PersonEditContract):
    pass


class TestMemoryActivity(ActivityRepositoryContract):
    pass


class TestMemoryDeletions(DeletionRepositoryContract):
    pass


class TestMemoryPersonErasure(PersonErasureContract):
    @pytest.fixture
    def dump(self, begin: MemoryUnitOfWorkFactory) -> Dump:
        def everything() -> str:
            state = begin.state
            history = [(one.version, one.set_properties, one.unset_properties) for one in state.history.values()]
            return repr([getattr(state, one.name) for one in fields(state) if one.name != "history"] + [history])

        return everything


class TestMemoryProperties(PropertyRepositoryContract):
    pass


class TestMemoryAccounts(AccountRepositoryContract):
    pass


class TestMemoryRoles(RoleRepositoryContract):
    pass


class TestMemoryRules(RuleRepositoryContract):
    pass


class TestMemorySaved(SavedRepositoriesContract):
    pass


class TestMemoryRuns(RunRepositoryContract):
    pass
