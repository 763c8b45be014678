"""What the bodies of actions, cohorts and insights have in common."""

from __future__ import annotations

from collections.abc import Sequence

import marshmallow as ma

from ...domain.events import JsonValue
from ..api import Schema, link
from .common import whole_number

MAX_NAME = 400
DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_TAGS = 100
MAX_TAG = 255
MAX_DESCRIPTION = 10_000


# PostgreSQL keeps no NUL in a text.
_NO_NUL = ma.validate.ContainsNoneOf(["\0"], error="Null characters are not allowed.")


def text_field(
    minimum: int = 0, maximum: int = MAX_NAME, *, required: bool = False, allow_none: bool = False
) -> ma.fields.String:
    """A text of so many characters."""
    validate = [ma.validate.Length(minimum, maximum), _NO_NUL]
    return ma.fields.String(required=required, allow_none=allow_none, validate=validate)


def description_field() -> ma.fields.String:
    """What a thing is about."""
    return text_field(maximum=MAX_DESCRIPTION)


def tags_field() -> ma.fields.List[str]:
    """Words to find a thing by."""
    return ma.fields.List(text_field(1, MAX_TAG), validate=ma.validate.Length(max=MAX_TAGS))


class PageArguments(Schema):
    """Which page of a list."""

    limit = ma.fields.String(metadata={"description": "1 to 1000; 100 when absent or empty."})
    offset = ma.fields.String(metadata={"description": "How many rows to pass over; 0 when absent."})


def read_page(arguments: dict[str, str]) -> tuple[int, int]:
    """`limit` and `offset` of a list. Raises `InvalidInput`."""
    limit = whole_number(arguments.get("limit"), "limit", default=DEFAULT_LIMIT, minimum=1, maximum=MAX_LIMIT)
    return limit, whole_number(arguments.get("offset"), "offset", default=0, minimum=0)


def page_body(results: Sequence[JsonValue], count: int, limit: int, offset: int) -> dict[str, JsonValue]:
    """A page of a list, with links to the pages beside it."""
    return {
        "count": count,
        "next": link(limit=limit, offset=offset + limit) if offset + limit < count else None,
        "previous": link(limit=limit, offset=max(offset - limit, 0) or None) if offset > 0 else None,
        "results": list(results),
    }
