"""What the bodies of actions, cohorts and insights have in common."""

from __future__ import annotations

import marshmallow as ma

MAX_NAME = 400
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
