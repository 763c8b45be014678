"""The audit log: who did what to which object, when, with the values before and after.

PostHog's shape of entries. PostHog keeps no property keys and values; here every change has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from .access import Rule
from .accounts import ApiKey, Project
from .events import JsonValue
from .persons import Person
from .uuids import uuid7

Fields = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an object of type `type`: of one field, or of the whole where `field` is None."""

    type: str
    field: str | None
    before: JsonValue
    after: JsonValue
    action: str = "changed"

    def body(self) -> dict[str, JsonValue]:
        """The change as kept and sent."""
        return {
            "type": self.type,
            "action": self.action,
            "field": self.field,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the audit log.

    `scope` is the kind of object (`Person`, `Insight` …), `item_id` its id as text. `project_id` is None for what
    belongs to no project (keys), `user_id` for what a command did. `detail` has exactly the keys `changes`,
    `trigger`, `name`, `short_id` and `type`.
    """

    id: UUID
    project_id: int | None
    user_id: int | None
    activity: str
    scope: str
    item_id: str
    detail: Mapping[str, JsonValue]
    created_at: datetime


def entry_body(entry: Entry, *, first_name: str = "", email: str = "") -> dict[str, object]:
    """The entry as sent, with its author's names; they stay empty when the author is gone."""
    user: dict[str, object] = {"first_name": first_name, "email": email}
    if entry.user_id is None:
        user = {"first_name": "System", "email": None, "is_system": True}
    return {
        "id": str(entry.id),
        "user": user,
        "activity": entry.activity,
        "scope": entry.scope,
        "item_id": entry.item_id,
        "detail": entry.detail,
        "created_at": entry.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }


def erased(entry: Entry) -> Entry:
    """The entry without the values before and after: who did what, and when, stays."""
    changes = entry.detail["changes"]
    if not isinstance(changes, list):
        return entry
    emptied: list[JsonValue] = [
        {**change, "before": None, "after": None} for change in changes if isinstance(change, dict)
    ]
    return replace(entry, detail={**entry.detail, "changes": emptied})


# --- persons: `by` is a user's id, None for a command ------------------------------------------------------


def person_updated(person: Person, properties: Fields, *, by: int | None, at: datetime) -> Entry | None:
    """A person's properties as they were and as they become; None when nothing changes."""
    changes = field_changes("Person", person.properties, properties)
    return _of_person(person, "updated", changes, by=by, at=at, named=False) if changes else None


def person_properties_deleted(person: Person, properties: Fields, *, by: int | None, at: datetime) -> Entry | None:
    """The same for removed properties: `properties` are those that remain."""
    changes = field_changes("Person", person.properties, properties)
    return _of_person(person, "delete_property", changes, by=by, at=at) if changes else None


def person_deleted(person: Person, *, by: int | None, at: datetime) -> Entry:
    """A person is gone."""
    return _of_person(person, "deleted", None, by=by, at=at)


def person_split(person: Person, distinct_ids_to_split: Sequence[str] | None, *, by: int | None, at: datetime) -> Entry:
    """A person as it was before a split, and the ids that were asked for, None if none were named."""
    after: dict[str, JsonValue] = {"distinct_ids": list(person.distinct_ids)}
    if distinct_ids_to_split is not None:
        after["distinct_ids_to_split"] = list(distinct_ids_to_split)
    return _of_person(person, "split_person", [Change("Person", None, None, after, "split")], by=by, at=at)


def _of_person(
    person: Person,
    activity: str,
    changes: Iterable[Change] | None,
    *,
    by: int | None,
    at: datetime,
    named: bool = True,
) -> Entry:
    detail = _detail(changes, name=str(person.uuid) if named else None)
    return Entry(uuid7(at), person.project_id, by, activity, "Person", str(person.id), detail, at)


# --- everything else ---------------------------------------------------------------------------------------


def object_changed(
    scope: str,
    project_id: int,
    item_id: str,
    before: Fields | None,
    after: Fields | None,
    *,
    name: str | None,
    by: int | None,
    at: datetime,
    short_id: str | None = None,
    type: str | None = None,
) -> Entry | None:
    """An object's fields before and after: created when there is no before, deleted when there is no after.

    None when nothing changes. The fields are the caller's choice: no secrets among them.
    """
    changes = field_changes(scope, before or {}, after or {})
    if not changes and before is not None and after is not None:
        return None
    activity = "created" if before is None else "deleted" if after is None else "updated"
    detail = _detail(changes, name=name, short_id=short_id, type=type)
    return Entry(uuid7(at), project_id, by, activity, scope, item_id, detail, at)


def rule_changed(before: Rule | None, after: Rule | None, *, by: int | None, at: datetime) -> Entry | None:
    """An access rule's level before and after; None when there was and is no rule, or the level stays.

    Rules have no id of their own: the item is what the rule is about (`insight:12`, `insight`), the name whom it
    names (`member <uuid>`, `role <uuid>`, `default`).
    """
    rule = after or before
    if rule is None:
        return None
    subject = "default"
    if rule.organization_member:
        subject = f"member {rule.organization_member}"
    elif rule.role:
        subject = f"role {rule.role}"
    return object_changed(
        "AccessControl",
        rule.project_id,
        rule.resource.value if rule.resource_id is None else f"{rule.resource}:{rule.resource_id}",
        {"access_level": before.access_level.text} if before else None,
        {"access_level": after.access_level.text} if after else None,
        name=subject,
        type=rule.resource.value,
        by=by,
        at=at,
    )


def key_created(key: ApiKey, *, by: int | None, at: datetime) -> Entry:
    """A key was made. Nothing of its value is kept."""
    return _of_key(key, "created", by, at)


def key_revoked(key: ApiKey, *, by: int | None, at: datetime) -> Entry:
    """A key is of no use any more."""
    return _of_key(key, "revoked", by, at)


def project_deleted(project: Project, *, by: int | None, at: datetime) -> Entry:
    """A project is there for nobody any more. Kept with no project, as what a project has goes with it."""
    return _of_project(project, "deleted", by, at)


def project_restored(project: Project, *, by: int | None, at: datetime) -> Entry:
    """A deleted project is there again."""
    return _of_project(project, "restored", by, at)


def _of_project(project: Project, activity: str, by: int | None, at: datetime) -> Entry:
    return Entry(uuid7(at), None, by, activity, "Project", str(project.id), _detail(None, name=project.name), at)


def _of_key(key: ApiKey, activity: str, by: int | None, at: datetime) -> Entry:
    return Entry(uuid7(at), None, by, activity, "PersonalAPIKey", key.id, _detail(None, name=key.label), at)


def field_changes(type: str, before: Fields, after: Fields) -> list[Change]:
    """One change for every key whose value differs or that is in one of the two only; an absent value is null."""
    changes = [
        Change(type, key, before.get(key), value)
        for key, value in after.items()
        if key not in before or not _same(before[key], value)
    ]
    return changes + [Change(type, key, value, None) for key, value in before.items() if key not in after]


def _detail(
    changes: Iterable[Change] | None, *, name: str | None, short_id: str | None = None, type: str | None = None
) -> dict[str, JsonValue]:
    return {
        "changes": None if changes is None else [change.body() for change in changes],
        "trigger": None,
        "name": name,
        "short_id": short_id,
        "type": type,
    }


def _same(one: JsonValue, other: JsonValue) -> bool:
    """Equality of JSON values. Python's own takes true for 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)
