"""Actions: kept, changed and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.accounts import Project, User
from ..domain.activity import Fields, object_changed
from ..domain.errors import NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.saved import SavedPage
from ..domain.saved_actions import SavedAction, read_steps
from .recording import record


class ActionService:
    """The actions of one project at a time.

    `fields` have any of `name`, `description`, `tags`, `steps` and `deleted`, of the right types; steps are as a
    client sent them. Methods raise `NotFound` for actions that do not exist or are deleted, `InvalidInput` for steps.
    """

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def page(self, project: Project, *, limit: int, offset: int) -> SavedPage[SavedAction]:
        """Newest first."""
        with self._begin(write=False) as work:
            return work.actions.page(project.id, limit=limit, offset=offset)

    def get(self, project: Project, action_id: int) -> SavedAction:
        """One action."""
        with self._begin(write=False) as work:
            return _living(work, project, action_id)

    def create(self, project: Project, fields: Mapping[str, Any], *, by: User) -> SavedAction:
        """A new action; `fields` have a name."""
        at = self._clock()
        new = SavedAction(0, project.id, fields["name"], "", (), (), False, at, by.id)
        with self._begin() as work:
            action = work.actions.add(replace(new, **_read(fields, project)))
            self._record(work, None, action, by)
            work.commit()
        return action

    def update(self, project: Project, action_id: int, fields: Mapping[str, Any], *, by: User) -> SavedAction:
        """Change what `fields` have; `deleted` makes it go."""
        with self._begin() as work:
            before = _living(work, project, action_id)
            after = replace(before, **_read(fields, project), version=before.version + 1)
            work.actions.save(after)
            self._record(work, before, after, by)
            work.commit()
        return after

    def _record(self, work: UnitOfWork, before: SavedAction | None, after: SavedAction, by: User) -> None:
        entry = object_changed(
            "Action",
            after.project_id,
            str(after.id),
            _told(before) if before else None,
            None if after.deleted else _told(after),
            name=after.name,
            by=by.id,
            at=self._clock(),
        )
        record(work, [entry] if entry else [])


def _living(work: UnitOfWork, project: Project, action_id: int) -> SavedAction:
    action = work.actions.get(project.id, action_id)
    if action is None or action.deleted:
        raise NotFound
    return action


def _read(fields: Mapping[str, Any], project: Project) -> dict[str, Any]:
    read = {key: fields[key] for key in ("name", "description", "deleted") if key in fields}
    if "tags" in fields:
        read["tags"] = tuple(fields["tags"])
    if "steps" in fields:
        read["steps"] = read_steps(fields["steps"], project)
    return read


def _told(action: SavedAction) -> Fields:
    """What the audit log tells of an action."""
    return {
        "name": action.name,
        "description": action.description,
        "tags": list(action.tags),
        "steps": [dict(step) for step in action.steps],
    }
