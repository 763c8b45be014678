"""Access rules in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ...domain.access import Resource, Rule
from ...domain.accounts import User
from .roles import MemoryRoleRepository
from .state import RuleKey, State


class MemoryRuleRepository:
    """The access rules of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def for_member(
        self,
        user: User,
        project_id: int | None,
        *,
        wholes: Collection[Resource] = (),
        objects: Collection[Resource] = (),
    ) -> Sequence[Rule]:
        roles = {None, *MemoryRoleRepository(self._state).of(user.id)}
        return [
            rule
            for rule in self._state.rules.values()
            if project_id in (None, rule.project_id)
            and rule.organization_member in (None, user.member_id)
            and rule.role in roles
            and (rule.resource in objects or (rule.resource in wholes and rule.resource_id is None))
        ]

    def about(self, project_id: int, resources: Collection[Resource]) -> Sequence[Rule]:
        wanted = {*resources, Resource.PROJECT}
        return [
            rule for rule in self._state.rules.values() if rule.project_id == project_id and rule.resource in wanted
        ]

    def put(self, rule: Rule) -> None:
        self._state.rules[_key(rule)] = rule

    def delete(self, rule: Rule) -> None:
        self._state.rules.pop(_key(rule), None)

    def forget_object(self, project_id: int, resource: Resource, resource_id: str) -> None:
        for key in [key for key in self._state.rules if key[:3] == (project_id, resource, resource_id)]:
            del self._state.rules[key]


def _key(rule: Rule) -> RuleKey:
    return rule.project_id, rule.resource, rule.resource_id, rule.organization_member, rule.role
