"""Cohorts on the wire."""

from __future__ import annotations

import marshmallow as ma

from ...domain.access import Resource, object_target
from ...domain.accounts import User
from ...domain.cohorts import MAX_MEMBERS
from ...domain.events import JsonValue
from ...services.access import Entered
from ...services.cohorts import CountedCohort
from ..api import Schema
from .common import instant
from .pages import PageSchema
from .saved import description_field, text_field
from .users import UserBasicSchema, author_body

_FILTERS = {
    "description": "`properties`: a group of filters on persons and cohorts. Empty for a static cohort.",
    "example": {
        "properties": {"type": "AND", "values": [{"key": "plan", "value": "pro", "type": "person"}]},
    },
}
_MEMBERS = ma.validate.Length(max=MAX_MEMBERS)


class CohortChangeSchema(Schema):
    """What to change of a cohort. Persons listed are added to a static one."""

    name = text_field(1)
    description = description_field()
    filters = ma.fields.Raw(allow_none=True, metadata=_FILTERS)
    groups = ma.fields.Raw(allow_none=True, metadata={"description": "PostHog's older form of `filters`."})
    person_ids = ma.fields.List(ma.fields.UUID(), validate=_MEMBERS, metadata={"description": "Persons' uuids."})
    distinct_ids = ma.fields.List(text_field(1), validate=_MEMBERS)
    deleted = ma.fields.Boolean()


class NewCohortSchema(CohortChangeSchema):
    """A new cohort: dynamic by `filters`, or static with the persons listed."""

    name = text_field(1, required=True)
    is_static = ma.fields.Boolean()


class CohortSchema(Schema):
    """A cohort: a named set of persons."""

    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    description = ma.fields.String(required=True)
    is_static = ma.fields.Boolean(required=True)
    deleted = ma.fields.Boolean(required=True)
    count = ma.fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Its present number of persons; null when it names a cohort that was deleted."},
    )
    is_calculating = ma.fields.Boolean(required=True, metadata={"description": "Always false: counts are current."})
    filters = ma.fields.Dict(required=True, metadata=_FILTERS)
    created_at = ma.fields.AwareDateTime(required=True)
    created_by = ma.fields.Nested(UserBasicSchema, required=True, allow_none=True)
    user_access_level = ma.fields.String(required=True)


class CohortPageSchema(PageSchema):
    """One page of cohorts, newest first."""

    results = ma.fields.List(ma.fields.Nested(CohortSchema), required=True)


class CohortMemberArguments(Schema):
    """Which persons of a cohort, and which page of them."""

    search = ma.fields.String(
        metadata={"description": "Part of e-mail, name or a distinct id, in any case; or a whole uuid."}
    )
    limit = ma.fields.String(metadata={"description": "1 to 1000; 100 when absent or empty."})
    offset = ma.fields.String(metadata={"description": "How many rows to pass over; 0 when absent."})
    cursor = ma.fields.String(metadata={"description": "Opaque, as found in `next` and `previous`."})


class PersonCohortArguments(Schema):
    """Whose cohorts."""

    person_id = ma.fields.String(required=True, metadata={"description": "A person's uuid or integer id."})


class PersonCohortSchema(Schema):
    """A cohort that a person is in."""

    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True, allow_none=True)


class PersonCohortsSchema(Schema):
    """The cohorts that a person is in."""

    results = ma.fields.List(ma.fields.Nested(PersonCohortSchema), required=True)


def cohort_body(counted: CountedCohort, users: dict[int, User], who: Entered) -> dict[str, JsonValue]:
    """A cohort as JSON. `users` are those it may be by."""
    cohort = counted.cohort
    return {
        "id": cohort.id,
        "name": cohort.name,
        "description": cohort.description,
        "is_static": cohort.is_static,
        "deleted": cohort.deleted,
        "count": counted.count,
        "is_calculating": False,
        "filters": dict(cohort.filters),
        "created_at": instant(cohort.created_at),
        "created_by": author_body(users, cohort.created_by),
        "user_access_level": who.level(object_target(Resource.COHORT, cohort)).text,
    }
