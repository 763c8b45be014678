"""The events of one person, those that follow each other and were stored alike as one."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, and_, case, func, literal_column, select

from ...domain.events import PersonMode, Properties
from ...domain.properties import FilterTree, Operand, Source
from ...domain.timeline import Run, Span
from .matching import Matching, ProjectEvents
from .tables import events

_SET = Operand(Source.EVENT, "$set")


def read_runs(
    connection: Connection, project: ProjectEvents, span: Span, where: FilterTree, limit: int
) -> Sequence[Run]:
    """At most `limit` runs, ascending. Raises `InvalidInput` for a filter that does not work on events."""
    matching = Matching(project)
    has_person = and_(
        events.c.person_mode == literal_column(str(int(PersonMode.FULL))), events.c.person_created_at.is_not(None)
    )
    alike = {
        "person": func.coalesce(events.c.stored_person_id, events.c.person_id),
        "version": events.c.person_version,
        "has_person": has_person,
        # Read where it counts only: it is in the event's JSON.
        "set_properties": case((has_person, matching.text(_SET))),
    }
    found = matching.select(
        events.c.timestamp.label("at"),
        events.c.created_at.label("stored_at"),
        events.c.uuid.label("uuid"),
        *(column.label(name) for name, column in alike.items()),
        where=and_(
            events.c.timestamp.between(span.start, span.end),
            matching.actor(by_distinct_id=False) == span.person,
            matching.holds(where),
        ),
    ).subquery()
    order = [found.c.at, found.c.stored_at, found.c.uuid]
    same = [found.c[name].is_not_distinct_from(func.lag(found.c[name]).over(order_by=order)) for name in alike]
    first = func.lag(found.c.at).over(order_by=order).is_(None)
    marked = select(*found.c, case((first | ~and_(*same), literal_column("1")), else_=literal_column("0")).label("new"))
    marks = marked.subquery()
    numbered = select(
        *marks.c, func.sum(marks.c.new).over(order_by=[marks.c.at, marks.c.stored_at, marks.c.uuid]).label("run")
    ).subquery()
    columns = [numbered.c[name] for name in alike]
    statement = (
        select(func.min(numbered.c.at, type_=numbered.c.at.type).label("at"), func.count().label("count"), *columns)
        .group_by(numbered.c.run, *columns)
        .order_by(numbered.c.run)
        .limit(limit)
    )
    return [
        Run(at, count, person, version, has, _object(properties))
        for at, count, person, version, has, properties in connection.execute(statement)
    ]


def _object(text: str | None) -> Properties:
    value = orjson.loads(text) if text else {}
    return value if isinstance(value, dict) else {}
