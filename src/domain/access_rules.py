"""Changing access rules, and who has access by them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from .access import Level, Member, Resource, Rule, Rules, SourceSubject, Target, check_level, level, project_target
from .accounts import MemberLevel, User
from .errors import InvalidInput, PermissionDenied
from .uuids import parse_uuid

MAX_OBJECTS_WITH_RULES = 1000
"""So many objects of one resource may have rules of their own."""

RULED_RESOURCES = tuple(resource for resource in Resource if resource is not Resource.PROJECT)
"""Those that can have rules on the resource as a whole."""


class RuleRepository(Protocol):
    """The access rules of all projects."""

    def for_member(
        self,
        user: User,
        project_id: int | None,
        *,
        wholes: Collection[Resource] = (),
        objects: Collection[Resource] = (),
    ) -> Sequence[Rule]:
        """The rules that name the user, a role of theirs or nobody, of one project or of all (None), in one statement.

        `wholes`: rules on these resources as a whole; `objects`: those and the ones on single objects.
        """

    def about(self, project_id: int, resources: Collection[Resource]) -> Sequence[Rule]:
        """All rules of these resources and of the project itself, oldest first, locked for change where it writes."""

    def put(self, rule: Rule) -> None:
        """Keep a rule in place of the one about the same that names the same."""

    def delete(self, rule: Rule) -> None:
        """Forget a rule."""

    def forget_object(self, project_id: int, resource: Resource, resource_id: str) -> None:
        """Forget all rules on an object, because it is gone."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A checked wish: this level for a member, a role or everybody; None takes the rule away."""

    target: Target
    organization_member: UUID | None
    role: UUID | None
    access_level: Level | None


def check_rule_change(
    body: Mapping[str, object],
    rules: Rules,
    who: Member,
    target: Target,
    *,
    members: Collection[UUID],
    roles: Collection[UUID],
    limit: int = MAX_OBJECTS_WITH_RULES,
) -> RuleChange:
    """Read a change of one object's rules (`access_level`, `organization_member`, `role`) and check the right to it.

    `rules` are all of the project that concern the object's resource or the project itself; `members` and `roles`
    all that exist. Raises `PermissionDenied` or `InvalidInput`, the first that applies in PostHog's order.
    """
    if target.resource is not Resource.PROJECT:
        check_level(rules, who, target, Level.EDITOR)
    access_level = _read_level(body, target.resource)
    change = RuleChange(target, *_read_subject(body, members, roles), access_level)
    if not may_edit_rules(rules, who, target):
        top = target.resource.ladder[-1].text
        raise PermissionDenied(f"Must be {top} to modify {target.resource} permissions.")
    with_rules = rules.object_ids(target.project_id, target.resource)
    if access_level is not None and target.resource_id not in with_rules and len(with_rules) >= limit:
        raise InvalidInput(f"Reached the limit of {limit} {target.resource}s with access control overrides.")
    return change


def check_resource_rule_change(
    body: Mapping[str, object],
    rules: Rules,
    who: Member,
    project_id: int,
    *,
    members: Collection[UUID],
    roles: Collection[UUID],
) -> RuleChange:
    """The same for a rule on a resource as a whole, which the body names as `resource`."""
    name = body.get("resource")
    resource = Resource(name) if isinstance(name, str) and name in RULED_RESOURCES else None
    access_level = _read_level(body, resource)
    if "resource" not in body:
        raise InvalidInput("This field is required.", "resource", "required")
    if resource is None:
        names = tuple(str(resource) for resource in RULED_RESOURCES)
        raise InvalidInput(f"Invalid resource. Must be one of: {names}", "resource")
    subject = _read_subject(body, members, roles)
    if body.get("resource_id"):
        raise PermissionDenied("Cannot modify access controls for a resource different from the URL target.")
    if not may_edit_rules(rules, who, project_target(project_id)):
        raise PermissionDenied("Must be an Organization admin to modify project-wide permissions.")
    return RuleChange(Target(project_id, resource), *subject, access_level)


def may_edit_rules(rules: Rules, who: Member, target: Target) -> bool:
    """Whether `who` may change an object's rules: as organisation admin, as project admin by a rule that names them
    or a role of theirs (a default names nobody), or as the object's creator or manager."""
    if who.user.is_active and who.user.level >= MemberLevel.ADMIN:
        return True
    project = level(rules, who, project_target(target.project_id))
    if project.level is Level.ADMIN and project.source_subject in (SourceSubject.MEMBER, SourceSubject.ROLE):
        return True
    return level(rules, who, target).level is Level.MANAGER


def changed_rule(change: RuleChange, existing: Rule | None, *, by: int, at: datetime) -> Rule | None:
    """The rule after a change made by a user, or None if there is none any more."""
    if change.access_level is None:
        return None
    if existing:
        return replace(existing, access_level=change.access_level, updated_at=at)
    target = change.target
    return Rule(
        target.project_id,
        target.resource,
        target.resource_id,
        change.organization_member,
        change.role,
        change.access_level,
        created_by=by,
        created_at=at,
        updated_at=at,
    )


def _read_level(body: Mapping[str, object], resource: Resource | None) -> Level | None:
    """The level of a body, None to take the rule away. An unknown resource is complained about later."""
    if "access_level" not in body:
        raise InvalidInput("This field is required.", "access_level", "required")
    text = body["access_level"]
    if text is None:
        return None
    allowed = {step.text: step for step in (resource or Resource.INSIGHT).ladder}
    if not isinstance(text, str) or text not in allowed:
        raise InvalidInput(f"Invalid access level. Must be one of: {', '.join(allowed)}", "access_level")
    found = allowed[text]
    if resource and found < resource.minimum:
        raise InvalidInput(
            f"Access level cannot be set below the minimum '{resource.minimum.text}' for {resource}.", "access_level"
        )
    if resource and found > resource.maximum:
        raise InvalidInput(
            f"Access level cannot be set above the maximum '{resource.maximum.text}' for {resource}.", "access_level"
        )
    return found


def _read_subject(
    body: Mapping[str, object], members: Collection[UUID], roles: Collection[UUID]
) -> tuple[UUID | None, UUID | None]:
    """The member and the role of a body, at most one of them."""
    # An empty text means nobody, as in Django REST framework.
    member_text, role_text = body.get("organization_member") or None, body.get("role") or None
    member = parse_uuid(member_text) if isinstance(member_text, str) else None
    role = parse_uuid(role_text) if isinstance(role_text, str) else None
    if member_text is not None and member is None:
        raise InvalidInput(
            "Invalid organization member id. "
            "Use the 'id' field from the /api/organizations/@current/members/ endpoint.",
            "organization_member",
        )
    if member is not None and member not in members:
        raise _unknown(member_text, "organization_member")
    if role_text is not None and role not in roles:
        raise _unknown(role_text, "role")
    if member is not None and role is not None:
        raise InvalidInput("You can not scope an access control to both a member and a role.")
    return member, role


def _unknown(key: object, attr: str) -> InvalidInput:
    return InvalidInput(f'Invalid pk "{key}" - object does not exist.', attr, "does_not_exist")


# --- who has access -----------------------------------------------------------------------------------------


class AccessSource(StrEnum):
    """Why somebody is in the list of those with access, the first that applies in this order."""

    CREATOR = "creator"
    ORGANIZATION_ADMIN = "organization_admin"
    EXPLICIT_MEMBER = "explicit_member"
    EXPLICIT_ROLE = "explicit_role"
    PROJECT_ADMIN = "project_admin"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Access:
    """A member who has access to an object."""

    member: Member
    level: Level
    source: AccessSource


def users_with_access(rules: Rules, members: Iterable[Member], target: Target) -> list[Access]:
    """The members who may enter the project and have a level on the object: highest level, then highest uuid first."""
    project = project_target(target.project_id)
    found = [
        Access(who, here, access_source(rules, who, target))
        for who in members
        if level(rules, who, project).level > Level.NONE and (here := level(rules, who, target).level) > Level.NONE
    ]
    return sorted(found, key=lambda access: (access.level, access.member.user.uuid), reverse=True)


def access_source(rules: Rules, who: Member, target: Target) -> AccessSource:
    """Why a member has access: explicit is a rule on the object itself, as in PostHog."""
    if target.created_by == who.user.id:
        return AccessSource.CREATOR
    if who.user.level >= MemberLevel.ADMIN:
        return AccessSource.ORGANIZATION_ADMIN
    if rules.find(target, organization_member=who.user.member_id):
        return AccessSource.EXPLICIT_MEMBER
    if any(rules.find(target, role=role) for role in who.roles):
        return AccessSource.EXPLICIT_ROLE
    # Any rule on the project that names the member has this name in PostHog, whatever its level.
    if rules.find(project_target(target.project_id), organization_member=who.user.member_id):
        return AccessSource.PROJECT_ADMIN
    return AccessSource.DEFAULT
