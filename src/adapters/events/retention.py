"""Removing the oldest events of a project."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from .tables import events


def count(connection: Connection, project_id: int, before: datetime) -> int:
    """How many events of the project there are from before that."""
    statement = select(func.count()).select_from(events)
    return connection.execute(statement.where(*_are_old(project_id, before))).scalar_one()


def remove(connection: Connection, project_id: int, before: datetime, limit: int) -> int:
    """Remove the oldest events from before that, at least `limit` if there are as many; how many."""
    oldest = select(events.c.timestamp).where(*_are_old(project_id, before))
    part = oldest.order_by(events.c.timestamp).limit(limit).subquery()
    number: int
    number, last = connection.execute(select(func.count(), func.max(part.c.timestamp))).one()
    if not number:
        return 0
    # By time, not by row: only so both databases find the rows without looking at all others.
    part_of_time = (events.c.project_id == project_id, events.c.timestamp <= last, events.c.timestamp < before)
    if number == limit:  # the last moment may have more than fitted
        number = connection.execute(select(func.count()).select_from(events).where(*part_of_time)).scalar_one()
    connection.execute(delete(events).where(*part_of_time))
    return number


def _are_old(project_id: int, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return events.c.project_id == project_id, events.c.timestamp < before
