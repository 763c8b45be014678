"""Pages of lists, by limit and offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma

from ..api import Schema, link
from .common import whole_number

_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000


class PageArguments(Schema):
    """Which page of a list."""

    limit = ma.fields.String(metadata={"description": "1 to 1000; 100 when absent or empty."})
    offset = ma.fields.String(metadata={"description": "How many rows to pass over; 0 when absent."})


class PageSchema(Schema):
    """One page of a list."""

    count = ma.fields.Integer(required=True, metadata={"description": "How many rows there are on all pages."})
    next = ma.fields.Url(required=True, allow_none=True)
    previous = ma.fields.Url(required=True, allow_none=True)


def read_page(arguments: Mapping[str, str]) -> tuple[int, int]:
    """`limit` and `offset` of a list. Raises `InvalidInput`."""
    limit = whole_number(arguments.get("limit"), "limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT)
    return limit, whole_number(arguments.get("offset"), "offset", default=0, minimum=0)


def page_body(results: Sequence[Any], count: int, limit: int, offset: int) -> dict[str, Any]:
    """A page of a list, with links to the pages beside it."""
    return {
        "count": count,
        "next": link(limit=limit, offset=offset + limit) if offset + limit < count else None,
        "previous": link(limit=limit, offset=max(offset - limit, 0) or None) if offset > 0 else None,
        "results": list(results),
    }


def page_of_all(rows: Sequence[Any], arguments: Mapping[str, str]) -> dict[str, Any]:
    """The page of rows that are all at hand. Raises `InvalidInput`."""
    limit, offset = read_page(arguments)
    return page_body(rows[offset : offset + limit], len(rows), limit, offset)
