"""Access rules: read, changed, explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ..domain.access import (
    Decision,
    Level,
    Member,
    Resource,
    Rule,
    Rules,
    Step,
    Target,
    check_level,
    inherited_access,
    ladder,
    level,
    project_target,
)
from ..domain.access_rules import (
    MAX_OBJECTS_WITH_RULES,
    RULED_RESOURCES,
    Access,
    RuleChange,
    changed_rule,
    check_resource_rule_change,
    check_rule_change,
    may_edit_rules,
    users_with_access,
)
from ..domain.accounts import User
from ..domain.activity import rule_changed
from ..domain.errors import InvalidInput, NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from .owned_objects import find_owned
from .recording import record


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """The rules of an object, or those of a project's resources as wholes, and what the asking member may do.

    `inherited` is what would apply without the object's own rules; None for a project.
    """

    rules: Sequence[Rule]
    level: Level
    may_edit: bool
    inherited: Decision | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a member may do with a target, and what each step of the ladder says about it."""

    target: Target
    decision: Decision
    steps: Sequence[Step]


class AccessRuleService:
    """Reads and changes rules for a member who has entered the project.

    All methods raise `NotFound` for an object that there is not. `limit`: so many objects of a resource may have
    rules.
    """

    def __init__(
        self,
        begin: UnitOfWorkFactory,
        clock: Clock,
        limit: int = MAX_OBJECTS_WITH_RULES,
    ) -> None:
        self._begin = begin
        self._clock = clock
        self._limit = limit

    def of_object(self, user: User, project_id: int, resource: Resource, reference: str) -> ObjectAccess:
        """An object's own rules. Raises `PermissionDenied` below viewer (project: member)."""
        with self._begin(write=False) as work:
            target = self._target(work, project_id, resource, reference)
            rules, who = self._all(work, user, target)
        check_level(Rules(rules), who, target, resource.ladder[1])
        return ObjectAccess(
            [rule for rule in rules if (rule.resource, rule.resource_id) == (resource, target.resource_id)],
            level(Rules(rules), who, target).level,
            may_edit_rules(Rules(rules), who, target),
            None if resource is Resource.PROJECT else inherited_access(Rules(rules), target),
        )

    def of_resources(self, user: User, project_id: int) -> ObjectAccess:
        """The rules of a project's resources as wholes; the level is that on the project."""
        project = project_target(project_id)
        with self._begin(write=False) as work:
            rules = work.rules.about(project_id, RULED_RESOURCES)
            who = _member(work.roles.members(), user)
        return ObjectAccess(
            [rule for rule in rules if rule.resource_id is None],
            level(Rules(rules), who, project).level,
            may_edit_rules(Rules(rules), who, project),
        )

    def change(
        self, user: User, project_id: int, resource: Resource, reference: str, body: Mapping[str, object]
    ) -> Rule | None:
        """The object's rule after the change that a body asks for; None if there is none any more.

        Raises what `check_rule_change` raises.
        """
        with self._begin() as work:
            target = self._target(work, project_id, resource, reference)
            rules = Rules(work.rules.about(project_id, [resource]))
            members, roles = work.roles.members(), work.roles.ids()
            change = check_rule_change(
                body,
                rules,
                _member(members, user),
                target,
                members=_member_ids(members),
                roles=roles,
                limit=self._limit,
            )
            return self._apply(work, change, rules, user)

    def change_resource(self, user: User, project_id: int, body: Mapping[str, object]) -> Rule | None:
        """The same for a rule on a resource as a whole. Raises what `check_resource_rule_change` raises."""
        with self._begin() as work:
            rules = Rules(work.rules.about(project_id, RULED_RESOURCES))
            members, roles = work.roles.members(), work.roles.ids()
            change = check_resource_rule_change(
                body, rules, _member(members, user), project_id, members=_member_ids(members), roles=roles
            )
            return self._apply(work, change, rules, user)

    def users_with_access(self, user: User, project_id: int, resource: Resource, reference: str) -> list[Access]:
        """Who has access to an object. Raises `PermissionDenied` below viewer."""
        with self._begin(write=False) as work:
            target = self._target(work, project_id, resource, reference)
            rules, members = Rules(work.rules.about(project_id, [resource])), work.roles.members()
        check_level(rules, _member(members, user), target, resource.ladder[1])
        return users_with_access(rules, members, target)

    def explain(
        self, email: str, resource: Resource, reference: str | None, project_id: int | None = None
    ) -> Explanation:
        """What a user may do with an object, or with a resource as a whole (no reference), and why.

        Without a project it is the only one there is. Raises `NotFound` or `InvalidInput`.
        """
        with self._begin(write=False) as work:
            user = work.accounts.user(email=email)
            if user is None:
                raise NotFound(f"There is no user {email!r}.")
            target = self._named(work, resource, reference, project_id)
            rules, who = self._all(work, user, target)
        return Explanation(target, level(Rules(rules), who, target), list(ladder(Rules(rules), who, target)))

    def _apply(self, work: UnitOfWork, change: RuleChange, rules: Rules, user: User) -> Rule | None:
        existing = rules.find(change.target, organization_member=change.organization_member, role=change.role)
        now = self._clock()
        rule = changed_rule(change, existing, by=user.id, at=now)
        if rule:
            work.rules.put(rule)
        elif existing:
            work.rules.delete(existing)
        entry = rule_changed(existing, rule, by=user.id, at=now)
        record(work, [entry] if entry else [])
        work.commit()
        return rule

    def _target(self, work: UnitOfWork, project_id: int, resource: Resource, reference: str) -> Target:
        target = find_owned(work, project_id, resource, reference)
        if target is None:
            raise NotFound
        return target

    def _named(self, work: UnitOfWork, resource: Resource, reference: str | None, project_id: int | None) -> Target:
        if resource is Resource.PROJECT:
            return project_target(_existing_project(work, reference or project_id))
        project_id = _existing_project(work, project_id)
        if reference is None:
            return Target(project_id, resource)
        target = find_owned(work, project_id, resource, reference)
        if target is None:
            raise NotFound(f"There is no {resource} {reference} in project {project_id}.")
        return target

    @staticmethod
    def _all(work: UnitOfWork, user: User, target: Target) -> tuple[Sequence[Rule], Member]:
        return work.rules.about(target.project_id, [target.resource]), _member(work.roles.members(), user)


def _member(members: Sequence[Member], user: User) -> Member:
    return next((who for who in members if who.user.id == user.id), Member(user))


def _member_ids(members: Sequence[Member]) -> frozenset[UUID]:
    return frozenset(who.user.member_id for who in members)


def _existing_project(work: UnitOfWork, reference: int | str | None) -> int:
    projects = work.accounts.projects()
    if reference is not None:
        for project in projects:
            if str(project.id) == str(reference):
                return project.id
        raise NotFound(f"There is no project {reference}.")
    if len(projects) != 1:
        raise InvalidInput(f"There are {len(projects)} projects; say which one.", attr="project")
    return projects[0].id
