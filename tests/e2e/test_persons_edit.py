"""PATCH and PUT persons/:id, POST persons/:id/update_property, POST persons/:id/delete_property, POST persons."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from tests.e2e.conftest import World, assert_error


def a_person(world: World, distinct_id: str = "u1", **properties: Any) -> Any:
    world.capture({"event": "seen", "distinct_id": distinct_id, "properties": {"$set": properties}})
    return world.person(distinct_id)


def edit(world: World, person: Any, body: object, action: str = "", method: str = "POST") -> TestResponse:
    return world.call(method, f"persons/{person['uuid']}{action}", json=body)


def own(person: Any) -> dict[str, Any]:
    """The properties but the one that capture sets."""
    return {key: value for key, value in person["properties"].items() if key != "$creator_event_uuid"}


def entries(world: World) -> int:
    return int(world.get("persons/activity")["total_count"])


def test_it_works(world: World) -> None:
    person = a_person(world, plan="free", age=30)

    answer = edit(world, person, {"properties": {"plan": "pro", "name": "Ada"}, "id": 7}, method="PATCH")

    assert answer.status_code == 200
    changed: Any = answer.json
    assert own(changed) == {"plan": "pro", "age": 30, "name": "Ada"}
    assert changed["name"] == "Ada"
    assert changed == world.get(f"persons/{person['id']}")


def test_put_merges_as_patch_does(world: World) -> None:
    person = a_person(world, plan="free", age=30)
    answer: Any = edit(world, person, {"properties": {"plan": "pro"}}, method="PUT").json
    assert own(answer) == {"plan": "pro", "age": 30}


def test_an_edit_counts_in_person_filters_at_once(world: World) -> None:
    person = a_person(world, plan="free")
    pro = [{"key": "plan", "value": "pro", "type": "person"}]
    assert world.count(event="seen", properties=pro) == 0
    edit(world, person, {"properties": {"plan": "pro"}}, method="PATCH")
    assert world.count(event="seen", properties=pro) == 1
    assert world.get("persons", properties=pro)["count"] == 1


def test_a_set_is_kept_as_an_event_of_the_person(world: World) -> None:
    person = a_person(world)
    edit(world, person, {"properties": {"plan": "pro"}}, method="PATCH")
    edit(world, person, {"key": "plan", "value": "team"}, "/update_property")
    assert world.count(event="$set") == 2
    assert world.count(math="dau") == 1


def test_61_patch_without_properties_is_refused_before_the_person_is_looked_up(world: World) -> None:
    person = a_person(world)
    for uuid in (person["uuid"], UUID(int=1)):
        for body in ({"foo": "bar", "bar": "baz"}, {"properties": None}, {}, None):
            answer = (
                world.call("PATCH", f"persons/{uuid}", json=body)
                if body is not None
                else world.call("PATCH", f"persons/{uuid}")
            )
            assert answer.status_code == 400
            assert answer.json == {
                "type": "validation_error",
                "code": "required",
                "detail": "This field is required.",
                "attr": "properties",
            }


@pytest.mark.parametrize("properties", ["x", 1, [], True])
def test_properties_that_are_no_object_are_refused(world: World, properties: object) -> None:
    answer = edit(world, a_person(world), {"properties": properties}, method="PATCH")
    assert_error(answer, 400, "invalid_input", attr="properties")


def test_what_changes_nothing_leaves_no_trace(world: World) -> None:
    person = a_person(world, plan="free", tags=["a", {"b": 1}])
    for properties in ({}, {"plan": "free"}, {"tags": ["a", {"b": 1}]}):
        answer = edit(world, person, {"properties": properties}, method="PATCH")
        assert (answer.status_code, answer.json) == (200, world.get(f"persons/{person['id']}"))
    assert edit(world, person, {"$unset": "nothing"}, "/delete_property").json == {"success": True}
    assert world.count(event="$set") == world.count(event="$delete_person_property") == 0
    assert entries(world) == 0
    assert world.get(f"persons/{person['id']}") == person | {"distinct_ids": ["u1"]}


def test_update_property_sets_one_key(world: World) -> None:
    person = a_person(world, a=1)
    answer = edit(world, person, {"key": "foo", "value": {"x": [1]}}, "/update_property")
    assert answer.status_code == 200
    assert own(answer.json) == {"a": 1, "foo": {"x": [1]}}


def test_update_property_stores_null(world: World) -> None:
    answer: Any = edit(world, a_person(world), {"key": "foo", "value": None}, "/update_property").json
    assert answer["properties"]["foo"] is None


@pytest.mark.parametrize(
    ("body", "attr"),
    [({"key": "foo"}, "value"), ({"value": "bar"}, "key"), ({}, "value"), ({"value": 1, "key": None}, "key")],
)
def test_65_update_property_names_the_missing_field(world: World, body: object, attr: str) -> None:
    answer = edit(world, a_person(world), body, "/update_property")
    assert_error(answer, 400, "required", "This field is required.", attr)


@pytest.mark.parametrize("by", ["uuid", "id"])
def test_66_delete_property_by_uuid_and_by_integer(world: World, by: str) -> None:
    person = a_person(world, foo=1, bar=2)
    answer = world.call("POST", f"persons/{person[by]}/delete_property", json={"$unset": "foo"})
    assert (answer.status_code, answer.json) == (200, {"success": True})
    assert own(world.person("u1")) == {"bar": 2}
    assert world.count(event="$delete_person_property") == 1


def test_delete_property_takes_keys_from_the_query_unless_the_body_has_some(world: World) -> None:
    person = a_person(world, a=1, b=2, c=3, d=4)
    path = f"persons/{person['id']}/delete_property?$unset=a&$unset=b"
    assert world.call("POST", path, json={"$unset": ["c"]}).status_code == 200
    assert own(world.person("u1")) == {"a": 1, "b": 2, "d": 4}
    assert world.call("POST", path).status_code == 200
    assert own(world.person("u1")) == {"d": 4}


def test_delete_property_without_keys_is_refused(world: World) -> None:
    person = a_person(world)
    assert_error(edit(world, person, {}, "/delete_property"), 400, "required", "This field is required.", "$unset")
    for wrong in (1, [1], {"a": 1}):
        assert_error(edit(world, person, {"$unset": wrong}, "/delete_property"), 400, "invalid_input", attr="$unset")


def test_a_property_that_was_null_can_be_deleted(world: World) -> None:
    person = a_person(world, a=None)
    edit(world, person, {"$unset": "a"}, "/delete_property")
    assert own(world.person("u1")) == {}


ACTIONS = [
    ("PATCH", "", {"properties": {"a": 1}}),
    ("PUT", "", {"properties": {"a": 1}}),
    ("POST", "/update_property", {"key": "a", "value": 1}),
    ("POST", "/delete_property", {"$unset": "a"}),
    ("DELETE", "", None),
    ("POST", "/split", {}),
    ("POST", "/delete_events", None),
    ("POST", "/delete_recordings", None),
]


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_every_action_knows_unknown_persons_and_what_is_no_id(
    world: World, method: str, action: str, body: object
) -> None:
    other = World(world.services, world.client)
    foreign = a_person(other)["id"]
    for reference in (UUID(int=1), 10**15, foreign):
        assert_error(world.call(method, f"persons/{reference}{action}", json=body), 404, "not_found", "Not found.")
    answer = world.call(method, f"persons/NOT_A_UUID{action}", json=body)
    assert_error(answer, 400, "invalid_input")
    assert "/persons?distinct_id=NOT_A_UUID" in answer.text


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_every_action_needs_the_right_to_write(world: World, method: str, action: str, body: object) -> None:
    person = a_person(world, a=2)
    key = world.new_key("person:read")
    answer = world.call(method, f"persons/{person['id']}{action}", json=body, key=key)
    assert_error(answer, 403, "permission_denied", "API key missing required scope 'person:write'")
    assert world.person("u1") == person


def test_persons_are_not_created_here(world: World) -> None:
    answer = world.call("POST", "persons", json={"properties": {}})
    assert_error(answer, 405, "method_not_allowed")
    assert "sending an $identify event" in answer.text
    assert world.call("POST", "persons/", json={}).status_code == 405


def test_form_bodies_and_broken_json_are_refused(world: World) -> None:
    person = a_person(world)
    form = world.call("PATCH", f"persons/{person['id']}", data={"properties": "{}"})
    detail = 'Unsupported media type "application/x-www-form-urlencoded" in request.'
    assert_error(form, 415, "unsupported_media_type", detail)
    broken = world.call("PATCH", f"persons/{person['id']}", data="nope", content_type="application/json")
    detail = "JSON parse error - Expecting value: line 1 column 1 (char 0)"
    assert_error(broken, 400, "parse_error", detail)
    deep = '{"properties":{"a":' + "[" * 500 + "]" * 500 + "}}"
    assert_error(
        world.call("PATCH", f"persons/{person['id']}", data=deep, content_type="application/json"), 400, "parse_error"
    )


def test_a_person_never_grows_beyond_what_is_allowed(world: World) -> None:
    person = a_person(world, a=1)
    answer = edit(world, person, {"properties": {"big": "x" * 700_000}}, method="PATCH")
    assert_error(answer, 400, "invalid_input", attr="properties")
    assert world.person("u1") == person


def test_odd_keys_and_values_come_back_as_they_went_in(world: World) -> None:
    person = a_person(world)
    odd = {"it's": 1, 'a"b': 2, "a.b\\": [None], "$x": {"": 1}, "🦔": "日本", "": True}
    assert own(edit(world, person, {"properties": odd}, method="PATCH").json) == odd
    nul: Any = edit(world, person, {"properties": {"n": "a\0b"}}, method="PATCH").json
    assert nul["properties"]["n"] == "a\ufffdb"
