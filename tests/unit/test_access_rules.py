"""Changing access rules: who may, which error comes first, and who has access in the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hedgerow.domain.access import Level, Member, Resource, Rule, Rules, Target
from hedgerow.domain.access_rules import (
    AccessSource,
    RuleChange,
    changed_rule,
    check_resource_rule_change,
    check_rule_change,
    may_edit_rules,
    users_with_access,
)
from hedgerow.domain.accounts import MemberLevel
from hedgerow.domain.errors import HedgerowError, InvalidInput, PermissionDenied

from .access_builders import ADA, I1, I2, INSIGHTS, MEL, NIA, NOON, PROJECT, XIA, P, R, S, a_member, a_rule

MEMBERS = [who.user.member_id for who in (ADA, MEL, NIA, XIA)]
NOBODY = "00000000-0000-4000-8000-000000000000"
MEL_IN_R = Member(MEL.user, frozenset({R}))
NO_RIGHT = (PermissionDenied, "Must be manager to modify insight permissions.", None, None)


def change(body: dict[str, Any], who: Member = ADA, target: Target = I2, *rules: Rule, limit: int = 1000) -> RuleChange:
    return check_rule_change(body, Rules(rules), who, target, members=MEMBERS, roles=[R, S], limit=limit)


def resource_change(body: dict[str, Any], who: Member = ADA, *rules: Rule) -> RuleChange:
    return check_resource_rule_change(body, Rules(rules), who, P, members=MEMBERS, roles=[R, S])


def error_of(function: Any, *arguments: Any, **more: Any) -> tuple[type, str, str | None, str | None]:
    with pytest.raises(HedgerowError) as caught:
        function(*arguments, **more)
    error = caught.value
    code = error.code if isinstance(error, InvalidInput) else None
    return type(error), error.detail, getattr(error, "attr", None), code


def test_a_change_names_a_member_a_role_or_everybody() -> None:
    member = str(MEL.user.member_id)
    assert change({"access_level": "viewer"}) == RuleChange(I2, None, None, Level.VIEWER)
    assert change({"access_level": "none", "organization_member": member}).organization_member == MEL.user.member_id
    assert change({"access_level": "manager", "role": str(R), "organization_member": None}).role == R
    assert change({"access_level": None}).access_level is None


FAULTS: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({}, "This field is required.", "access_level", "required"),
    (
        {"access_level": "member"},
        "Invalid access level. Must be one of: none, viewer, editor, manager",
        "access_level",
        "invalid_input",
    ),
    (
        {"access_level": "viewer", "organization_member": "7"},
        "Invalid organization member id. Use the 'id' field from the /api/organizations/@current/members/ endpoint.",
        "organization_member",
        "invalid_input",
    ),
    (
        {"access_level": "viewer", "organization_member": NOBODY},
        f'Invalid pk "{NOBODY}" - object does not exist.',
        "organization_member",
        "does_not_exist",
    ),
    (
        {"access_level": "viewer", "role": NOBODY},
        f'Invalid pk "{NOBODY}" - object does not exist.',
        "role",
        "does_not_exist",
    ),
    (
        {"access_level": "viewer", "organization_member": str(MEL.user.member_id), "role": str(R)},
        "You can not scope an access control to both a member and a role.",
        None,
        "invalid_input",
    ),
]


@pytest.mark.parametrize(("body", "detail", "attr", "code"), FAULTS)
def test_a_fault_in_the_body_is_named_even_to_those_without_the_right(
    body: dict[str, Any], detail: str, attr: str | None, code: str
) -> None:
    for who in (ADA, MEL):
        assert error_of(change, body, who) == (InvalidInput, detail, attr, code)


def test_of_several_faults_the_level_comes_first_and_the_member_before_the_role() -> None:
    assert error_of(change, {"access_level": "x", "organization_member": "7", "role": "7"})[2] == "access_level"
    assert error_of(change, {"access_level": None, "organization_member": "7", "role": "7"})[2] == "organization_member"


def test_below_editor_on_the_object_comes_before_any_fault() -> None:
    found = error_of(change, {}, MEL, I2, a_rule(I2, Level.VIEWER))
    assert found == (PermissionDenied, "You do not have editor access to this resource.", None, None)


def test_project_levels_are_those_of_projects() -> None:
    assert error_of(change, {"access_level": "viewer"}, ADA, PROJECT)[1] == (
        "Invalid access level. Must be one of: none, member, admin"
    )
    assert change({"access_level": "admin"}, ADA, PROJECT).access_level is Level.ADMIN


# --- who may ---


def test_a_plain_member_may_not_change_an_insight_of_another() -> None:
    assert error_of(change, {"access_level": "viewer"}, MEL, I2) == NO_RIGHT


def test_the_creator_and_an_organisation_admin_may() -> None:
    change({"access_level": "viewer"}, MEL, I1)
    change({"access_level": "viewer"}, ADA, I2)


@pytest.mark.parametrize("rule", [a_rule(I2, Level.MANAGER, role=R), a_rule(INSIGHTS, Level.MANAGER, member=MEL)])
def test_whoever_is_manager_by_a_rule_may(rule: Rule) -> None:
    change({"access_level": "viewer"}, MEL_IN_R, I2, rule)


def test_a_project_admin_by_a_rule_that_names_them_may() -> None:
    for rule in (a_rule(PROJECT, Level.ADMIN, member=MEL), a_rule(PROJECT, Level.ADMIN, role=R)):
        assert may_edit_rules(Rules([rule]), MEL_IN_R, PROJECT)
        assert may_edit_rules(Rules([rule]), MEL_IN_R, I2)


def test_a_default_rule_makes_nobody_a_project_admin_who_may() -> None:
    found = error_of(change, {"access_level": "member"}, MEL, PROJECT, a_rule(PROJECT, Level.ADMIN))
    assert found == (PermissionDenied, "Must be admin to modify project permissions.", None, None)


def test_who_lowers_the_own_level_keeps_no_right() -> None:
    change({"access_level": "member"}, MEL, PROJECT, a_rule(PROJECT, Level.ADMIN, member=MEL))
    lowered = a_rule(PROJECT, Level.MEMBER, member=MEL), a_rule(PROJECT, Level.ADMIN, role=R)
    assert not may_edit_rules(Rules(lowered), MEL_IN_R, PROJECT)


# --- the number of objects with rules ---


def test_a_new_object_beyond_the_limit_is_refused_and_nothing_else_is() -> None:
    objects = [Target(P, Resource.INSIGHT, str(number)) for number in (11, 12, 13)]
    rules = [a_rule(one, Level.VIEWER) for one in objects] + [a_rule(objects[0], Level.EDITOR, member=MEL)]
    assert error_of(change, {"access_level": "viewer"}, ADA, I2, *rules, limit=3) == (
        InvalidInput,
        "Reached the limit of 3 insights with access control overrides.",
        None,
        "invalid_input",
    )
    change({"access_level": "viewer"}, ADA, I2, *rules[:2], limit=3)
    change({"access_level": "viewer", "role": str(R)}, ADA, objects[2], *rules, limit=3)
    change({"access_level": None}, ADA, I2, *rules, limit=3)
    resource_change({"access_level": "viewer", "resource": "insight"}, ADA, *rules)


# --- rules on a resource as a whole ---


def test_a_rule_on_a_resource_as_a_whole_names_it_in_the_body() -> None:
    found = resource_change({"resource": "person", "access_level": "viewer", "role": str(R)})
    assert found == RuleChange(Target(P, Resource.PERSON), None, R, Level.VIEWER)


@pytest.mark.parametrize(
    ("resource", "access_level", "detail"),
    [
        ("action", "none", "Access level cannot be set below the minimum 'viewer' for action."),
        ("activity_log", "editor", "Access level cannot be set above the maximum 'viewer' for activity_log."),
        ("person", "admin", "Invalid access level. Must be one of: none, viewer, editor, manager"),
    ],
)
def test_a_resource_has_a_lowest_and_a_highest_level(resource: str, access_level: str, detail: str) -> None:
    found = error_of(resource_change, {"resource": resource, "access_level": access_level})
    assert found == (InvalidInput, detail, "access_level", "invalid_input")


@pytest.mark.parametrize("resource", ["project", "dashboard", "", None, 7, ["insight"]])
def test_other_resources_have_no_rules(resource: object) -> None:
    found = error_of(resource_change, {"resource": resource, "access_level": "viewer"})
    assert found[2] == "resource"
    assert found[1] == ("Invalid resource. Must be one of: ('action', 'activity_log', 'cohort', 'insight', 'person')")


def test_the_resource_is_required_after_the_level() -> None:
    assert error_of(resource_change, {})[2] == "access_level"
    found = error_of(resource_change, {"access_level": "viewer"})
    assert found == (InvalidInput, "This field is required.", "resource", "required")


def test_a_resource_rule_for_one_object_is_refused() -> None:
    body = {"resource": "insight", "access_level": "viewer", "resource_id": "2"}
    assert error_of(resource_change, body)[:2] == (
        PermissionDenied,
        "Cannot modify access controls for a resource different from the URL target.",
    )
    assert resource_change({**body, "resource_id": None}).target == INSIGHTS


def test_resource_rules_need_the_right_to_the_project() -> None:
    body = {"resource": "insight", "access_level": "viewer"}
    assert error_of(resource_change, body, MEL, a_rule(INSIGHTS, Level.MANAGER))[:2] == (
        PermissionDenied,
        "Must be an Organization admin to modify project-wide permissions.",
    )
    resource_change(body, MEL, a_rule(PROJECT, Level.ADMIN, member=MEL))


# --- the rule afterwards ---


def test_a_change_makes_changes_and_takes_away_one_rule() -> None:
    wish = RuleChange(I2, MEL.user.member_id, None, Level.VIEWER)
    made = changed_rule(wish, None, by=1, at=NOON)
    assert made == a_rule(I2, Level.VIEWER, member=MEL)
    later = NOON + timedelta(hours=1)
    changed = changed_rule(replace(wish, access_level=Level.EDITOR), made, by=3, at=later)
    assert changed == replace(a_rule(I2, Level.EDITOR, member=MEL), updated_at=later)
    assert changed_rule(replace(wish, access_level=None), made, by=1, at=later) is None


# --- who has access ---


def test_those_with_access_are_sorted_by_level_and_then_uuid_the_highest_first() -> None:
    rules = [a_rule(INSIGHTS, Level.VIEWER, member=XIA), a_rule(PROJECT, Level.NONE, member=MEL)]
    found = users_with_access(Rules(rules), [ADA, MEL, NIA, XIA, a_member(5), a_member(6)], I2)
    assert [(one.member.user.id, one.level, one.source) for one in found] == [
        (3, Level.MANAGER, AccessSource.CREATOR),
        (1, Level.MANAGER, AccessSource.ORGANIZATION_ADMIN),
        (6, Level.EDITOR, AccessSource.DEFAULT),
        (5, Level.EDITOR, AccessSource.DEFAULT),
        (4, Level.VIEWER, AccessSource.DEFAULT),
    ]


def test_those_whose_level_is_none_and_the_deactivated_have_no_access() -> None:
    gone = Member(replace(NIA.user, is_active=False))
    assert users_with_access(Rules([a_rule(I2, Level.NONE)]), [MEL, gone], I2) == []


def test_the_source_is_the_first_that_applies() -> None:
    in_r = frozenset({R})
    creator = a_member(3, MemberLevel.ADMIN, roles=in_r)
    admin, explicit, by_role = (
        a_member(7, MemberLevel.ADMIN, roles=in_r),
        a_member(8, roles=in_r),
        a_member(9, roles=in_r),
    )
    of_project = a_member(10)
    members = [creator, admin, explicit, by_role, of_project]
    rules = [
        *(a_rule(I2, Level.EDITOR, member=who) for who in (creator, admin, explicit)),
        *(a_rule(PROJECT, Level.MEMBER, member=who) for who in members),
        a_rule(I2, Level.EDITOR, role=R),
    ]
    sources = {one.member.user.id: one.source for one in users_with_access(Rules(rules), members, I2)}
    assert sources == {
        3: AccessSource.CREATOR,
        7: AccessSource.ORGANIZATION_ADMIN,
        8: AccessSource.EXPLICIT_MEMBER,
        9: AccessSource.EXPLICIT_ROLE,
        10: AccessSource.PROJECT_ADMIN,
    }


def test_members_and_roles_are_known_by_any_spelling_of_their_uuid() -> None:
    body = {"access_level": "viewer", "organization_member": MEL.user.member_id.hex.upper()}
    assert change(body).organization_member == UUID(int=102)
