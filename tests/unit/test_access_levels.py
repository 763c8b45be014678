"""Access levels: which rule decides, what lists show, what the gate lets through."""

from dataclasses import replace
from uuid import UUID

import pytest
from hedgerow.domain.access import (
    Decision,
    Level,
    Member,
    Resource,
    Rule,
    Rules,
    Source,
    SourceSubject,
    Target,
    check_level,
    inherited_access,
    ladder,
    level,
    listing,
    project_target,
    required_levels,
    visible,
)
from hedgerow.domain.accounts import MemberLevel
from hedgerow.domain.errors import PermissionDenied
from hypothesis import given
from hypothesis import strategies as st

from .access_builders import ADA, I1, I2, INSIGHTS, MEL, NIA, P2, PROJECT, XIA, P, R, S, a_member, a_rule

NONE, VIEWER, EDITOR, MANAGER = Level.NONE, Level.VIEWER, Level.EDITOR, Level.MANAGER
MEL_IN_R = Member(MEL.user, frozenset({R}))
MEL_IN_BOTH = Member(MEL.user, frozenset({R, S}))


def level_of(who: Member, target: Target, *rules: Rule) -> Level:
    return level(Rules(rules), who, target).level


def test_an_object_member_rule_beats_an_object_role_rule() -> None:
    rules = a_rule(I2, EDITOR, member=MEL), a_rule(I2, NONE, role=R)
    assert level_of(MEL_IN_R, I2, *rules) is EDITOR


def test_an_object_default_beats_a_resource_default() -> None:
    assert level_of(MEL, I2, a_rule(I2, EDITOR), a_rule(INSIGHTS, NONE)) is EDITOR


def test_an_object_default_beats_a_resource_rule_naming_me_even_when_it_grants_less() -> None:
    assert level_of(MEL, I2, a_rule(I2, NONE), a_rule(INSIGHTS, MANAGER, member=MEL)) is NONE


def test_a_resource_member_rule_beats_a_resource_role_rule() -> None:
    rules = a_rule(INSIGHTS, NONE, member=MEL), a_rule(INSIGHTS, EDITOR, role=R)
    assert level_of(MEL_IN_R, I2, *rules) is NONE


def test_a_resource_default_alone_decides() -> None:
    assert level_of(MEL, I2, a_rule(INSIGHTS, VIEWER)) is VIEWER


def test_a_rule_naming_only_another_member_leaves_the_system_default() -> None:
    assert level_of(MEL, I2, a_rule(I2, NONE, member=NIA)) is EDITOR


def test_of_two_roles_the_higher_level_counts() -> None:
    assert level_of(MEL_IN_BOTH, I2, a_rule(I2, NONE, role=R), a_rule(I2, VIEWER, role=S)) is VIEWER


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (Resource.PROJECT, Level.ADMIN),
        (Resource.ACTIVITY_LOG, VIEWER),
        (Resource.ACTION, EDITOR),
        (Resource.COHORT, EDITOR),
        (Resource.INSIGHT, EDITOR),
        (Resource.PERSON, EDITOR),
    ],
)
def test_without_any_rule_the_system_default_applies(resource: Resource, expected: Level) -> None:
    assert level(Rules(), MEL, Target(P, resource, "1")) == Decision(expected, Source.SYSTEM_DEFAULT)


def test_a_decision_says_which_rule_decided_and_why() -> None:
    rule = a_rule(I2, VIEWER, role=R)
    assert level(Rules([rule]), MEL_IN_R, I2) == Decision(VIEWER, Source.OBJECT, SourceSubject.ROLE, rule)


def test_a_creator_has_the_top_level_even_against_a_rule_naming_them() -> None:
    found = level(Rules([a_rule(I1, NONE, member=MEL)]), MEL, I1)
    assert found == Decision(MANAGER, Source.CREATOR)


@pytest.mark.parametrize("rank", [MemberLevel.ADMIN, MemberLevel.OWNER])
def test_organisation_admins_and_owners_bypass_every_rule(rank: MemberLevel) -> None:
    who = a_member(9, rank)
    rules = Rules([a_rule(I2, NONE, member=who), a_rule(PROJECT, NONE, member=who)])
    assert level(rules, who, I2) == Decision(MANAGER, Source.ORG_ADMIN)
    assert level(rules, who, PROJECT) == Decision(Level.ADMIN, Source.ORG_ADMIN)


def test_a_deactivated_user_has_no_level_not_even_on_own_objects() -> None:
    gone = Member(replace(MEL.user, is_active=False))
    assert level(Rules(), gone, I1) == Decision(NONE, Source.ORG_MEMBERSHIP)


def test_a_resource_wide_question_ignores_object_rules() -> None:
    assert level_of(MEL, INSIGHTS, a_rule(I2, NONE, member=MEL)) is EDITOR


def test_a_project_closed_to_all_but_one_is_open_to_that_one() -> None:
    rules = a_rule(PROJECT, NONE), a_rule(PROJECT, Level.MEMBER, member=XIA)
    assert level_of(XIA, PROJECT, *rules) is Level.MEMBER
    assert level_of(MEL, PROJECT, *rules) is NONE
    assert level_of(MEL, project_target(P2), *rules) is Level.ADMIN


# --- what is inherited ---


def test_inherited_is_the_resource_default_whatever_roles_and_members_have() -> None:
    default = a_rule(INSIGHTS, VIEWER)
    rules = Rules([default, a_rule(INSIGHTS, EDITOR, role=R), a_rule(I2, NONE), a_rule(I2, MANAGER, member=MEL)])
    assert inherited_access(rules, I2) == Decision(VIEWER, Source.RESOURCE, SourceSubject.DEFAULT, default)


def test_inherited_without_a_resource_default_is_the_system_default() -> None:
    assert inherited_access(Rules([a_rule(I2, NONE)]), I2) == Decision(EDITOR, Source.SYSTEM_DEFAULT)


# --- the gate ---


def test_the_gate_asks_for_the_route_s_own_resource_and_for_the_object_of_each_scope() -> None:
    assert required_levels(["activity_log:read"], own=Resource.PERSON) == {
        Resource.PERSON: VIEWER,
        Resource.ACTIVITY_LOG: VIEWER,
    }
    assert required_levels(["person:read", "cohort:read"]) == {Resource.PERSON: VIEWER, Resource.COHORT: VIEWER}
    assert required_levels(["insight:write"], own=Resource.INSIGHT) == {Resource.INSIGHT: EDITOR}
    assert required_levels(["query:read"], own=Resource.INSIGHT) == {Resource.INSIGHT: VIEWER}
    assert required_levels(["project:read"]) == {Resource.PROJECT: Level.MEMBER}
    assert required_levels(["project:write"]) == {Resource.PROJECT: Level.ADMIN}


def test_the_gate_names_the_level_that_is_missing() -> None:
    rules = Rules([a_rule(I2, VIEWER), a_rule(INSIGHTS, NONE)])
    check_level(rules, MEL, I2, VIEWER)
    with pytest.raises(PermissionDenied, match=r"^You do not have editor access to this resource\.$"):
        check_level(rules, MEL, I2, EDITOR)
    with pytest.raises(PermissionDenied, match=r"^You do not have viewer access to this resource\.$"):
        check_level(rules, MEL, INSIGHTS, VIEWER)


def test_a_closed_project_has_its_own_words() -> None:
    with pytest.raises(PermissionDenied, match=r"^You don't have access to the project\.$"):
        check_level(
            Rules([a_rule(PROJECT, NONE, member=MEL), a_rule(PROJECT, Level.ADMIN)]), MEL, PROJECT, Level.MEMBER
        )


def test_object_rules_never_help_to_create() -> None:
    rules = Rules([a_rule(INSIGHTS, VIEWER), a_rule(I2, MANAGER, member=MEL)])
    with pytest.raises(PermissionDenied, match="editor"):
        check_level(rules, MEL, INSIGHTS, EDITOR)


# --- lists ---


def test_a_list_closed_as_a_whole_shows_own_creations_and_what_object_rules_grant() -> None:
    i3 = Target(P, Resource.INSIGHT, "3", created_by=4)
    rules = Rules([a_rule(INSIGHTS, NONE), a_rule(I2, VIEWER, member=MEL)])
    assert visible([I1, I2, i3], rules, MEL, lambda target: target) == [I1, I2]
    found = listing(rules, MEL, P, Resource.INSIGHT)
    assert [found.shows(str(one.resource_id), one.created_by) for one in (I1, I2, i3)] == [True, True, False]


def test_a_list_closed_as_a_whole_opens_for_an_object_rule_or_an_own_creation() -> None:
    closed = a_rule(INSIGHTS, NONE)
    listing(Rules([closed]), MEL, P, Resource.INSIGHT).check(has_own=True)
    listing(Rules([closed, a_rule(I2, VIEWER, role=R)]), MEL_IN_R, P, Resource.INSIGHT).check(has_own=False)
    with pytest.raises(PermissionDenied, match=r"^You do not have viewer access to this resource\.$"):
        listing(Rules([closed, a_rule(I2, VIEWER, role=R)]), MEL, P, Resource.INSIGHT).check(has_own=False)


def test_an_open_list_is_open_without_anything_in_it() -> None:
    listing(Rules([a_rule(I2, NONE)]), MEL, P, Resource.INSIGHT).check(has_own=False)


# --- laws ---

PEOPLE = st.builds(
    lambda member, roles, active: Member(replace(member.user, is_active=active), roles),
    st.sampled_from([MEL, NIA, XIA, MEL, NIA, XIA, ADA]),
    st.frozensets(st.sampled_from([R, S])),
    st.sampled_from([True, True, True, False]),
)
OBJECTS = st.builds(
    lambda number, creator: Target(P, Resource.INSIGHT, str(number), creator),
    st.integers(1, 4),
    st.sampled_from([None, 2, 3]),
)
RULES = st.lists(
    st.builds(
        lambda project, resource_id, access_level, named: a_rule(
            Target(project, Resource.INSIGHT, resource_id), access_level, member=named[0], role=named[1]
        ),
        st.sampled_from([P, P, P, P2]),
        st.sampled_from([None, None, "1", "2", "3"]),
        st.sampled_from([NONE, NONE, VIEWER, EDITOR, MANAGER]),
        st.sampled_from([(None, None), (None, R), (None, S), (MEL, None), (NIA, None)]),
    ),
    max_size=8,
    unique_by=lambda rule: (rule.project_id, rule.resource_id, rule.organization_member, rule.role),
)


def step(rule: Rule, who: Member, target: Target) -> int | None:
    """At which step of the ladder a rule speaks about this question, None if it does not."""
    if rule.project_id != target.project_id or rule.resource_id not in (None, target.resource_id):
        return None
    first = 7 if rule.resource_id is None else 4
    if rule.organization_member is not None:
        return first if rule.organization_member == who.user.member_id else None
    if rule.role is not None:
        return first + 1 if rule.role in who.roles else None
    return first + 2


@given(RULES, PEOPLE, OBJECTS)
def test_the_first_step_that_has_a_rule_decides(rules: list[Rule], who: Member, target: Target) -> None:
    found = level(Rules(rules), who, target)
    if not who.user.is_active:
        assert found.level is NONE
    elif who.user.level >= MemberLevel.ADMIN or target.created_by == who.user.id:
        assert found.level is MANAGER
    else:
        steps = [(at, rule.access_level) for rule in rules if (at := step(rule, who, target))]
        first = min((at for at, _ in steps), default=10)
        assert found.level is max((granted for at, granted in steps if at == first), default=EDITOR)


def test_the_ladder_has_all_steps_in_their_order() -> None:
    def steps(target: Target) -> list[str]:
        return [f"{step.source} {step.source_subject or ''}".strip() for step in ladder(Rules(), MEL, target)]

    first = ["org_membership", "creator", "org_admin"]
    objects = ["object member", "object role", "object default"]
    resources = ["resource member", "resource role", "resource default"]
    assert steps(I2) == [*first, *objects, *resources, "system_default"]
    assert steps(INSIGHTS) == [*first, *resources, "system_default"]
    assert steps(PROJECT) == [*first, *objects, "system_default"]


@given(RULES, RULES, PEOPLE, OBJECTS)
def test_adding_less_specific_rules_never_changes_a_decided_level(
    rules: list[Rule], more: list[Rule], who: Member, target: Target
) -> None:
    found = level(Rules(rules), who, target)
    decided_at = step(found.rule, who, target) if found.rule else None
    if decided_at is None:
        return
    weaker = [rule for rule in more if (step(rule, who, target) or 10) > decided_at]
    assert level(Rules([*weaker, *rules]), who, target) == found


@given(RULES, RULES, PEOPLE, OBJECTS)
def test_a_rule_on_one_object_or_for_others_affects_nothing_else(
    rules: list[Rule], more: list[Rule], who: Member, target: Target
) -> None:
    foreign = [rule for rule in more if step(rule, who, target) is None]
    assert level(Rules([*rules, *foreign]), who, target) == level(Rules(rules), who, target)


@given(RULES, PEOPLE, st.lists(OBJECTS, unique_by=lambda target: target.resource_id))
def test_lists_show_exactly_what_can_be_opened(rules: list[Rule], who: Member, targets: list[Target]) -> None:
    book = Rules(rules)
    can_open = [target for target in targets if level(book, who, target).level >= VIEWER]
    assert visible(targets, book, who, lambda target: target) == can_open
    found = listing(book, who, P, Resource.INSIGHT)
    assert [one for one in targets if found.shows(str(one.resource_id), one.created_by)] == can_open


@given(RULES, PEOPLE, st.lists(OBJECTS, unique_by=lambda target: target.resource_id))
def test_a_list_that_shows_something_is_open(rules: list[Rule], who: Member, targets: list[Target]) -> None:
    if visible(targets, Rules(rules), who, lambda target: target):
        has_own = any(target.created_by == who.user.id for target in targets)
        listing(Rules(rules), who, P, Resource.INSIGHT).check(has_own=has_own)


@given(st.lists(st.sampled_from([R, S, UUID(int=903)])))
def test_a_rule_for_a_role_counts_exactly_for_those_in_it(roles: list[UUID]) -> None:
    expected = NONE if R in roles else EDITOR
    assert level_of(Member(MEL.user, frozenset(roles)), I2, a_rule(I2, NONE, role=R)) is expected
