"""Reading a TrendsQuery's breakdownFilter."""

from __future__ import annotations

from enum import StrEnum

from .aggregation import Dimension
from .errors import InvalidInput
from .properties import Operand, Source
from .trends import Display, TrendBreakdown
from .wire import Node

DEFAULT_LIMIT = 25
CSV_LIMIT = 512
WORLD_MAP_LIMIT = 250
MAX_LIMIT = 1000
MAX_DIMENSIONS = 3
MAX_BINS = 1000

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
        raise InvalidInput("Breakdowns by cohort are not supported yet.", node.path(attr))
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise node.error("The name of a property is expected.", attr)
    if kind is _BreakdownType.HOGQL:
        return Dimension(None, str(key), normalize_url, bins)
    operand = Operand(_SOURCES[kind], str(key), group if kind is _BreakdownType.GROUP else None)
    return Dimension(operand, None, normalize_url, bins)
