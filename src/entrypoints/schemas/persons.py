"""Persons on the wire."""

from __future__ import annotations

import marshmallow as ma

from ...domain.accounts import Project
from ...domain.events import JsonValue
from ...domain.persons import Person, anonymous_last, display_name
from ..api import Schema
from .common import instant


class PersonSchema(Schema):
    """A person."""

    id = ma.fields.Integer(required=True, metadata={"description": "The person's integer id.", "example": 12})
    name = ma.fields.Raw(
        required=True,
        metadata={"description": "The display name; a property's value is given as it is.", "example": "a@b.c"},
    )
    distinct_ids = ma.fields.List(ma.fields.String(), required=True, metadata={"example": ["d1", "d2"]})
    properties = ma.fields.Dict(keys=ma.fields.String(), required=True, metadata={"example": {"email": "a@b.c"}})
    created_at = ma.fields.AwareDateTime(required=True)
    uuid = ma.fields.UUID(required=True)
    is_identified = ma.fields.Boolean(required=True)
    last_seen_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class PersonPageSchema(Schema):
    """One page of persons, newest first."""

    results = ma.fields.List(ma.fields.Nested(PersonSchema), required=True)
    next = ma.fields.Url(required=True, allow_none=True, metadata={"description": "Set only if more rows exist."})
    previous = ma.fields.Url(required=True, allow_none=True)
    count = ma.fields.Integer(required=True, metadata={"description": "The exact number of matching persons."})


class FormatArguments(Schema):
    """How the answer is written."""

    format = ma.fields.String(metadata={"description": "`json` (the default) or `csv`."})
    csv_escape = ma.fields.String(
        metadata={"description": "`none`: CSV cells that a spreadsheet would run as a formula get no `'` before them."}
    )


class PersonListArguments(FormatArguments):
    """Which persons, and which page of them. All conditions must hold."""

    distinct_id = ma.fields.String(metadata={"description": "One of the person's distinct ids, exactly."})
    email = ma.fields.String(metadata={"description": "The property `email`, exactly."})
    search = ma.fields.String(
        metadata={"description": "Part of e-mail, name or a distinct id, in any case; or a whole uuid."}
    )
    properties = ma.fields.String(
        metadata={
            "description": "Property filters as JSON: a list (all must hold) or a group of `AND`/`OR`, nested freely.",
            "example": '[{"key":"email","operator":"icontains","value":"@example.com","type":"person"}]',
        }
    )
    limit = ma.fields.String(metadata={"description": "1 to 1000; 100 when absent or empty. CSV: 1 or more; all."})
    offset = ma.fields.String(metadata={"description": "How many rows to pass over; 0 when absent."})
    cursor = ma.fields.String(metadata={"description": "Opaque, as found in `next` and `previous`."})
    updated_after = ma.fields.String(metadata={"description": "Only persons changed after this ISO time."})


def person_body(person: Person, project: Project, *, every_id: bool) -> dict[str, JsonValue]:
    """A person as JSON. `every_id` gives all distinct ids, anonymous ones last; otherwise in order of addition."""
    ids = anonymous_last(person.distinct_ids) if every_id else list(person.distinct_ids)
    return {
        "id": person.id,
        "name": display_name(person, project.person_display_name_properties),
        "distinct_ids": ids,  # type: ignore[dict-item]
        "properties": person.properties,
        "created_at": instant(person.created_at),
        "uuid": str(person.uuid),
        "is_identified": person.is_identified,
        "last_seen_at": instant(person.last_seen_at) if person.last_seen_at else None,
    }
