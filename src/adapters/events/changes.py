"""What writes are to change, as rows: those of several writes become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection

from ...domain.events import Event, StoredEvent
from ...domain.ports import Projection
from . import writes
from .dialects import Dialect
from .rows import Row, event_rows, group_rows, id_rows, person_rows
from .slots import PropertySlots


class Changes:
    """Rows of all tables, as JSON already, so that one that cannot be written is refused before it meets others'.

    `mark`: of the last projection. `size`: bytes.
    """

    def __init__(self, mark: int | None = None) -> None:
        self.mark = mark
        self.size = 0
        self._times: dict[tuple[int, UUID], list[datetime]] = {}
        self._events: list[bytes] = []
        self._event_columns: set[str] = set()
        self._people: dict[tuple[int, UUID], tuple[int, bytes]] = {}
        self._person_columns: set[str] = set()
        self._gone: dict[tuple[int, UUID], bytes] = {}
        self._ids: dict[tuple[int, str], bytes] = {}
        self._holders: dict[tuple[int, str], bytes] = {}
        self._groups: dict[tuple[int, int, str], bytes] = {}

    @classmethod
    def of(cls, events: Sequence[StoredEvent], projection: Projection, slots: PropertySlots) -> Changes:
        """The changes of one write. Keys of properties that are new become known first."""
        new = cls(projection.mark)
        for row, one in zip(event_rows(events, slots), events, strict=True):
            new._event_columns.update(row)
            new._events.append(new._text(row))
            new._times.setdefault((one.event.project_id, one.event.uuid), []).append(one.event.timestamp)
        for row in person_rows(projection.people, slots):
            new._person_columns.update(row)
            new._people[row["project_id"], row["uuid"]] = row["version"], new._text(row)
        for project_id, uuid in projection.gone:
            new._gone[project_id, uuid] = new._text({"project_id": project_id, "uuid": uuid})
        new._ids = {(row["project_id"], row["distinct_id"]): new._text(row) for row in id_rows(projection.ids)}
        for project_id, distinct_id, person in projection.holders:
            row = {"project_id": project_id, "distinct_id": distinct_id, "person_id": person}
            new._holders[project_id, distinct_id] = new._text(row)
        for row in group_rows(projection.groups):
            new._groups[row["project_id"], row["index"], row["key"]] = new._text(row)
        return new

    def merge(self, later: Changes) -> None:
        """Have these do what they and then the later ones do."""
        self.mark = later.mark or self.mark
        self.size += later.size
        for key, times in later._times.items():
            self._times.setdefault(key, []).extend(times)
        self._events += later._events
        self._event_columns |= later._event_columns
        for gone in later._gone:
            self._people.pop(gone, None)
        self._gone |= later._gone
        for person, (version, text) in later._people.items():
            self._gone.pop(person, None)
            if person not in self._people or self._people[person][0] <= version:
                self._people[person] = version, text
        self._person_columns |= later._person_columns
        self._ids |= later._ids
        self._holders |= later._holders
        self._groups |= later._groups

    @property
    def projects(self) -> set[int]:
        """Those that change."""
        tables = (self._times, self._people, self._gone, self._ids, self._holders, self._groups)
        return {key[0] for table in tables for key in table}

    @property
    def held(self) -> set[int]:
        """The projects about whose ids `holders` gets something."""
        return {project_id for project_id, _ in self._holders}

    def events(self) -> Iterator[tuple[UUID, datetime]]:
        """The uuids of the events, and their times."""
        return ((uuid, at) for (_, uuid), times in self._times.items() for at in times)

    def has(self, event: Event) -> bool:
        """Whether there is an event of this uuid with a time within a day."""
        return writes.within_a_day(event, self._times.get((event.project_id, event.uuid), ()))

    def write(self, connection: Connection, sql: Dialect) -> bool:
        """Write them into the tables, with their mark; whether that was not there already."""
        # A commit may have happened although it failed.
        if self.mark is not None and self.mark == writes.mark_of(connection):
            return False
        writes.add_events(connection, self._event_columns, _rows(self._events), sql)
        writes.put_persons(connection, self._person_columns, _rows(text for _, text in self._people.values()), sql)
        writes.remove_persons(connection, _rows(self._gone.values()), sql)
        writes.add_ids(connection, _rows(self._ids.values()), sql)
        writes.put_holders(connection, _rows(self._holders.values()), sql)
        writes.put_groups(connection, _rows(self._groups.values()), sql)
        if self.mark is not None:
            writes.set_mark(connection, self.mark)
        return True

    def _text(self, row: Row) -> bytes:
        text = orjson.dumps(row)
        self.size += len(text)
        return text


def _rows(texts: Iterable[bytes]) -> str:
    """A JSON list, or nothing."""
    joined = b",".join(texts).decode()
    return f"[{joined}]" if joined else ""
