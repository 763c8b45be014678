"""The routes of actions, and actions as series."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import World, assert_error

STEP: dict[str, Any] = {
    "event": None,
    "properties": [],
    "selector": None,
    "tag_name": None,
    "text": None,
    "text_matching": None,
    "href": None,
    "href_matching": None,
    "url": None,
    "url_matching": "contains",
}


def make(world: World, **body: Any) -> Any:
    response = world.call("POST", "actions", json={"name": "Signed up", **body})
    assert response.status_code == 201, response.text
    return response.json


def test_it_works(world: World) -> None:
    made = make(world, steps=[{"event": "sign up", "unknown": 1}], tags=["a"])
    assert world.get(f"actions/{made['id']}") == made
    assert list(made) == [
        "id",
        "name",
        "description",
        "tags",
        "deleted",
        "created_at",
        "created_by",
        "user_access_level",
        "steps",
    ]
    assert made["steps"] == [STEP | {"event": "sign up"}]
    assert made["created_by"]["email"] == world.email
    assert (made["deleted"], made["user_access_level"], made["tags"]) == (False, "manager", ["a"])


def test_it_shows_only_its_own_project(world: World) -> None:
    made = make(world)
    other = world.services.accounts.create_project("Other")
    path = f"/api/projects/{other.id}/actions"
    assert world.get(path)["results"] == []
    assert_error(world.call("GET", f"{path}/{made['id']}"), 404, "not_found")


def test_a_list_has_the_newest_first_and_pages(world: World) -> None:
    ids = [make(world, name=f"{number}")["id"] for number in range(3)]
    first = world.get("actions", limit=2)
    assert (first["count"], [row["id"] for row in first["results"]]) == (3, [ids[2], ids[1]])
    assert first["previous"] is None
    second = world.get(first["next"].partition("localhost")[2])
    assert ([row["id"] for row in second["results"]], second["next"]) == ([ids[0]], None)
    assert second["previous"] is not None


def test_a_patch_changes_what_it_names_and_replaces_all_steps(world: World) -> None:
    made = make(world, steps=[{"event": "a"}, {"event": "b"}])
    changed = world.call("PATCH", f"actions/{made['id']}", json={"name": "New", "steps": [{"event": "c"}]}).json
    assert changed == made | {"name": "New", "steps": [STEP | {"event": "c"}]}


@pytest.mark.parametrize("way", ["DELETE", "PATCH"])
def test_a_deleted_action_is_gone(world: World, way: str) -> None:
    made = make(world)
    path = f"actions/{made['id']}"
    if way == "DELETE":
        response = world.call("DELETE", path)
        assert (response.status_code, response.data) == (204, b"")
    else:
        assert world.call("PATCH", path, json={"deleted": True}).status_code == 200
    for method in ("GET", "PATCH", "DELETE"):
        assert_error(world.call(method, path, json=None if method == "GET" else {}), 404, "not_found")
    assert world.get("actions")["count"] == 0


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "name"),
        ({"name": ""}, "invalid_input", "name"),
        ({"name": "a", "steps": {}}, "invalid_input", "steps"),
        ({"name": "a", "steps": [{"url": "(", "url_matching": "regex"}]}, "invalid_input", "steps__0__url"),
        ({"name": "a", "steps": [{}, {"url_matching": "like"}]}, "invalid_input", "steps__1__url_matching"),
        ({"name": "a", "steps": [{"event": 5}]}, "invalid_input", "steps__0__event"),
        (
            {"name": "a", "steps": [{"event": "$autocapture", "selector": "a:hover"}]},
            "invalid_input",
            "steps__0__selector",
        ),
        (
            {"name": "a", "steps": [{"properties": [{"key": "a", "operator": "regex", "value": "("}]}]},
            "invalid_input",
            "steps__0__properties__0",
        ),
    ],
)
def test_bad_fields_are_named(world: World, body: Any, code: str, attr: str) -> None:
    assert_error(world.call("POST", "actions", json=body), 400, code, attr=attr)


def test_scopes(world: World) -> None:
    reader = world.new_key("action:read")
    assert world.call("GET", "actions", key=reader).status_code == 200
    assert_error(
        world.call("POST", "actions", key=reader, json={"name": "a"}),
        403,
        "permission_denied",
        "API key missing required scope 'action:write'",
    )


def test_a_series_of_an_action_counts_its_events_until_it_is_deleted(world: World) -> None:
    pro: dict[str, Any] = {"event": "buy", "distinct_id": "u", "timestamp": "2026-01-01T12:00:00Z"}
    world.capture(pro | {"properties": {"plan": "pro"}}, pro | {"properties": {"plan": "free"}})
    action = make(world, name="Bought", steps=[{"event": "buy", "properties": [{"key": "plan", "value": "pro"}]}])
    query = {"actions": [{"id": action["id"]}], "date_from": "2026-01-01", "date_to": "2026-01-01"}
    (row,) = world.get("insights/trend", **query)["result"]
    assert (row["data"], row["label"]) == ([1], "Bought")
    assert (row["action"]["id"], row["action"]["type"]) == ("Bought", "events")
    world.call("PATCH", f"actions/{action['id']}", json={"steps": [{"event": "buy"}]})
    assert world.get("insights/trend", **query)["result"][0]["data"] == [2]
    world.call("DELETE", f"actions/{action['id']}")
    assert world.get("insights/trend", **query)["result"] == []


def test_an_action_may_ask_for_the_address_and_the_text_of_what_was_clicked(world: World) -> None:
    elements = [{"tag_name": "a", "attr__href": "/pricing", "$el_text": 'See "all" prices'}, {"tag_name": "body"}]
    for shown in (elements, elements[1:]):
        world.capture(
            {
                "event": "$autocapture",
                "distinct_id": "ann",
                "timestamp": "2026-01-01T10:00:00Z",
                "properties": {"$elements": shown},
            }
        )
    for step in ({"href": "/pricing"}, {"text": 'See "all" prices'}, {"href": "PRIC", "href_matching": "contains"}):
        made = make(world, steps=[{"event": "$autocapture", **step}])
        answer = world.get("insights/trend", actions=[{"id": made["id"]}], date_from="2026-01-01", date_to="2026-01-01")
        assert answer["result"][0]["data"] == [1], step
