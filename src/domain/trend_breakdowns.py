"""Reading a TrendsQuery's breakdownFilter."""

from __future__ import annotations

from enum import StrEnum

from .aggregation import Dimension
from .errors import InvalidInput
from .expression import parse_value
from .properties import Operand, Source
from .trends import Display, TrendBreakdown
from .wire import Node

DEFAULT_LIMIT = 25
CSV_LIMIT = 512
WORLD_MAP_LIMIT = 250
MAX_LIMIT = 1000
MAX_DIMENSIONS = 3
MAX_BINS = 1000
MAX_COHORTS = 50

BREAKDOWN_KEYS = (
    "breakdown",
    "breakdown_type",
    "breakdowns",
    "breakdown_limit",
    "breakdown_normalize_url",
    "breakdown_histogram_bin_count",
    "breakdown_group_type_index",
    "breakdown_hide_other_aggregation",
)


class _BreakdownType(StrEnum):
    EVENT = "event"
    PERSON = "person"
    COHORT = "cohort"
    GROUP = "group"
    SESSION = "session"
    HOGQL = "hogql"
    EVENT_METADATA = "event_metadata"


_SOURCES = {
    _BreakdownType.EVENT: Source.EVENT,
    _BreakdownType.PERSON: Source.PERSON,
    _BreakdownType.GROUP: Source.GROUP,
    _BreakdownType.SESSION: Source.SESSION,
    _BreakdownType.EVENT_METADATA: Source.METADATA,
}


def read_breakdown(node: Node, display: Display, limit: int) -> TrendBreakdown | None:
    several = node.items("breakdowns", maximum=MAX_DIMENSIONS)
    if not several and node.get("breakdown_type") == _BreakdownType.COHORT and node.get("breakdown") not in (None, []):
        return TrendBreakdown((), limit, cohorts=_cohorts(node))
    dimensions = (
        tuple(_dimension_of(item, f"breakdowns__{index}") for index, item in enumerate(several))
        if several
        else _one_dimension(node)
    )
    if not dimensions:
        return None
    own_limit = node.integer("breakdown_limit", minimum=1, maximum=MAX_LIMIT)
    return TrendBreakdown(
        dimensions,
        limit=WORLD_MAP_LIMIT if display is Display.WORLD_MAP else own_limit or limit,
        several=bool(several),
        hide_other=node.flag("breakdown_hide_other_aggregation"),
    )


def _one_dimension(node: Node) -> tuple[Dimension, ...]:
    key = node.get("breakdown")
    if isinstance(key, list) and len(key) == 1:
        key = key[0]
    if key is None or key in ("", []):
        return ()
    kind = node.choice("breakdown_type", _BreakdownType) or _BreakdownType.EVENT
    return (
        _dimension(
            node,
            key,
            "breakdown",
            kind,
            normalize_url=node.flag("breakdown_normalize_url"),
            bins=node.integer("breakdown_histogram_bin_count", minimum=1, maximum=MAX_BINS),
            group=node.integer("breakdown_group_type_index", minimum=0, maximum=4),
        ),
    )


def _cohorts(node: Node) -> tuple[int | None, ...]:
    """The ids of a breakdown by cohorts, one or a list; `all` is all users."""
    given = node.get("breakdown")
    items = given if isinstance(given, list) else [given]
    if len(items) > MAX_COHORTS:
        raise InvalidInput(f"A list of at most {MAX_COHORTS} is expected.", node.path("breakdown"))
    return tuple(dict.fromkeys(_cohort(node, item) for item in items))


def _cohort(node: Node, item: object) -> int | None:
    if item == "all":
        return None
    text = str(item) if isinstance(item, str | int) and not isinstance(item, bool) else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise node.error("The ids of cohorts are expected, or all.", "breakdown")
    return int(text)


def _dimension_of(raw: object, path: str) -> Dimension:
    keys = ("type", "property", "normalize_url", "histogram_bin_count", "group_type_index")
    node = Node(raw, keys, path)
    return _dimension(
        node,
        node.get("property"),
        "property",
        node.choice("type", _BreakdownType) or _BreakdownType.EVENT,
        normalize_url=node.flag("normalize_url"),
        bins=node.integer("histogram_bin_count", minimum=1, maximum=MAX_BINS),
        group=node.integer("group_type_index", minimum=0, maximum=4),
    )


def _dimension(
    node: Node,
    key: object,
    attr: str,
    kind: _BreakdownType,
    *,
    normalize_url: bool,
    bins: int | None,
    group: int | None,
) -> Dimension:
    if kind is _BreakdownType.COHORT:
        raise InvalidInput("A breakdown by cohort cannot be one of several.", node.path(attr))
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise node.error("The name of a property is expected.", attr)
    if kind is _BreakdownType.HOGQL:
        parse_value(str(key), node.path(attr))
        return Dimension(None, str(key), normalize_url, bins)
    operand = Operand(_SOURCES[kind], str(key), group if kind is _BreakdownType.GROUP else None)
    return Dimension(operand, None, normalize_url, bins)
