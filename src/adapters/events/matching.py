"""A project's events, what can be read of them, and who they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from ...domain.elements import HREF_PATTERN, TEXT_PATTERN
from ...domain.errors import InvalidInput
from ...domain.expression import parse_condition
from ...domain.properties import (
    ELEMENTS_CHAIN,
    And,
    CohortFilter,
    ExpressionFilter,
    Filter,
    FilterTree,
    Operand,
    Or,
    PersonIn,
    Source,
)
from . import expressions
from .dialects import Dialect
from .filters import Zone, holds
from .slots import PropertySlots
from .tables import events, groups, holders, persons

# How a chain writes a quote in a value, and what is meant: as they are, and as parts of JSON texts.
_ESCAPED: tuple[ColumnElement[str], ...] = (literal_column("""'\\"'"""), literal_column("""'"'"""))
_ESCAPED_JSON: tuple[ColumnElement[str], ...] = (literal_column("""'\\\\\\"'"""), literal_column("""'\\"'"""))
_SESSION_ID = Operand(Source.EVENT, "$session_id")
_SESSION_DURATION = Operand(Source.SESSION, "$session_duration")
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "event": events.c.event,
    "distinct_id": events.c.distinct_id,
    "uuid": cast(events.c.uuid, Text),
    **{f"$group_{index}": events.c[f"group_{index}"] for index in range(5)},
}


@dataclass(frozen=True, slots=True)
class ProjectEvents:
    """What must be known of a project to ask about its events. `zone`: of dates without one.

    `has_holders`: whether any distinct id is held by another person than its events say.
    """

    id: int
    zone: Zone
    has_holders: bool
    slots: PropertySlots
    sql: Dialect


class Matching:
    """One SELECT over a project's events. The tables that its expressions need are joined to it."""

    def __init__(self, project: ProjectEvents) -> None:
        self._project = project
        self._needs_persons = False
        self._needs_holders = False
        self._sessions: Subquery | None = None
        self.sql = project.sql
        self.micros = self.sql.micros(events.c.timestamp)
        self._groups: dict[int, FromClause] = {}

    def actor(self, *, by_distinct_id: bool) -> ColumnElement[Any]:
        """The distinct id of an event, or the uuid of the person who holds it now."""
        if by_distinct_id:
            return events.c.distinct_id
        if not self._project.has_holders:
            return events.c.person_id
        self._needs_holders = True
        return func.coalesce(holders.c.person_id, events.c.person_id)

    def text(self, operand: Operand) -> ColumnElement[Any]:
        """An operand as nullable text. Raises `InvalidInput` for one that events do not have."""
        if operand == ELEMENTS_CHAIN:
            return events.c.elements_chain
        match operand.source:
            case Source.EVENT:
                return self._project.slots.text(events, self._project.id, "event", operand.key)
            case Source.PERSON:
                self._needs_persons = True
                self.actor(by_distinct_id=False)
                return self._project.slots.text(persons, self._project.id, "person", operand.key)
            case Source.GROUP:
                return self.sql.member(self._group(operand.group_type_index or 0).c.others, operand.key)
            case Source.ELEMENT if operand.key == "href":
                found = self.sql.first_match(events.c.elements_chain, HREF_PATTERN)
                return func.replace(found, *_ESCAPED, type_=Text)
            case Source.ELEMENT:
                texts = self.sql.json_of_matches(events.c.elements_chain, TEXT_PATTERN)
                return func.replace(texts, *_ESCAPED_JSON, type_=Text)
            case Source.METADATA if operand.key == "timestamp":
                return self.sql.iso_text(events.c.timestamp)
            case Source.METADATA if operand.key in _COLUMNS:
                return _COLUMNS[operand.key]
            case Source.SESSION if operand == _SESSION_DURATION:
                return self._seconds_text(self.session().c.micros)
        raise InvalidInput(f"{operand.key} of type {operand.source} is nothing that can be read of an event.")

    def _group(self, index: int) -> FromClause:
        return self._groups.setdefault(index, groups.alias(f"groups_{index}"))

    def session(self) -> Subquery:
        """The event's session, `id` and `micros`: from its first to its last event of any name, at any time."""
        if self._sessions is None:
            session_id = func.nullif(self.text(_SESSION_ID), literal_column("''")).label("id")
            length = func.max(self.micros) - func.min(self.micros)
            self._sessions = (
                select(session_id, length.label("micros"))
                .where(events.c.project_id == self._project.id)
                .group_by(literal_column("id"))
                .subquery("sessions")
            )
        return self._sessions

    def holds(self, tree: FilterTree) -> ColumnElement[bool]:
        """Whether an event matches. Raises `InvalidInput` for a filter that does not work here."""
        match tree:
            case And():
                return and_(true(), *(self.holds(child) for child in tree.children))
            case Or():
                return or_(false(), *(self.holds(child) for child in tree.children))
            case PersonIn(uuids, negated):
                found = self._is_one_of(uuids)
                return not_(found) if negated else found
            case ExpressionFilter():
                return expressions.value(parse_condition(tree.text), self.text, self.sql)
            case CohortFilter():
                raise InvalidInput("Events know no cohorts.", "properties")
            case Filter():
                operand = tree.operand
                text = self.text(operand)
                return holds(tree.condition, text, self._project.zone, self.sql, elements=operand.is_list)

    def select(self, *columns: ColumnElement[Any], where: ColumnElement[bool]) -> Select[Any]:
        """The columns, made by this object, of the project's events where it says."""
        statement = select(*columns).select_from(self._tables())
        return statement.where(events.c.project_id == self._project.id, where)

    def _is_one_of(self, uuids: tuple[UUID, ...] | None) -> ColumnElement[bool]:
        actor = self.actor(by_distinct_id=False)
        if uuids is None:
            self._needs_persons = True
            return persons.c.uuid.is_not(None)
        return self.sql.one_of(actor, uuids)

    def _tables(self) -> FromClause:
        joined: FromClause = events
        if self._needs_holders:
            joined = joined.outerjoin(
                holders,
                and_(holders.c.project_id == self._project.id, holders.c.distinct_id == events.c.distinct_id),
            )
        if self._needs_persons:
            person = self.actor(by_distinct_id=False)
            joined = joined.outerjoin(persons, and_(persons.c.project_id == self._project.id, persons.c.uuid == person))
        for index, group in self._groups.items():
            of_event = and_(
                group.c.project_id == self._project.id,
                group.c.index == literal_column(str(index)),
                group.c.key == events.c[f"group_{index}"],
            )
            joined = joined.outerjoin(group, of_event)
        if self._sessions is not None:
            joined = joined.outerjoin(self._sessions, self._sessions.c.id == self.text(_SESSION_ID))
        return joined

    def _seconds_text(self, micros: ColumnElement[int]) -> ColumnElement[Any]:
        """`5`, or `5.25`: without an exponent and without zeros at the end."""
        whole = cast(self.sql.floor_divide(micros, 1_000_000), Text)
        fraction = func.lpad(cast(micros % literal_column("1000000"), Text), 6, "0")
        return case(
            (micros % literal_column("1000000") == 0, whole),
            else_=whole + literal_column("'.'") + func.rtrim(fraction, "0"),
        )
