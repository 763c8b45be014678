"""The audit log's entries."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hedgerow.domain.access import Level
from hedgerow.domain.accounts import ApiKey
from hedgerow.domain.activity import (
    Entry,
    entry_body,
    erased,
    field_changes,
    key_created,
    key_revoked,
    object_changed,
    person_deleted,
    person_properties_deleted,
    person_split,
    person_updated,
    rule_changed,
)
from hedgerow.domain.events import JsonValue, Properties
from hedgerow.domain.persons import Person
from hypothesis import given
from hypothesis import strategies as st

from .access_builders import I2, INSIGHTS, MEL, R, a_rule

AT = datetime(2021, 8, 25, 22, 9, 14, 252000, tzinfo=UTC)
P1 = Person(
    id=17,
    project_id=3,
    uuid=UUID(int=77),
    properties={"plan": "free", "age": 30},
    created_at=AT,
    is_identified=True,
    version=1,
    last_seen_at=None,
    distinct_ids=("a", "b", "c"),
)
NAME = str(P1.uuid)


def changed(field: str, before: JsonValue, after: JsonValue, type: str = "Person") -> dict[str, JsonValue]:
    return {"type": type, "action": "changed", "field": field, "before": before, "after": after}


def detail(changes: JsonValue, name: str | None, **more: str) -> dict[str, JsonValue]:
    return {"changes": changes, "trigger": None, "name": name, "short_id": None, "type": None, **more}


def updated(properties: Properties) -> Entry:
    entry = person_updated(P1, properties, by=2, at=AT)
    assert entry
    return entry


def test_an_update_names_each_changed_key_with_its_values() -> None:
    entry = updated({"plan": "pro", "age": 30, "city": "Rome"})
    assert (entry.project_id, entry.user_id, entry.scope, entry.item_id) == (3, 2, "Person", "17")
    assert (entry.activity, entry.created_at) == ("updated", AT)
    assert entry.detail == detail([changed("plan", "free", "pro"), changed("city", None, "Rome")], None)


def test_nothing_changed_is_no_entry() -> None:
    assert person_updated(P1, dict(P1.properties), by=2, at=AT) is None
    assert person_properties_deleted(P1, dict(P1.properties), by=2, at=AT) is None
    assert object_changed("Insight", 3, "1", {"name": "a"}, {"name": "a"}, name="a", by=2, at=AT) is None


def test_removed_properties_have_null_after_and_the_person_s_uuid_as_name() -> None:
    entry = person_properties_deleted(P1, {"age": 30}, by=2, at=AT)
    assert entry
    assert entry.activity == "delete_property"
    assert entry.detail == detail([changed("plan", "free", None)], NAME)


def test_a_deletion_has_no_changes() -> None:
    entry = person_deleted(P1, by=2, at=AT)
    assert (entry.activity, entry.detail) == ("deleted", detail(None, NAME))


@pytest.mark.parametrize(("asked", "more"), [(None, {}), (["b"], {"distinct_ids_to_split": ["b"]})])
def test_a_split_tells_all_ids_before_and_those_asked_for_if_any(
    asked: list[str] | None, more: dict[str, JsonValue]
) -> None:
    entry = person_split(P1, asked, by=2, at=AT)
    change: JsonValue = {
        "type": "Person",
        "action": "split",
        "field": None,
        "before": None,
        "after": {"distinct_ids": ["a", "b", "c"], **more},
    }
    assert (entry.activity, entry.detail) == ("split_person", detail([change], NAME))


def test_the_body_has_seven_keys_and_two_of_the_user() -> None:
    entry = person_deleted(P1, by=2, at=AT)
    assert entry_body(entry, first_name="Mel", email="mel@example.com") == {
        "id": str(entry.id),
        "user": {"first_name": "Mel", "email": "mel@example.com"},
        "activity": "deleted",
        "scope": "Person",
        "item_id": "17",
        "detail": detail(None, NAME),
        "created_at": "2021-08-25T22:09:14.252000Z",
    }


def test_the_author_of_a_command_is_the_system_and_one_who_is_gone_has_no_names() -> None:
    command, orphan = person_deleted(P1, by=None, at=AT), person_deleted(P1, by=2, at=AT)
    assert entry_body(command)["user"] == {"first_name": "System", "email": None, "is_system": True}
    assert entry_body(orphan)["user"] == {"first_name": "", "email": ""}


def test_later_entries_have_later_ids() -> None:
    entries = [person_deleted(P1, by=2, at=AT.replace(second=second)) for second in (14, 15, 16)]
    assert sorted(entries, key=lambda entry: entry.id) == entries


def test_erasing_empties_values_and_keeps_who_what_and_when() -> None:
    entry = updated({"plan": "pro", "age": 30})
    assert erased(entry) == replace(entry, detail=detail([changed("plan", None, None)], None))
    split = erased(person_split(P1, ["b"], by=2, at=AT))
    assert "'b'" not in str(split.detail)
    gone = person_deleted(P1, by=2, at=AT)
    assert erased(gone) == gone


# --- other entries ---


@pytest.mark.parametrize(
    ("before", "after", "activity", "change"),
    [
        (None, {"name": "a"}, "created", ("name", None, "a")),
        ({"name": "a"}, {"name": "b"}, "updated", ("name", "a", "b")),
        ({"name": "a"}, None, "deleted", ("name", "a", None)),
    ],
)
def test_an_object_is_created_updated_or_deleted(
    before: Properties | None, after: Properties | None, activity: str, change: tuple[str, JsonValue, JsonValue]
) -> None:
    entry = object_changed("Insight", 3, "12", before, after, name="a", short_id="x1", by=2, at=AT)
    assert entry
    assert (entry.activity, entry.scope, entry.item_id) == (activity, "Insight", "12")
    assert entry.detail == detail([changed(*change, type="Insight")], "a", short_id="x1")


def test_a_rule_s_entry_tells_the_levels_the_object_and_whom_it_names() -> None:
    rule = a_rule(I2, Level.VIEWER, member=MEL)
    entry = rule_changed(rule, replace(rule, access_level=Level.EDITOR), by=1, at=AT)
    assert entry
    assert (entry.activity, entry.scope, entry.item_id) == ("updated", "AccessControl", "insight:2")
    changes: JsonValue = [changed("access_level", "viewer", "editor", type="AccessControl")]
    assert entry.detail == detail(changes, f"member {MEL.user.member_id}", type="insight")


def test_rules_are_created_and_deleted_and_staying_the_same_is_no_entry() -> None:
    rule = a_rule(INSIGHTS, Level.VIEWER, role=R)
    created, deleted = rule_changed(None, rule, by=1, at=AT), rule_changed(rule, None, by=1, at=AT)
    assert created
    assert deleted
    assert (created.activity, created.item_id, created.detail["name"]) == ("created", "insight", f"role {R}")
    assert deleted.activity == "deleted"
    assert rule_changed(rule, replace(rule, updated_at=AT), by=1, at=AT) is None
    assert rule_changed(None, None, by=1, at=AT) is None


def test_a_key_s_entry_has_its_label_and_nothing_of_its_value() -> None:
    key = ApiKey("k1", 2, "Grafana", "phx_...abcd", "sha256$00ff", ("person:read",), (), AT)
    for entry, activity in ((key_created(key, by=None, at=AT), "created"), (key_revoked(key, by=2, at=AT), "revoked")):
        assert (entry.scope, entry.item_id, entry.activity) == ("PersonalAPIKey", "k1", activity)
        assert entry.project_id is None
        assert entry.detail == detail(None, "Grafana")


# --- laws ---

VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.dictionaries(st.sampled_from("abcd"), VALUES)


@given(FIELDS, FIELDS)
def test_the_changes_lead_from_before_to_after(before: Properties, after: Properties) -> None:
    result = dict(before)
    for change in field_changes("Person", before, after):
        assert change.field is not None
        assert change.before == before.get(change.field)
        if change.field in after:
            result[change.field] = change.after
        else:
            del result[change.field]
    assert json.dumps(result, sort_keys=True) == json.dumps(after, sort_keys=True)  # 1 is not true


@given(FIELDS)
def test_the_same_fields_have_no_changes(fields: Properties) -> None:
    assert field_changes("Person", fields, dict(reversed(fields.items()))) == []


@pytest.mark.parametrize(
    ("before", "after"), [(True, 1), (0, False), ([1], [True]), ({"a": {"b": 0}}, {"a": {"b": False}})]
)
def test_a_boolean_is_no_number(before: JsonValue, after: JsonValue) -> None:
    assert field_changes("Person", {"a": before}, {"a": after})
