"""What every `RoleRepository` and `RuleRepository` promises. A subclass gives the fixture `begin`, units of work on
an empty store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hedgerow.domain.access import Level, Resource, Rule, Target, project_target
from hedgerow.domain.accounts import MemberLevel, User
from hedgerow.domain.errors import Conflict
from hedgerow.domain.ports import UnitOfWork, UnitOfWorkFactory

NOON = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)


def a_user(work: UnitOfWork, name: str = "mel") -> User:
    return work.accounts.add_user(
        email=f"{name}@example.com", first_name="", last_name="", level=MemberLevel.MEMBER, at=NOON
    )


def a_project(work: UnitOfWork) -> int:
    return work.accounts.add_project(name="Shop", timezone="UTC", week_start_day=0, at=NOON).id


def a_rule(
    target: Target, level: Level = Level.VIEWER, *, member: User | None = None, role: UUID | None = None
) -> Rule:
    member_id = member.member_id if member else None
    return Rule(target.project_id, target.resource, target.resource_id, member_id, role, level, 7, NOON, NOON)


class RoleRepositoryContract:
    """See the module."""

    def test_a_role_is_found_by_its_name(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            role = work.roles.add("Analysts", NOON)
            work.commit()

        assert (role.name, role.created_at) == ("Analysts", NOON)
        with begin(write=False) as work:
            assert work.roles.named("Analysts") == role
            assert work.roles.named("analysts") is None
            assert work.roles.ids() == {role.id}

    def test_a_name_is_one_roles_and_a_refusal_does_no_harm(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            work.roles.add("Analysts", NOON)
            with pytest.raises(Conflict):
                work.roles.add("Analysts", NOON)
            work.roles.add("Authors", NOON)
            work.commit()

        with begin(write=False) as work:
            assert len(work.roles.ids()) == 2

    def test_members_are_all_users_with_the_roles_that_they_are_in(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            mel, nia = a_user(work), a_user(work, "nia")
            one, other = work.roles.add("One", NOON), work.roles.add("Other", NOON)
            for role in (one, other, one):
                work.roles.join(role.id, mel.id)
            work.commit()

        with begin() as work:
            assert [(who.user, who.roles) for who in work.roles.members()] == [
                (mel, {one.id, other.id}),
                (nia, frozenset()),
            ]
            assert work.roles.leave(one.id, mel.id)
            assert not work.roles.leave(one.id, mel.id)
            assert not work.roles.leave(one.id, nia.id)
            assert work.roles.members()[0].roles == {other.id}


class RuleRepositoryContract:
    """See the module."""

    def test_there_is_one_rule_for_each_subject_whatever_is_null(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            project, mel, role = a_project(work), a_user(work), work.roles.add("R", NOON)
            insight, insights = Target(project, Resource.INSIGHT, "12"), Target(project, Resource.INSIGHT)
            rules = [
                a_rule(target, member=member, role=role_id)
                for target in (insight, insights, project_target(project))
                for member, role_id in ((None, None), (mel, None), (None, role.id))
            ]
            for rule in rules:
                work.rules.put(rule)
            later = [
                replace(rule, access_level=Level.NONE, updated_at=NOON + timedelta(microseconds=5)) for rule in rules
            ]
            for rule in later:
                work.rules.put(rule)
            work.commit()

        with begin() as work:
            assert work.rules.about(project, [Resource.INSIGHT]) == later
            work.rules.delete(rules[0])
            work.rules.delete(rules[0])
            assert work.rules.about(project, [Resource.INSIGHT]) == later[1:]

    def test_levels_of_both_ladders_are_kept(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            project = a_project(work)
            for level in Level:
                rule = a_rule(Target(project, Resource.INSIGHT, level.text), level)
                work.rules.put(rule)
                assert rule in work.rules.about(project, [Resource.INSIGHT])

    def test_about_are_all_rules_of_a_resource_and_of_the_project_itself(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            project, other, mel = a_project(work), a_project(work), a_user(work)
            wanted = [
                a_rule(Target(project, Resource.PERSON), member=mel),
                a_rule(project_target(project), Level.MEMBER, member=mel),
            ]
            for rule in (
                *wanted,
                a_rule(Target(project, Resource.INSIGHT)),
                a_rule(Target(other, Resource.PERSON)),
                a_rule(project_target(other), Level.MEMBER),
            ):
                work.rules.put(rule)
            work.commit()

        with begin(write=False) as work:
            assert work.rules.about(project, [Resource.PERSON]) == wanted
            assert work.rules.about(project + other, [Resource.PERSON]) == []

    def test_for_a_member_are_the_rules_that_name_them_a_role_of_theirs_or_nobody(
        self, begin: UnitOfWorkFactory
    ) -> None:
        with begin() as work:
            project, mel, nia = a_project(work), a_user(work), a_user(work, "nia")
            mine, foreign = work.roles.add("Mine", NOON), work.roles.add("Foreign", NOON)
            work.roles.join(mine.id, mel.id)
            work.roles.join(foreign.id, nia.id)
            persons = Target(project, Resource.PERSON)
            wanted = [a_rule(persons), a_rule(persons, member=mel), a_rule(persons, role=mine.id)]
            for rule in (*wanted, a_rule(persons, member=nia), a_rule(persons, role=foreign.id)):
                work.rules.put(rule)

            found = work.rules.for_member(mel, project, wholes=[Resource.PERSON])
            assert set(found) == set(wanted)
            assert len(found) == len(wanted)
            found = work.rules.for_member(nia, project, wholes=[Resource.PERSON])
            assert {rule.organization_member for rule in found} == {None, nia.member_id}

    def test_rules_on_single_objects_come_where_they_are_asked_for(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            project, other, mel = a_project(work), a_project(work), a_user(work)
            insight, insights = (
                a_rule(Target(project, Resource.INSIGHT, "1")),
                a_rule(Target(project, Resource.INSIGHT)),
            )
            here, there = a_rule(project_target(project)), a_rule(project_target(other))
            for rule in (insight, insights, here, there):
                work.rules.put(rule)

            assert work.rules.for_member(mel, project) == []
            assert work.rules.for_member(mel, project, wholes=[Resource.INSIGHT]) == [insights]
            assert set(work.rules.for_member(mel, project, objects=[Resource.INSIGHT])) == {insight, insights}
            assert set(work.rules.for_member(mel, None, objects=[Resource.PROJECT])) == {here, there}

    def test_the_rules_of_an_object_go_with_it(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            project, mel = a_project(work), a_user(work)
            kept = [a_rule(Target(project, Resource.INSIGHT, "2")), a_rule(Target(project, Resource.INSIGHT))]
            gone = Target(project, Resource.INSIGHT, "1")
            for rule in (a_rule(gone), a_rule(gone, member=mel), *kept):
                work.rules.put(rule)

            work.rules.forget_object(project, Resource.INSIGHT, "1")

            assert work.rules.about(project, [Resource.INSIGHT]) == kept

    def test_a_rule_that_is_not_there_can_be_deleted(self, begin: UnitOfWorkFactory) -> None:
        with begin() as work:
            work.rules.delete(a_rule(Target(a_project(work), Resource.INSIGHT, str(uuid4()))))
