"""What can be read of an event or a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where an operand is found."""

    EVENT = "event"
    METADATA = "event_metadata"
    PERSON = "person"
    GROUP = "group"
    SESSION = "session"
    ELEMENT = "element"


@dataclass(frozen=True, slots=True)
class Operand:
    """One readable thing of an event or a person; its text is `text_of` its value.

    `key` names a property of the event, the current person, the event's group of the index or its session.
    The event property `$elements_chain` is the event's column. METADATA has the columns `event`,
    `distinct_id`, `timestamp` (`2020-01-01T00:00:00.000000Z`), `uuid` and `$group_0` to `$group_4`. ELEMENT has
    `href`, the innermost of the chain, and `text`, the JSON list of the chain's texts.
    """

    source: Source
    key: str
    group_type_index: int | None = None

    @property
    def is_list(self) -> bool:
        """Whether a JSON list in it meets a condition by any of its elements."""
        if self.source is Source.ELEMENT:
            return self.key == "text"
        return self.source is Source.EVENT and self.key in _LISTS


_LISTS = frozenset({"$exception_types", "$exception_values", "$exception_sources", "$exception_functions"})
