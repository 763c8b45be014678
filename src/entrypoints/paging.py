"""Pages of short lists, by limit and offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .api import link
from .schemas.common import whole_number

_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000


def page_body(rows: Sequence[Mapping[str, Any]], arguments: Mapping[str, str]) -> dict[str, Any]:
    """The page of all rows that the query's `limit` and `offset` ask for. Raises `InvalidInput` for a bad one."""
    limit = whole_number(arguments.get("limit"), "limit", default=_DEFAULT_LIMIT, minimum=1, maximum=_MAX_LIMIT)
    offset = whole_number(arguments.get("offset"), "offset", default=0, minimum=0)
    return {
        "count": len(rows),
        "next": link(limit=limit, offset=offset + limit) if offset + limit < len(rows) else None,
        "previous": link(limit=limit, offset=max(0, offset - limit) or None) if offset else None,
        "results": rows[offset : offset + limit],
    }
