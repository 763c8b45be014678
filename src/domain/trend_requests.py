"""From a request to `insights/trend` to the TrendsQuery it means, and from which place in its breakdowns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidInput
from .legacy_trends import LEGACY_KEYS, read_integer, read_json, to_trends_query
from .trend_breakdowns import MAX_LIMIT
from .wire import Node

MAX_OFFSET = 10_000_000

_INSIGHT_NODE_KEYS = (
    "kind",
    "source",
    "embedded",
    "full",
    "hidePersonsModal",
    "hideTooltipOnScroll",
    "shortId",
    "showCorrelationTable",
    "showFilters",
    "showHeader",
    "showLastComputation",
    "showLastComputationRefresh",
    "showResults",
    "showTable",
    "suppressSessionAnalysisWarning",
    "version",
    "vizSpecificOptions",
)


def trends_query_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The TrendsQuery, in wire form, of a request to `insights/trend`: body and query string in one mapping.

    It is `query` (a TrendsQuery or an InsightVizNode), or made of `filters`, or of top-level legacy keys;
    `query` and `filters` may be JSON text. Raises InvalidInput when more than one of them is given.
    """
    given = [key for key in ("query", "filters") if request.get(key)]
    if flat := [key for key in LEGACY_KEYS if request.get(key) not in (None, "")]:
        given.append(flat[0])
    if len(given) > 1:
        names = " and ".join(given)
        raise InvalidInput(f"Only one of query, filters and top-level keys may be given, not {names}.", given[1])
    if "query" in given:
        query = read_json(request, "query", "query is not JSON")
        return unwrap(query)
    if "filters" not in given:
        return to_trends_query(request)
    filters = read_json(request, "filters", "filters is not JSON")
    if not isinstance(filters, dict):
        raise InvalidInput("filters must be an object", "filters")
    return to_trends_query(filters)


def unwrap(query: object) -> dict[str, Any]:
    """The TrendsQuery itself, or the one in an InsightVizNode. Raises InvalidInput for any other kind."""
    if isinstance(query, dict) and query.get("kind") == "InsightVizNode":
        query = Node(query, _INSIGHT_NODE_KEYS, "query").get("source")
    if isinstance(query, dict) and query.get("kind") == "TrendsQuery":
        return query
    detail = "A query of kind TrendsQuery, or an InsightVizNode with one as its source, is expected."
    raise InvalidInput(detail, "query", "parse_error")


def read_paging(request: Mapping[str, Any]) -> tuple[int | None, int]:
    """`limit` (None if there is none) and `offset` of a request, in breakdown values. Raises InvalidInput."""
    limit, offset = read_integer(request, "limit"), read_integer(request, "offset") or 0
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"Must be from 1 to {MAX_LIMIT}.", "limit")
    if not 0 <= offset <= MAX_OFFSET:
        raise InvalidInput(f"Must be from 0 to {MAX_OFFSET}.", "offset")
    return limit, offset
