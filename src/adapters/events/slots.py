"""Which column holds a property: each project's first keys have one of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Table, Text, cast, null

from ...domain.ports import MAX_PROPERTY_KEY, UnitOfWorkFactory
from .dialects import Dialect
from .tables import SLOTS, events, slot_column

Kind: TypeAlias = Literal["event", "person"]

MAX_KEYS = 10_000
"""How many keys of a project and kind are known. Those that come later are only looked for in `others`."""

UNSLOTTED = frozenset({"$set", "$set_once", "$unset", "$groups", "$sent_at"})
"""Event properties that are instructions, large and seldom asked for: read from the event's JSON alone."""


class PropertySlots:
    """The slots of all projects, kept in memory: what a key once got it has for ever."""

    def __init__(self, begin: UnitOfWorkFactory, sql: Dialect) -> None:
        self._begin = begin
        self._sql = sql
        self._known: dict[tuple[int, Kind], dict[str, str | None]] = {}
        self._lock = threading.Lock()

    def known(self, project_id: int, kind: Kind) -> dict[str, str | None]:
        """The known keys, each with the name of its column, None for those in `others`."""
        known = self._known.get((project_id, kind))
        if known is None:
            with self._lock:
                known = self._load(project_id, kind)
        return known

    def define(self, project_id: int, kind: Kind, keys: Iterable[str]) -> dict[str, str | None]:
        """Make keys known, durably, before anything is stored under them; returns what is known then."""
        known = self.known(project_id, kind)
        new = [key for key in keys if key not in known and len(key) <= MAX_PROPERTY_KEY]
        if not new or len(known) >= MAX_KEYS:
            return known
        with self._lock:
            with self._begin() as work:
                work.properties.define(project_id, kind, new, slots=SLOTS, limit=MAX_KEYS)
                work.commit()
            return self._load(project_id, kind)

    def text(self, table: Table, project_id: int, kind: Kind, key: str) -> ColumnElement[Any]:
        """A property as nullable text. A key that was never seen scans nothing."""
        if table is events and key in UNSLOTTED:
            return self._sql.member(events.c.properties, key)
        known = self.known(project_id, kind)
        if key not in known:  # perhaps another process has come to know it
            with self._lock:
                known = self._load(project_id, kind)
        if column := known.get(key):
            return table.c[column]
        if key in known or len(known) >= MAX_KEYS or len(key) > MAX_PROPERTY_KEY:
            return self._sql.member(table.c.others, key)
        return cast(null(), Text)

    def _load(self, project_id: int, kind: Kind) -> dict[str, str | None]:
        with self._begin(write=False) as work:
            slots = work.properties.load(project_id, kind)
        known = {key: None if slot is None else slot_column(slot) for key, slot in slots.items()}
        self._known[project_id, kind] = known
        return known
