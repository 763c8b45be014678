"""The tables of the event store: events, what filters need of persons and groups, and who holds which distinct id.

Only appended to and scanned: no keys and no indexes, which cost more on the way in than they ever give back here.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.types import TypeDecorator

from ...domain.population import MAX_GROUP_TYPES

SLOTS = 64
"""How many properties of a project have a column of their own, for events and for persons."""


class Instant(TypeDecorator[datetime]):
    """A naive UTC timestamp in the table, aware UTC outside."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class CompressedText(Text):
    """Long text that is seldom read."""


class ScannedText(Text):
    """Short text that is looked through as a whole: not compressed, which makes that twice as fast."""


def slot_column(slot: int) -> str:
    """The name of the column of a slot (0 to `SLOTS` − 1)."""
    return f"p{slot + 1:02}"


def _slots() -> list[Column[str]]:
    return [Column(slot_column(slot), Text) for slot in range(SLOTS)]


BETWEEN = "\uffff"
"""No character, so that no text has it; PostgreSQL keeps no NUL."""

metadata = MetaData()

# `properties` is what was captured. Its values as text are in the slots, and in `others`, a JSON object of texts,
# for keys that came after all slots were given. `stored_person_id` is whose `person_version` it is, where that is
# another person than `person_id` by now.
events = Table(
    "events",
    metadata,
    Column("project_id", Integer),
    Column("uuid", Uuid),
    Column("event", Text),
    Column("distinct_id", Text),
    Column("person_id", Uuid),
    Column("stored_person_id", Uuid),
    Column("person_version", Integer),
    Column("person_created_at", Instant),
    Column("person_mode", SmallInteger),
    Column("timestamp", Instant),
    Column("created_at", Instant),
    Column("historical", Boolean),
    Column("elements_chain", Text),
    *(Column(f"group_{index}", Text) for index in range(MAX_GROUP_TYPES)),
    Column("properties", CompressedText),
    Column("others", CompressedText),
    *_slots(),
)

# `search` is what a search looks into: e-mail and name in lower case, with `BETWEEN` in between.
persons = Table(
    "persons",
    metadata,
    Column("project_id", Integer),
    Column("uuid", Uuid),
    Column("version", Integer),
    Column("id", BigInteger),
    Column("created_at", Instant),
    Column("updated_at", Instant),
    Column("search", ScannedText),
    Column("others", CompressedText),
    *_slots(),
)

# Every distinct id that a person has got, and which person that was. Only added to: `holders` tells of those that
# have passed to another person since. `search` is the id in lower case.
ids = Table(
    "ids",
    metadata,
    Column("project_id", Integer),
    Column("distinct_id", Text),
    Column("person_id", Uuid),
    Column("search", ScannedText),
)

# Every event of these ids belongs to that person, whatever the event itself says.
holders = Table(
    "holders",
    metadata,
    Column("project_id", Integer),
    Column("distinct_id", Text),
    Column("person_id", Uuid),
)

# The mark of the last projection that is in the tables: one row, none before the first.
applied = Table("applied", metadata, Column("mark", BigInteger))

# What filters need of the groups: `others` is a JSON object of their properties as texts.
groups = Table(
    "groups",
    metadata,
    Column("project_id", Integer),
    Column("index", Integer),
    Column("key", Text),
    Column("others", CompressedText),
)
