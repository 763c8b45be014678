"""PostHog's older way to ask for a trend, flat keys such as `events` and `date_from`, as a TrendsQuery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .dates import Interval
from .errors import InvalidInput
from .trends import Display

# The keys that say what to compute; others in the same request say how to answer.
LEGACY_KEYS = (
    "events",
    "actions",
    "interval",
    "date_from",
    "date_to",
    "explicit_date",
    "properties",
    "filter_test_accounts",
    "breakdown",
    "breakdown_type",
    "breakdowns",
    "breakdown_limit",
    "breakdown_histogram_bin_count",
    "breakdown_normalize_url",
    "breakdown_hide_other_aggregation",
    "breakdown_group_type_index",
    "compare",
    "compare_to",
    "formula",
    "display",
    "smoothing_intervals",
    "sampling_factor",
    "aggregation_group_type_index",
)
_TRUE = frozenset({"true", "1", "y", "yes", "t", "on"})
_OTHER_INSIGHTS = ("stickiness", "lifecycle")
_MATH_KEYS = ("math", "math_property", "math_property_type", "math_hogql", "math_group_type_index")
_BREAKDOWNS_TEXT = "breakdowns must be a list of items, each with property and type"
_MAX_BREAKDOWNS = 3


def to_trends_query(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The TrendsQuery, in wire form, that legacy keys mean; keys that are none are ignored.

    Values come from JSON or from a query string: there, lists and objects are JSON text. Only what differs
    between the two forms is checked here. Raises InvalidInput with the key as attr.
    """
    keys = {key: value for key, value in keys.items() if value is not None and value != ""}
    _check_insight(keys)
    query: dict[str, Any] = {
        "kind": "TrendsQuery",
        "series": _series(keys),
        "interval": _interval(keys),
        "dateRange": {
            "date_from": keys.get("date_from"),
            "date_to": keys.get("date_to"),
            "explicitDate": is_true(keys.get("explicit_date")),
        },
        "properties": _properties(keys),
        "filterTestAccounts": is_true(keys.get("filter_test_accounts")),
        "samplingFactor": _share(keys, "sampling_factor"),
        "breakdownFilter": _breakdown_filter(keys),
        "compareFilter": {
            "compare": is_true(keys.get("compare")),
            "compare_to": keys.get("compare_to"),
        },
        "trendsFilter": {
            "display": _display(keys),
            "smoothingIntervals": read_integer(keys, "smoothing_intervals") or 1,
            "formula": keys.get("formula"),
        },
        "aggregation_group_type_index": read_integer(keys, "aggregation_group_type_index"),
    }
    return {key: value for key, value in query.items() if value is not None}


def is_true(value: object) -> bool:
    """Whether a value says yes: true, 1, y, yes, t or on."""
    return isinstance(value, str | int) and str(value).lower() in _TRUE


def unsupported_period(interval: object) -> InvalidInput:
    """PostHog's words for an unknown interval."""
    named = interval[:50] if isinstance(interval, str) else "of this type"
    return InvalidInput(f"Period {named} is unsupported.", "interval")


def read_integer(keys: Mapping[str, Any], key: str) -> int | None:
    """An integer, maybe as text, or None if there is none. Raises InvalidInput."""
    value = keys.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) < 20:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InvalidInput("A valid integer is required.", key)


def read_json(keys: Mapping[str, Any], key: str, detail: str) -> Any:
    """A value, decoded from JSON if it is a text; None if absent. Raises InvalidInput with the detail."""
    value = keys.get(key)
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise InvalidInput(detail, key) from None


def _check_insight(keys: Mapping[str, Any]) -> None:
    if _lower(keys.get("insight", "trends")) != "trends" or _lower(keys.get("shown_as")) in _OTHER_INSIGHTS:
        raise InvalidInput("Only the insight TRENDS is supported here.", "insight")


def _lower(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _interval(keys: Mapping[str, Any]) -> str:
    interval = _lower(keys.get("interval", "day"))
    if interval not in list(Interval):
        raise unsupported_period(keys["interval"])
    return interval


def _display(keys: Mapping[str, Any]) -> str:
    display = keys.get("display")
    return display if display in list(Display) else Display.LINE.value


def _share(keys: Mapping[str, Any], key: str) -> float | None:
    if key not in keys:
        return None
    try:
        share = float(keys[key])
    except (TypeError, ValueError):
        raise InvalidInput("A valid number is required.", key) from None
    if not 0 < share <= 1:
        raise InvalidInput("Must be more than 0 and at most 1.", key)
    return share


def _properties(keys: Mapping[str, Any]) -> Any:
    return read_json(keys, "properties", "Properties are unparsable!")


def _series(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Actions, then events, in the order of their `order`; of equal ones the first given comes first."""
    entities = [
        *(("ActionsNode", entity) for entity in _entities(keys, "actions") if entity.get("id") is not None),
        *(("EventsNode", entity) for entity in _entities(keys, "events")),
    ]
    entities.sort(key=lambda entity: _order(entity[1]))
    return [_node(kind, entity) for kind, entity in entities]


def _entities(keys: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entities = read_json(keys, key, f"{key} must be a list of objects") or []
    if not isinstance(entities, list) or not all(isinstance(entity, dict) for entity in entities):
        raise InvalidInput(f"{key} must be a list of objects", key)
    return entities


def _order(entity: Mapping[str, Any]) -> float:
    order = entity.get("order")
    return order if order and isinstance(order, int | float) else -1


def _node(kind: str, entity: Mapping[str, Any]) -> dict[str, Any]:
    node = {key: entity[key] for key in _MATH_KEYS if entity.get(key) is not None}
    if entity.get("custom_name"):
        node["custom_name"] = entity["custom_name"]
    if properties := _and_list(entity.get("properties")):
        node["properties"] = properties
    if kind == "EventsNode":
        name = entity.get("id")
        return {"kind": kind, "event": str(name) if isinstance(name, int) else name, **node}
    number = read_integer({"actions": entity["id"]}, "actions")
    return {"kind": kind, "id": number, **node}


def _and_list(properties: Any) -> Any:
    """A series' own group of filters is a plain list in PostHog, whatever its type says."""
    if not _is_group(properties):
        return properties
    filters, pending = [], [properties]
    while pending:
        item = pending.pop()
        if _is_group(item):
            pending += reversed(item["values"])
        else:
            filters.append(item)
    return filters


def _is_group(item: Any) -> bool:
    return isinstance(item, dict) and "key" not in item and isinstance(item.get("values"), list)


def _breakdown_filter(keys: Mapping[str, Any]) -> dict[str, Any] | None:
    several = _breakdowns(keys)
    breakdown = _breakdown(keys)
    if breakdown is None and not several:
        return None
    given = {
        "breakdown": breakdown,
        "breakdown_type": _breakdown_type(keys) if breakdown is not None else None,
        "breakdowns": several or None,
        "breakdown_limit": read_integer(keys, "breakdown_limit"),
        "breakdown_histogram_bin_count": read_integer(keys, "breakdown_histogram_bin_count"),
        "breakdown_group_type_index": read_integer(keys, "breakdown_group_type_index"),
        "breakdown_normalize_url": _flag(keys, "breakdown_normalize_url"),
        "breakdown_hide_other_aggregation": _flag(keys, "breakdown_hide_other_aggregation"),
    }
    return {key: value for key, value in given.items() if value is not None}


def _breakdown_type(keys: Mapping[str, Any]) -> Any:
    breakdown_type = keys.get("breakdown_type", "event")
    return "event" if breakdown_type in ("events", "undefined") else breakdown_type


def _flag(keys: Mapping[str, Any], key: str) -> bool | None:
    return is_true(keys[key]) if key in keys else None


def _breakdown(keys: Mapping[str, Any]) -> Any:
    breakdown = keys.get("breakdown")
    if isinstance(breakdown, str):
        if not breakdown.startswith("["):
            return breakdown
        try:
            return orjson.loads(breakdown)
        except orjson.JSONDecodeError:
            return breakdown
    return None if keys.get("breakdown_type") == "undefined" else breakdown


def _breakdowns(keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = read_json(keys, "breakdowns", _BREAKDOWNS_TEXT) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) and "property" in item for item in items):
        raise InvalidInput(_BREAKDOWNS_TEXT, "breakdowns")
    return items[:_MAX_BREAKDOWNS]
