"""The gate in front of every private route: what it asks, in which order, and with how many queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hedgerow.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from hedgerow.domain.access import Level, Listing, Resource, Rule, Target, project_target
from hedgerow.domain.accounts import MemberLevel, Project, User
from hedgerow.domain.errors import NotFound, PermissionDenied
from hedgerow.services.access import AccessPolicy, Caller, Entered
from hedgerow.services.accounts import AccountService
from hedgerow.services.roles import RoleService

from .access_builders import NOON


class Gate:
    """Owner ADA, members MEL and NIA, project P, and rules in memory."""

    def __init__(self) -> None:
        self.begin = MemoryUnitOfWorkFactory()
        self.accounts = AccountService(self.begin, lambda: NOON)
        self.policy = AccessPolicy(self.begin, lambda: NOON)
        self.ada = self.accounts.create_user("ada@example.com", level=MemberLevel.OWNER)
        self.mel, self.nia = (self.accounts.create_user(f"{name}@example.com") for name in ("mel", "nia"))
        self.p = self.accounts.create_project("P")
        self.insights = Target(self.p.id, Resource.INSIGHT)
        self.i1 = Target(self.p.id, Resource.INSIGHT, "1", self.mel.id)
        self.i2 = Target(self.p.id, Resource.INSIGHT, "2", self.nia.id)

    def caller(self, user: User, *scopes: str, projects: tuple[int, ...] = ()) -> Caller:
        key, _ = self.accounts.create_key(user.email, scopes=scopes or ("*",), projects=projects)
        return Caller(key, user)

    def enter(self, user: User, *scopes: str, project: Project | None = None, **how: Any) -> Entered:
        return self.policy.enter(self.caller(user), str((project or self.p).id), scopes, **how)

    def rule(self, target: Target, level: Level, *, member: User | None = None, role: str | None = None) -> None:
        with self.begin() as work:
            found = work.roles.named(role) if role else None
            member_id, role_id = member.member_id if member else None, found.id if found else None
            work.rules.put(
                Rule(target.project_id, target.resource, target.resource_id, member_id, role_id, level, 1, NOON, NOON)
            )
            work.commit()


@pytest.fixture
def gate() -> Gate:
    return Gate()


def refused(action: Callable[[], object], detail: str) -> None:
    with pytest.raises(PermissionDenied) as caught:
        action()
    assert caught.value.detail == detail


def listed(gate: Gate, user: User) -> list[str | None]:
    """Which of the two insights a user's list shows; raises when the list is closed to them."""

    def shown_by(listing: Listing) -> list[str | None]:
        return [one.resource_id for one in (gate.i1, gate.i2) if listing.shows(str(one.resource_id), one.created_by)]

    entered = gate.enter(user, "insight:read", objects=Resource.INSIGHT)
    return shown_by(entered.shown(Resource.INSIGHT, lambda listing: len(shown_by(listing))))


def may(gate: Gate, user: User, target: Target, level: Level) -> bool:
    """Whether the detail route of an insight lets a user through."""
    try:
        gate.enter(user, "insight:read", objects=Resource.INSIGHT).check(target, level)
    except PermissionDenied:
        return False
    return True


def test_60_the_list_follows_roles_and_own_creations(gate: Gate) -> None:
    roles = RoleService(gate.begin, lambda: NOON)
    roles.create("R")
    roles.add("R", gate.mel.email)
    gate.rule(gate.insights, Level.NONE)
    gate.rule(gate.insights, Level.VIEWER, role="R")
    assert listed(gate, gate.mel) == ["1", "2"]
    refused(lambda: gate.enter(gate.mel, "insight:write"), "You do not have editor access to this resource.")
    roles.remove("R", gate.mel.email)
    assert listed(gate, gate.mel) == ["1"]
    assert not may(gate, gate.mel, gate.i2, Level.VIEWER)


def test_61_a_rule_that_names_the_member_beats_that_of_a_role(gate: Gate) -> None:
    roles = RoleService(gate.begin, lambda: NOON)
    roles.create("R")
    roles.add("R", gate.mel.email)
    gate.rule(gate.insights, Level.NONE)
    gate.rule(gate.insights, Level.NONE, member=gate.mel)
    gate.rule(gate.insights, Level.EDITOR, role="R")
    assert not may(gate, gate.mel, gate.i2, Level.VIEWER)
    assert listed(gate, gate.mel) == ["1"]


def test_75_an_objects_default_lowers_it_and_leaves_the_rest(gate: Gate) -> None:
    gate.rule(gate.i2, Level.VIEWER)
    assert may(gate, gate.mel, gate.i2, Level.VIEWER)
    assert not may(gate, gate.mel, gate.i2, Level.EDITOR)
    gate.enter(gate.mel, "insight:write")


def test_76_an_objects_rule_that_names_the_member_beats_its_default(gate: Gate) -> None:
    gate.rule(gate.i2, Level.NONE)
    gate.rule(gate.i2, Level.VIEWER, member=gate.mel)
    assert listed(gate, gate.mel) == ["1", "2"]
    assert may(gate, gate.mel, gate.i2, Level.VIEWER)


def test_a_closed_list_says_so_and_one_visible_object_opens_it(gate: Gate) -> None:
    xia = gate.accounts.create_user("xia@example.com")
    gate.rule(gate.insights, Level.NONE)
    refused(lambda: listed(gate, xia), "You do not have viewer access to this resource.")
    gate.rule(gate.i1, Level.VIEWER, member=xia)
    assert listed(gate, xia) == ["1"]
    assert listed(gate, gate.ada) == ["1", "2"]


def test_object_rules_never_help_creating_nor_whole_resources(gate: Gate) -> None:
    gate.rule(gate.insights, Level.NONE)
    gate.rule(gate.i2, Level.MANAGER, member=gate.mel)
    refused(lambda: gate.enter(gate.mel, "insight:write"), "You do not have editor access to this resource.")
    refused(lambda: gate.enter(gate.mel, "insight:read"), "You do not have viewer access to this resource.")


@pytest.mark.parametrize("closed", [Resource.PERSON, Resource.ACTIVITY_LOG])
def test_the_gate_asks_for_the_routes_own_resource_and_for_each_scopes(gate: Gate, closed: Resource) -> None:
    gate.enter(gate.mel, "activity_log:read", own=Resource.PERSON)
    gate.rule(Target(gate.p.id, closed), Level.NONE)
    refused(
        lambda: gate.enter(gate.mel, "activity_log:read", own=Resource.PERSON),
        "You do not have viewer access to this resource.",
    )


def test_objects_of_one_resource_leave_the_other_scopes_to_the_gate(gate: Gate) -> None:
    gate.rule(Target(gate.p.id, Resource.COHORT), Level.NONE)
    gate.enter(gate.mel, "cohort:read", objects=Resource.COHORT)
    gate.rule(Target(gate.p.id, Resource.PERSON), Level.NONE)
    refused(
        lambda: gate.enter(gate.mel, "person:read", "cohort:read", objects=Resource.COHORT),
        "You do not have viewer access to this resource.",
    )


def test_one_of_several_scopes_can_be_enough(gate: Gate) -> None:
    scopes = ("query:read", "insight:read")
    for granted in scopes:
        gate.policy.enter(gate.caller(gate.mel, granted), str(gate.p.id), [scopes])
    refused(
        lambda: gate.policy.enter(gate.caller(gate.mel, "person:read"), str(gate.p.id), [scopes]),
        "API key missing required scope 'query:read'",
    )
    refused(
        lambda: gate.policy.enter(gate.caller(gate.mel, "query:read"), str(gate.p.id), scopes),
        "API key missing required scope 'insight:read'",
    )


def test_writing_a_project_needs_the_level_admin_there(gate: Gate) -> None:
    gate.enter(gate.mel, "project:write")
    gate.rule(project_target(gate.p.id), Level.MEMBER)
    gate.enter(gate.mel, "project:read")
    refused(lambda: gate.enter(gate.mel, "project:write"), "You do not have admin access to this resource.")


def test_scopes_are_asked_before_the_membership_of_the_project(gate: Gate) -> None:
    gate.rule(project_target(gate.p.id), Level.NONE)
    caller = gate.caller(gate.mel, "insight:read")
    refused(
        lambda: gate.policy.enter(caller, str(gate.p.id), ["person:read"]),
        "API key missing required scope 'person:read'",
    )
    refused(lambda: gate.enter(gate.mel, "person:read"), "You don't have access to the project.")
    with pytest.raises(NotFound, match=r"^Not found\.$"):
        gate.enter(gate.mel, "project:read", hides=True)


def test_current_passes_over_what_is_closed_to_the_user_or_to_the_key(gate: Gate) -> None:
    second, third = gate.accounts.create_project("P2"), gate.accounts.create_project("P3")
    limited = gate.caller(gate.mel, projects=(gate.p.id, third.id))
    gate.rule(project_target(gate.p.id), Level.NONE)
    assert gate.policy.enter(gate.caller(gate.mel), "@current", ["person:read"]).project == second
    assert gate.policy.enter(limited, "@current", ["person:read"]).project == third
    assert gate.policy.enter(gate.caller(gate.ada), "@current", ["person:read"]).project == gate.p
    gate.rule(project_target(third.id), Level.NONE)
    with pytest.raises(NotFound, match="Project not found"):
        gate.policy.enter(limited, "@current", ["person:read"])
