"""What SQLite is taught, because its own JSON and text functions mean other things than filters do."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from zoneinfo import ZoneInfo

import orjson

from ...domain.conditions import Condition, holds, lower, text_of

_zone = lru_cache(ZoneInfo)


def register(sqlite: sqlite3.Connection) -> list[Condition]:
    """Make the functions known to a connection:

    - `hedgerow_contains(text, needle)`: whether the lower-cased text contains the needle;
    - `hedgerow_holds(properties, key, condition, zone)`: whether a property meets a condition.

    A condition is given by its place in the list that is returned: SQLite hands over nothing but plain values.
    """
    conditions: list[Condition] = []

    def condition_holds(properties: str, key: str, place: int, zone: str) -> bool:
        return holds(conditions[place], text_of(orjson.loads(properties).get(key)), _zone(zone))

    sqlite.create_function("hedgerow_contains", 2, _contains, deterministic=True)
    sqlite.create_function("hedgerow_holds", 4, condition_holds)
    return conditions


def _contains(text: str, needle: str) -> bool:
    return needle in lower(text)
