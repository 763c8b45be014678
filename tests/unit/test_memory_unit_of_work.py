"""The relational ports in memory keep the promises of the real ones."""

from __future__ import annotations

import pytest
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory

from tests.contracts.access_repositories import RoleRepositoryContract, RuleRepositoryContract
from tests.contracts.account_repository import AccountRepositoryContract
from tests.contracts.person_repository import PersonRepositoryContract
from tests.contracts.property_repository import PropertyRepositoryContract


@pytest.fixture
def begin() -> MemoryUnitOfWorkFactory:
    return MemoryUnitOfWorkFactory()


class TestMemoryPersons(PersonRepositoryContract):
    pass


class TestMemoryProperties(PropertyRepositoryContract):
    pass


class TestMemoryAccounts(AccountRepositoryContract):
    pass


class TestMemoryRoles(RoleRepositoryContract):
    pass


class TestMemoryRules(RuleRepositoryContract):
    pass
