"""What access rules owe to their databases: turns of writers, few queries, no rule without its subject."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from hedgerow.adapters.relational.access_tables import AccessRuleRow, RoleMemberRow, RoleRow
from hedgerow.adapters.relational.tables import ProjectRow, UserRow
from hedgerow.adapters.relational.unit_of_work import SqlUnitOfWorkFactory
from hedgerow.domain.access import Level, Resource, Target
from hedgerow.domain.accounts import MemberLevel, Project, User
from hedgerow.domain.errors import InvalidInput
from hedgerow.services.access import AccessPolicy, Caller
from hedgerow.services.access_rules import AccessRuleService
from hedgerow.services.accounts import AccountService
from hedgerow.services.roles import RoleService
from sqlalchemy import Engine, delete, event, func, select

from tests.contracts.saved_repositories import an_insight

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def accounts(begin: SqlUnitOfWorkFactory) -> AccountService:
    return AccountService(begin, lambda: NOON)


@pytest.fixture
def ada(accounts: AccountService) -> User:
    return accounts.create_user("ada@example.com", level=MemberLevel.OWNER)


@pytest.fixture
def project(accounts: AccountService) -> Project:
    return accounts.create_project("P")


def insights(begin: SqlUnitOfWorkFactory, project: Project, count: int) -> list[str]:
    """The ids of new insights of nobody."""
    with begin() as work:
        made = [work.insights.add(an_insight(project.id, f"short{number}")) for number in range(count)]
        work.commit()
    return [str(one.id) for one in made]


def test_parallel_changes_keep_one_rule_for_each_subject_and_the_limit(
    begin: SqlUnitOfWorkFactory, ada: User, project: Project
) -> None:
    service = AccessRuleService(begin, lambda: NOON, limit=3)
    ids = insights(begin, project, 6)

    def put(number: int) -> bool:
        body = {"access_level": "viewer" if number % 2 else "none"}
        try:
            service.change(ada, project.id, Resource.INSIGHT, ids[number % 6], body)
        except InvalidInput:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(put, range(24)))

    with begin(write=False) as work:
        rules = work.rules.about(project.id, [Resource.INSIGHT])
    assert len(rules) == len({rule.resource_id for rule in rules}) == 3
    assert sum(done) == 12


def test_the_gate_asks_for_the_project_and_once_for_all_rules(
    engine: Engine, begin: SqlUnitOfWorkFactory, accounts: AccountService, project: Project
) -> None:
    mel = accounts.create_user("mel@example.com")
    key, _ = accounts.create_key(mel.email, scopes=["*"])
    policy = AccessPolicy(begin, lambda: NOON)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    entered = policy.enter(Caller(key, mel), str(project.id), ["person:read", "cohort:read"], objects=Resource.INSIGHT)
    entered.check(Target(project.id, Resource.INSIGHT, "1"), Level.VIEWER)
    entered.shown(Resource.INSIGHT, lambda _: 0)
    event.remove(engine, "before_cursor_execute", note)

    assert len([one for one in statements if "SELECT" in one]) == 2


@pytest.mark.parametrize("gone", ["member", "role", "project"])
def test_rules_go_with_whom_they_name_and_with_their_project(
    engine: Engine, begin: SqlUnitOfWorkFactory, accounts: AccountService, ada: User, project: Project, gone: str
) -> None:
    mel = accounts.create_user("mel@example.com")
    roles = RoleService(begin, lambda: NOON)
    role = roles.create("R")
    roles.add("R", mel.email)
    service = AccessRuleService(begin, lambda: NOON)
    subjects = {"member": {"organization_member": str(mel.member_id)}, "role": {"role": str(role.id)}, "default": {}}
    for subject in subjects.values():
        body = {"access_level": "viewer", "resource": "insight", **subject}
        service.change_resource(ada, project.id, body)
    statements = {
        "member": delete(UserRow).where(UserRow.id == mel.id),
        "role": delete(RoleRow),
        "project": delete(ProjectRow),
    }

    with engine.begin() as connection:
        connection.execute(statements[gone])
        rules = connection.scalar(select(func.count()).select_from(AccessRuleRow))
        members = connection.scalar(select(func.count()).select_from(RoleMemberRow))

    assert rules == (0 if gone == "project" else 2)
    assert members == (1 if gone == "project" else 0)
