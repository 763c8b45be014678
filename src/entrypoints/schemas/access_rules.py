"""Access rules on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow as ma

from ...domain.access import Level, Resource, Rule
from ...domain.access_rules import Access
from ...services.access_rules import ObjectAccess
from ..api import Schema
from .common import instant

_LEVEL = {"description": "A level of the resource; null takes the rule away.", "example": "viewer"}
_MEMBER = {"description": "Whom the rule names, by `id` of the members' list. Without member and role: everybody."}
_ROLE = {"description": "Or which role."}


class RuleBody(Schema):
    """A change of one rule."""

    access_level = ma.fields.Raw(allow_none=True, metadata=_LEVEL)
    organization_member = ma.fields.Raw(allow_none=True, metadata=_MEMBER)
    role = ma.fields.Raw(allow_none=True, metadata=_ROLE)


class ResourceRuleBody(RuleBody):
    """A change of one rule on a resource as a whole."""

    resource = ma.fields.Raw(allow_none=True, metadata={"description": "Which resource.", "example": "insight"})
    resource_id = ma.fields.Raw(allow_none=True, metadata={"description": "Refused: the rule is about the whole."})


class RuleSchema(Schema):
    """An access rule."""

    access_level = ma.fields.String(required=True)
    resource = ma.fields.String(required=True)
    resource_id = ma.fields.String(required=True, allow_none=True)
    organization_member = ma.fields.UUID(required=True, allow_none=True)
    role = ma.fields.UUID(required=True, allow_none=True)
    created_by = ma.fields.Integer(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)


class InheritedAccessSchema(Schema):
    """What would apply to everybody without the object's own rules."""

    access_level = ma.fields.String(required=True)
    source = ma.fields.String(required=True)
    source_subject = ma.fields.String(required=True, allow_none=True)
    source_resource = ma.fields.String(required=True)
    source_resource_id = ma.fields.String(required=True, allow_none=True)
    source_display_name = ma.fields.String(required=True, allow_none=True)


class ResourceAccessSchema(Schema):
    """The rules of a project's resources as wholes, and what the caller may do."""

    access_controls = ma.fields.List(ma.fields.Nested(RuleSchema), required=True)
    available_access_levels = ma.fields.List(ma.fields.String(), required=True)
    default_access_level = ma.fields.String(required=True)
    minimum_access_level = ma.fields.String(required=True)
    maximum_access_level = ma.fields.String(required=True)
    user_access_level = ma.fields.String(required=True)
    user_can_edit_access_levels = ma.fields.Boolean(required=True)


class ObjectAccessSchema(ResourceAccessSchema):
    """An object's rules, and what the caller may do."""

    inherited_access = ma.fields.Nested(InheritedAccessSchema, required=True, allow_none=True)


class UserWithAccessSchema(Schema):
    """A member who has access."""

    user_id = ma.fields.UUID(required=True)
    access_level = ma.fields.String(required=True)
    access_source = ma.fields.String(required=True)
    organization_membership_id = ma.fields.UUID(required=True)
    organization_membership_level = ma.fields.String(required=True)


class UsersWithAccessSchema(Schema):
    """Those who have access, the highest level first."""

    users = ma.fields.List(ma.fields.Nested(UserWithAccessSchema), required=True)
    total_count = ma.fields.Integer(required=True)


def rule_body(rule: Rule) -> dict[str, Any]:
    """A rule as JSON; it has no id."""
    return {
        "access_level": rule.access_level.text,
        "resource": rule.resource,
        "resource_id": rule.resource_id,
        "organization_member": rule.organization_member,
        "role": rule.role,
        "created_by": rule.created_by,
        "created_at": instant(rule.created_at),
        "updated_at": instant(rule.updated_at),
    }


def object_access_body(resource: Resource, access: ObjectAccess) -> dict[str, Any]:
    """An object's rules, and what the caller may do."""
    inherited = access.inherited
    return {
        **_access_body(access, resource.ladder, resource.default, resource.minimum, resource.maximum),
        "inherited_access": inherited
        and {
            "access_level": inherited.level.text,
            "source": inherited.source,
            "source_subject": inherited.source_subject,
            "source_resource": resource,
            "source_resource_id": None,
            "source_display_name": None,
        },
    }


def resource_access_body(access: ObjectAccess) -> dict[str, Any]:
    """The rules of resources as wholes. One level's bounds stand for all resources."""
    ladder = Resource.INSIGHT.ladder
    return _access_body(access, ladder, Level.EDITOR, ladder[0], ladder[-1])


def users_with_access_body(found: Sequence[Access]) -> dict[str, Any]:
    """Who has access, in the order given."""
    return {
        "users": [
            {
                "user_id": access.member.user.uuid,
                "access_level": access.level.text,
                "access_source": access.source,
                "organization_membership_id": access.member.user.member_id,
                "organization_membership_level": access.member.user.level.name.lower(),
            }
            for access in found
        ],
        "total_count": len(found),
    }


def _access_body(
    access: ObjectAccess, ladder: Sequence[Level], default: Level, minimum: Level, maximum: Level
) -> dict[str, Any]:
    return {
        "access_controls": [rule_body(rule) for rule in access.rules],
        "available_access_levels": [level.text for level in ladder],
        "default_access_level": default.text,
        "minimum_access_level": minimum.text,
        "maximum_access_level": maximum.text,
        "user_access_level": access.level.text,
        "user_can_edit_access_levels": access.may_edit,
    }
