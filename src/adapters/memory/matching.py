"""One project's events in memory, what can be read of them, and who they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from ...domain.conditions import text_of
from ...domain.elements import href_of, texts_of
from ...domain.errors import InvalidInput
from ...domain.events import Properties, StoredEvent
from ...domain.expression import parse_condition
from ...domain.expression_values import value_of
from ...domain.properties import (
    ELEMENTS_CHAIN,
    CohortFilter,
    Filter,
    FilterTree,
    Operand,
    Source,
    leaves,
    matches,
)

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ProjectEvents:
    """All that is stored of one project."""

    events: list[StoredEvent]
    people: dict[UUID, Properties]
    holders: dict[str, UUID]
    groups: dict[tuple[int, str], Properties]
    zone: ZoneInfo

    def actor(self, one: StoredEvent, *, by_distinct_id: bool) -> str:
        if by_distinct_id:
            return one.event.distinct_id
        return str(self.holders.get(one.event.distinct_id, one.person_id))

    def text(self, operand: Operand, one: StoredEvent) -> str | None:
        event = one.event
        if operand == ELEMENTS_CHAIN:
            return event.elements_chain
        match operand.source:
            case Source.EVENT:
                return text_of(event.properties.get(operand.key))
            case Source.PERSON:
                person = UUID(self.actor(one, by_distinct_id=False))
                return text_of(self.people.get(person, {}).get(operand.key))
            case Source.GROUP:
                index = operand.group_type_index or 0
                group = self.groups.get((index, one.groups.get(index, "")), {})
                return text_of(group.get(operand.key))
            case Source.ELEMENT if operand.key == "href":
                return href_of(event.elements_chain)
            case Source.ELEMENT:
                texts = texts_of(event.elements_chain)
                return text_of([*texts]) if texts else None
            case Source.METADATA if operand.key.startswith("$group_"):
                return one.groups.get(int(operand.key.removeprefix("$group_")))
            case Source.METADATA:
                return {
                    "event": event.name,
                    "distinct_id": event.distinct_id,
                    "timestamp": event.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
                    "uuid": str(event.uuid),
                }[operand.key]
            case Source.SESSION if operand.key == "$session_duration":
                length = self.session_length(self.session(one))
                return (
                    None if length is None else f"{length // _SECOND}.{length.microseconds:06}".rstrip("0").rstrip(".")
                )
        raise _unsupported(operand)

    def session(self, one: StoredEvent) -> str | None:
        return text_of(one.event.properties.get("$session_id")) or None

    def session_length(self, session: str | None) -> timedelta | None:
        if session is None:
            return None
        times = [one.event.timestamp for one in self.events if self.session(one) == session]
        return max(times) - min(times)

    def holds(self, tree: FilterTree, one: StoredEvent) -> bool:
        return matches(
            tree,
            read=lambda operand: self.text(operand, one),
            in_cohort=lambda _: False,
            evaluate=lambda text: value_of(parse_condition(text), lambda operand: self.text(operand, one)) is True,
            zone=self.zone,
            is_one_of=lambda uuids: self.is_one_of(uuids, one),
        )

    def is_one_of(self, uuids: tuple[UUID, ...] | None, one: StoredEvent) -> bool:
        return UUID(self.actor(one, by_distinct_id=False)) in (self.people if uuids is None else uuids)


def check_tree(tree: FilterTree) -> None:
    """Raise `InvalidInput` for a filter that does not work on events."""
    for leaf in leaves(tree):
        if isinstance(leaf, CohortFilter):
            raise InvalidInput("Events know no cohorts.", "properties")
        if isinstance(leaf, Filter):
            check_operand(leaf.operand)


def check_operand(operand: Operand) -> None:
    """Raise `InvalidInput` for an operand that events do not have."""
    if operand.source is Source.SESSION and operand.key != "$session_duration":
        raise _unsupported(operand)


def _unsupported(operand: Operand) -> InvalidInput:
    return InvalidInput(f"{operand.key} of type {operand.source} is nothing that can be read of an event.")
