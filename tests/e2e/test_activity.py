"""GET persons/activity, GET persons/:id/activity, GET activity_log."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.e2e.conftest import World, assert_error


@pytest.fixture
def p1(world: World) -> Any:
    """A person with the ids a, b, c and a plan."""
    world.capture(
        {"event": "e", "distinct_id": "a", "properties": {"$set": {"plan": "free"}}},
        *({"event": "$create_alias", "distinct_id": "a", "properties": {"alias": other}} for other in "bc"),
    )
    return world.person("a")


def edit(world: World, person: Any, **properties: Any) -> TestResponse:
    return world.call("PATCH", f"persons/{person['id']}", json={"properties": properties})


def test_it_works(world: World, p1: Any) -> None:
    edit(world, p1, plan="pro")
    page = world.get("persons/activity")
    assert list(page) == ["results", "next", "previous", "total_count"]
    (entry,) = page["results"]
    assert list(entry) == ["id", "user", "activity", "scope", "item_id", "detail", "created_at"]
    assert (entry["scope"], entry["created_at"][-1]) == ("Person", "Z")


def test_85_an_update_has_the_values_before_and_after(world: World, p1: Any) -> None:
    edit(world, p1, plan="pro")
    page = world.get(f"persons/{p1['id']}/activity")
    assert page["total_count"] == 1
    (entry,) = page["results"]
    assert (entry["activity"], entry["item_id"]) == ("updated", str(p1["id"]))
    change = {"type": "Person", "action": "changed", "field": "plan", "before": "free", "after": "pro"}
    assert entry["detail"] == {"changes": [change], "trigger": None, "name": None, "short_id": None, "type": None}
    assert entry["user"] == {"first_name": "", "email": world.email}


def test_update_property_and_delete_property_are_logged(world: World, p1: Any) -> None:
    world.call("POST", f"persons/{p1['id']}/update_property", json={"key": "n", "value": 1})
    world.call("POST", f"persons/{p1['id']}/delete_property", json={"$unset": ["n", "other"]})
    deleted, updated = world.get(f"persons/{p1['uuid']}/activity")["results"]
    assert (updated["activity"], updated["detail"]["name"]) == ("updated", None)
    assert (deleted["activity"], deleted["detail"]["name"]) == ("delete_property", p1["uuid"])
    assert deleted["detail"]["changes"] == [
        {"type": "Person", "action": "changed", "field": "n", "before": 1, "after": None}
    ]


def test_86_a_refused_call_leaves_no_entry(world: World, p1: Any) -> None:
    assert world.call("PATCH", f"persons/{p1['id']}", json={"plan": "pro"}).status_code == 400
    assert world.get("persons/activity")["total_count"] == 0


def test_90_a_split_is_logged_with_the_ids_before_and_those_asked_for(world: World, p1: Any) -> None:
    path = f"persons/{p1['id']}/split"
    for body, detail, attr in (
        ({"distinct_ids_to_split": ["zzz"]}, "not on this person: ['zzz']", "distinct_ids_to_split"),
        ({"distinct_ids_to_split": []}, "must not be empty", "distinct_ids_to_split"),
        ({"distinct_ids_to_split": ["b"], "main_distinct_id": "a"}, None, None),
    ):
        assert_error(world.call("POST", path, json=body), 400, "invalid_input", detail, attr)
    assert world.get("persons/activity")["total_count"] == 0

    world.call("POST", path, json={"distinct_ids_to_split": ["b"]})
    world.call("POST", path)

    whole, named = world.get(f"persons/{p1['id']}/activity")["results"]
    assert named["activity"] == "split_person"
    assert named["detail"]["name"] == p1["uuid"]
    assert named["detail"]["changes"] == [
        {
            "type": "Person",
            "action": "split",
            "field": None,
            "before": None,
            "after": {"distinct_ids": ["a", "b", "c"], "distinct_ids_to_split": ["b"]},
        }
    ]
    assert whole["detail"]["changes"][0]["after"] == {"distinct_ids": ["a", "c"]}
    assert world.get(f"persons/{world.person('b')['id']}/activity")["total_count"] == 0


def test_40_91_a_deletion_stays_in_the_projects_log_only(world: World, p1: Any) -> None:
    assert world.call("DELETE", f"persons/{p1['id']}").status_code == 204
    for reference in (p1["id"], p1["uuid"]):
        assert_error(world.call("GET", f"persons/{reference}/activity"), 404, "not_found", "Not found.")
        assert world.call("DELETE", f"persons/{reference}").status_code == 404
    (entry,) = world.get("persons/activity/")["results"]
    assert (entry["activity"], entry["item_id"]) == ("deleted", str(p1["id"]))
    assert entry["detail"] == {
        "changes": None,
        "trigger": None,
        "name": p1["uuid"],
        "short_id": None,
        "type": None,
    }


def test_a_person_that_comes_anew_has_an_empty_history(world: World, p1: Any) -> None:
    edit(world, p1, plan="pro")
    world.call("DELETE", f"persons/{p1['id']}")
    world.capture({"event": "e", "distinct_id": "a"})
    assert world.get(f"persons/{p1['uuid']}/activity")["total_count"] == 0


def test_merges_by_events_leave_nothing(world: World, p1: Any) -> None:
    world.capture({"event": "$merge_dangerously", "distinct_id": "a", "properties": {"alias": "d"}})
    assert world.get("persons/activity")["total_count"] == 0


def test_95_a_fresh_project_has_one_empty_page(world: World) -> None:
    assert world.get("persons/activity") == {"results": [], "next": None, "previous": None, "total_count": 0}


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"page": "99"}, "page"),
        ({"page": "2"}, "page"),
        ({"page": "0"}, "page"),
        ({"page": "x"}, "page"),
        ({"page": "9" * 18}, "page"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_96_pages_out_of_range_are_refused(world: World, p1: Any, query: dict[str, str], attr: str) -> None:
    edit(world, p1, plan="pro")
    for path in ("persons/activity", f"persons/{p1['id']}/activity", "activity_log"):
        query = {"scope": "Person", **query}
        assert_error(world.call("GET", path, query_string=query), 400, "invalid_input", attr=attr)


def test_the_user_is_named_in_the_log_of_what_is_no_id(world: World) -> None:
    assert_error(world.call("GET", "persons/x/activity"), 400, "invalid_input")
    assert_error(world.call("GET", "activity_log?user=x"), 400, "invalid_input", attr="user")


def test_pages_are_newest_first_and_linked(world: World, p1: Any) -> None:
    for number in range(5):
        edit(world, p1, n=number)
    base = f"http://localhost/api/projects/{world.project.id}/persons/activity"
    first = world.get("persons/activity", limit=2)
    assert first["next"] == f"{base}?limit=2&page=2"
    assert (first["previous"], first["total_count"]) == (None, 5)
    middle = world.get("persons/activity?x=1&page=2&y=2&limit=2")
    assert middle["next"] == f"{base}?x=1&page=3&y=2&limit=2"
    assert middle["previous"] == f"{base}?x=1&page=1&y=2&limit=2"
    last = world.get("persons/activity?page=3&limit=2")
    assert (last["next"], len(last["results"])) == (None, 1)
    rows = [*first["results"], *middle["results"], *last["results"]]
    assert [row["detail"]["changes"][0]["after"] for row in rows] == [4, 3, 2, 1, 0]
    edit(world, p1, m=1)
    assert world.get("persons/activity")["next"] is None
    for number in range(5):
        edit(world, p1, m=[number])
    assert world.get("persons/activity?z=1")["next"] == f"{base}?z=1&page=2&limit=10"


def test_the_log_of_a_project_shows_its_own_persons_only(world: World, p1: Any) -> None:
    edit(world, p1, plan="pro")
    other = World(world.services, world.client)
    assert other.get("persons/activity")["total_count"] == 0
    assert other.get("activity_log", scope="Person")["total_count"] == 0


def test_activity_log_is_filtered(world: World, p1: Any) -> None:
    edit(world, p1, plan="pro")
    world.capture({"event": "e", "distinct_id": "z"})
    world.call("DELETE", f"persons/{world.person('z')['id']}")
    with world.services.relational.begin(write=False) as work:
        user = work.accounts.user(email=world.email)
    assert user is not None

    def found(query: str) -> list[str]:
        return [row["activity"] for row in world.get(f"activity_log?{query}")["results"]]

    assert found("scope=Person") == ["deleted", "updated"]
    assert found("scope=Insight&scope=Person") == ["deleted", "updated"]
    assert found("scope=Insight") == []
    assert found("activity=updated") == ["updated"]
    assert found(f"scope=Person&item_id={p1['id']}") == ["updated"]
    assert found(f"user={user.id}") == ["deleted", "updated"]
    assert found(f"user={user.id + 1_000_000}") == []
    assert found("item_id=%00") == []


@pytest.mark.parametrize("path", ["persons/activity", "persons/1/activity", "activity_log"])
def test_20_21_the_log_needs_a_scope_of_its_own(world: World, path: str) -> None:
    answer = world.call("GET", path, key=world.new_key("person:write"))
    assert_error(answer, 403, "permission_denied", "API key missing required scope 'activity_log:read'")
    for scope in ("activity_log:read", "activity_log:write", "*"):
        assert world.call("GET", path, key=world.new_key(scope)).status_code in (200, 404)


@pytest.mark.parametrize(
    ("path", "scope", "body"),
    [
        ("actions", "Action", {"name": "Bought", "steps": [{"event": "buy"}]}),
        ("cohorts", "Cohort", {"name": "Listed", "is_static": True}),
        ("insights", "Insight", {"name": "Sales", "query": {"kind": "TrendsQuery", "series": []}}),
    ],
)
def test_what_becomes_of_saved_objects_is_in_the_log(world: World, path: str, scope: str, body: dict[str, Any]) -> None:
    made = world.call("POST", path, json=body)
    assert made.status_code == 201, made.text
    saved: Any = made.json
    world.call("PATCH", f"{path}/{saved['id']}", json={"name": "New"})
    world.call("PATCH", f"{path}/{saved['id']}", json={"name": "New"})
    world.call("DELETE", f"{path}/{saved['id']}")

    entries = world.get("activity_log", scope=scope)["results"]
    assert [entry["activity"] for entry in entries] == ["deleted", "updated", "created"]
    assert {entry["item_id"] for entry in entries} == {str(saved["id"])}
    (change,) = entries[1]["detail"]["changes"]
    assert (change["field"], change["before"], change["after"]) == ("name", body["name"], "New")
