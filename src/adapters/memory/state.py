"""What the in-memory relational store holds. Values are never changed in place, so a copy of the dicts is a copy
of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self, TypeAlias
from uuid import UUID

from ...domain.access import Resource, Rule
from ...domain.accounts import ApiKey, Project, User
from ...domain.activity import Entry
from ...domain.cohorts import Cohort
from ...domain.deletions import Deletion
from ...domain.events import Properties, StoredEvent
from ...domain.insights import Insight
from ...domain.persons import Person
from ...domain.population import Id, Revision
from ...domain.ports import Projection
from ...domain.roles import Role
from ...domain.saved_actions import SavedAction
from ...domain.schedules import Run

RuleKey: TypeAlias = tuple[int, Resource, str | None, UUID | None, UUID | None]


@dataclass(slots=True)
class State:
    """`persons` have no distinct ids in here: `ids` says who holds which, in the order in which they got them, and
    whether events used it personless. `members` are static cohorts' (cohort, person). `last_ids` are the last numbers
    given, by kind."""

    users: dict[int, User] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    deleted_projects: dict[int, Project] = field(default_factory=dict)
    keys: dict[str, ApiKey] = field(default_factory=dict)
    roles: dict[UUID, Role] = field(default_factory=dict)
    role_members: dict[tuple[UUID, int], None] = field(default_factory=dict)
    rules: dict[RuleKey, Rule] = field(default_factory=dict)
    persons: dict[int, Person] = field(default_factory=dict)
    updated_at: dict[int, datetime] = field(default_factory=dict)
    ids: dict[Id, tuple[int | None, bool]] = field(default_factory=dict)
    history: dict[int, Revision] = field(default_factory=dict)
    group_types: dict[tuple[int, str], int] = field(default_factory=dict)
    groups: dict[tuple[int, int, str], Properties] = field(default_factory=dict)
    definitions: dict[tuple[int, str, str], int | None] = field(default_factory=dict)
    log: dict[int, tuple[Sequence[StoredEvent], Projection]] = field(default_factory=dict)
    activity: dict[UUID, Entry] = field(default_factory=dict)
    deletions: dict[int, Deletion] = field(default_factory=dict)
    actions: dict[int, SavedAction] = field(default_factory=dict)
    cohorts: dict[int, Cohort] = field(default_factory=dict)
    members: dict[tuple[int, int], None] = field(default_factory=dict)
    insights: dict[int, Insight] = field(default_factory=dict)
    runs: dict[tuple[str, datetime], Run] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Self:
        return type(self)(*(dict(getattr(self, one.name)) for one in fields(self)))

    def erase_project(self, project_id: int) -> None:
        """Everything of a deleted project, but for the deletion queue."""
        if self.deleted_projects.pop(project_id, None) is None:
            return
        gone = {number for number, one in self.persons.items() if one.project_id == project_id}
        self.persons = {number: one for number, one in self.persons.items() if number not in gone}
        self.updated_at = {number: one for number, one in self.updated_at.items() if number not in gone}
        self.members = dict.fromkeys(member for member in self.members if member[1] not in gone)
        self.ids = {key: one for key, one in self.ids.items() if key[0] != project_id}
        self.history = {number: one for number, one in self.history.items() if one.profile.project_id != project_id}
        self.group_types = {key: one for key, one in self.group_types.items() if key[0] != project_id}
        self.groups = {key: one for key, one in self.groups.items() if key[0] != project_id}
        self.definitions = {key: one for key, one in self.definitions.items() if key[0] != project_id}
        self.activity = {key: one for key, one in self.activity.items() if one.project_id != project_id}
        self.rules = {key: one for key, one in self.rules.items() if one.project_id != project_id}
        self.actions = {number: one for number, one in self.actions.items() if one.project_id != project_id}
        self.cohorts = {number: one for number, one in self.cohorts.items() if one.project_id != project_id}
        self.insights = {number: one for number, one in self.insights.items() if one.project_id != project_id}

    def next_id(self, kind: str) -> int:
        """A number never given before."""
        self.last_ids[kind] = self.last_ids.get(kind, 0) + 1
        return self.last_ids[kind]
