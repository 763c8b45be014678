"""Actions: kept, changed and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.access import Level, Resource, object_target
from ..domain.accounts import Project, User
from ..domain.activity import Fields
from ..domain.errors import NotFound
from ..domain.ports import Clock, UnitOfWork, UnitOfWorkFactory
from ..domain.saved import SavedPage
from ..domain.saved_actions import SavedAction, read_steps
from .access import Entered
from .recording import record_saved


class ActionService:
    """The actions of one project at a time, for a member who has entered it.

    `fields` have any of `name`, `description`, `tags`, `steps` and `deleted`, of the right types; steps are as a
    client sent them. Methods raise `NotFound` for actions that do not exist or are deleted,
    `PermissionDenied` below the level needed, `InvalidInput` for steps.
    """

    def __init__(self, begin: UnitOfWorkFactory, clock: Clock) -> None:
        self._begin = begin
        self._clock = clock

    def page(self, entered: Entered, *, limit: int, offset: int) -> SavedPage[SavedAction]:
        """Those that the member sees, newest first."""
        project_id = entered.project.id
        with self._begin(write=False) as work:
            shown = entered.shown(
                Resource.ACTION, lambda own: work.actions.page(project_id, limit=1, offset=0, shown=own).count
            )
            return work.actions.page(project_id, limit=limit, offset=offset, shown=shown)

    def get(self, entered: Entered, action_id: int) -> SavedAction:
        """One action."""
        with self._begin(write=False) as work:
            return _living(work, entered, action_id, Level.VIEWER)

    def create(self, entered: Entered, fields: Mapping[str, Any]) -> SavedAction:
        """A new action; `fields` have a name."""
        at, project, by = self._clock(), entered.project, entered.member.user
        new = SavedAction(0, project.id, fields["name"], "", (), (), False, at, by.id)
        with self._begin() as work:
            action = work.actions.add(replace(new, **_read(fields, project)))
            self._record(work, None, action, by)
            work.commit()
        return action

    def update(self, entered: Entered, action_id: int, fields: Mapping[str, Any]) -> SavedAction:
        """Change what `fields` have; `deleted` makes it go."""
        project, by = entered.project, entered.member.user
        with self._begin() as work:
            before = _living(work, entered, action_id, Level.EDITOR)
            after = replace(before, **_read(fields, project), version=before.version + 1)
            work.actions.save(after)
            self._record(work, before, after, by)
            work.commit()
        return after

    def _record(self, work: UnitOfWork, before: SavedAction | None, after: SavedAction, by: User) -> None:
        record_saved(work, "Action", before, after, _told, name=after.name, by=by, at=self._clock())


def _living(work: UnitOfWork, entered: Entered, action_id: int, needed: Level) -> SavedAction:
    action = work.actions.get(entered.project.id, action_id)
    if action is None or action.deleted:
        raise NotFound
    entered.check(object_target(Resource.ACTION, action), needed)
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
