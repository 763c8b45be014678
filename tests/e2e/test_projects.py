"""GET /api/projects, GET and PATCH /api/projects/:id and /api/environments/:id."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.entrypoints.bootstrap import Services

from tests.e2e.access_world import AccessWorld, Somebody
from tests.e2e.conftest import assert_error

BASIC = (
    "id uuid organization project_id api_token name completed_snippet_onboarding has_completed_onboarding_for "
    "ingested_event is_demo timezone access_control"
).split()
SETTINGS = (
    "week_start_day person_display_name_properties test_account_filters path_cleaning_filters anonymize_ips "
    "person_processing_opt_out person_properties_update_all drop_events_older_than retention_days "
    "aggregate_by_distinct_id human_friendly_comparison_periods"
).split()
OWN = ["created_at", "updated_at", "user_access_level", "effective_membership_level"]


@pytest.fixture
def world(services: Services) -> AccessWorld:
    return AccessWorld(services)


def ids(who: Somebody, **query: Any) -> list[int]:
    answer: Any = who.call("GET", "/api/projects", query_string={"limit": 1000} | query).json
    return [project["id"] for project in answer["results"]]


def test_it_works(world: AccessWorld) -> None:
    answer: Any = world.mel.call("GET", "/api/projects?limit=1000").json
    assert list(answer) == ["count", "next", "previous", "results"]
    assert (answer["next"], answer["previous"]) == (None, None)
    assert answer["count"] == len(answer["results"])
    (row,) = (row for row in answer["results"] if row["id"] == world.p.id)
    assert list(row) == BASIC
    assert (row["name"], row["project_id"], row["api_token"]) == ("P", world.p.id, world.p.api_token)
    one: Any = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    assert set(one) == {*BASIC, *SETTINGS, *OWN}
    assert {key: one[key] for key in row} == row
    assert one == world.mel.call("GET", f"/api/environments/{world.p.id}/").json
    assert one["organization"] == world.mel.call("GET", f"/api/projects/{world.p2.id}").json["organization"]  # type: ignore[index]


def test_closed_projects_are_neither_listed_nor_there(world: AccessWorld) -> None:
    for who, sees in ((world.mel, False), (world.xia, True), (world.ada, True)):
        assert (world.q.id in ids(who)) is sees
        assert (who.call("GET", f"/api/projects/{world.q.id}").status_code == 200) is sees
    for method in ("GET", "PATCH"):
        assert_error(world.mel.call(method, f"/api/projects/{world.q.id}", {}), 404, "not_found", "Not found.")
    response = world.mel.call("GET", f"/api/projects/{world.q.id}/persons")
    assert_error(response, 403, "permission_denied", "You don't have access to the project.")


@pytest.mark.parametrize("reference", ["abc", "999999"])
@pytest.mark.parametrize("path", ["", "/persons"])
@pytest.mark.parametrize("family", ["projects", "environments"])
def test_36_unknown_projects_are_404(world: AccessWorld, family: str, path: str, reference: str) -> None:
    response = world.mel.call("GET", f"/api/{family}/{reference}{path}")
    assert_error(response, 404, "not_found", "Project not found.")


def test_the_list_is_paged_and_bad_pages_are_refused(world: AccessWorld) -> None:
    everything = ids(world.ada)
    answer: Any = world.ada.call("GET", "/api/projects?limit=2&offset=1").json
    assert [row["id"] for row in answer["results"]] == everything[1:3]
    assert answer["count"] == len(everything)
    seen, url = [], "/api/projects?limit=2"
    while url:
        answer = world.ada.call("GET", url).json
        seen += [row["id"] for row in answer["results"]]
        url = answer["next"] and answer["next"].removeprefix("http://localhost")
    assert seen == everything
    for name, value in (("limit", "0"), ("limit", "x"), ("limit", "1001"), ("offset", "-1")):
        response = world.ada.call("GET", f"/api/projects?{name}={value}")
        assert_error(response, 400, "invalid_input", attr=name)


@pytest.mark.parametrize(("level", "number"), [("member", 1), ("admin", 8)])
def test_the_level_of_a_member_is_that_of_the_rules(world: AccessWorld, level: str, number: int) -> None:
    world.rule("access_controls", level)
    one: Any = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    assert (one["user_access_level"], one["effective_membership_level"]) == (level, number)
    one = world.ada.call("GET", f"/api/projects/{world.p.id}").json
    assert (one["user_access_level"], one["effective_membership_level"]) == ("admin", 8)


def test_a_project_that_stored_an_event_says_so(world: AccessWorld) -> None:
    one: Any = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    assert one["ingested_event"] is False
    event = {"api_key": world.p.api_token, "event": "e", "distinct_id": "u", "properties": {}}
    assert world.client.post("/i/v0/e/", json=event).status_code == 200
    one = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    assert one["ingested_event"] is True


def test_35_current_is_the_first_project_that_the_key_may_enter(world: AccessWorld) -> None:
    for project in world.services.accounts.projects():
        if project.id not in (world.p2.id, world.q.id):
            path = f"/api/projects/{project.id}/access_controls"
            world.ada.call("PUT", path, {"access_level": "none", "organization_member": world.mel.member_id})
    current = world.mel.call("GET", "/api/projects/@current")
    assert current.json["id"] == world.p2.id  # type: ignore[index]
    here = world.mel.call("GET", "/api/projects/@current/persons", scopes=("person:read",))
    assert here.json == world.mel.call("GET", f"/api/projects/{world.p2.id}/persons").json
    path = f"/api/projects/{world.p2.id}/access_controls"
    world.ada.call("PUT", path, {"access_level": "none", "organization_member": world.mel.member_id})
    for route in ("", "/persons"):
        response = world.mel.call("GET", f"/api/projects/@current{route}")
        assert_error(response, 404, "not_found", "Project not found.")
    me: Any = world.mel.call("GET", "/api/users/@me").json
    assert (me["team"], me["organization"]["teams"]) == (None, [])


def test_30_31_a_key_limited_to_projects_enters_these_and_no_list(world: AccessWorld) -> None:
    key = {"Authorization": f"Bearer {world.mel.key('*', projects=(world.p.id,))}"}
    for path in (f"/api/projects/{world.p.id}/persons", f"/api/projects/{world.p.id}", "/api/users/@me"):
        assert world.client.get(path, headers=key).status_code == 200
    response = world.client.get("/api/projects", headers=key)
    detail = "API keys with scoped projects are only supported on project-based endpoints."
    assert_error(response, 403, "permission_denied", detail)
    for path in ("/persons", ""):
        response = world.client.get(f"/api/projects/{world.p2.id}{path}", headers=key)
        detail = f"API key does not have access to the requested project: ID {world.p2.id}."
        assert_error(response, 403, "permission_denied", detail)
    me: Any = world.client.get("/api/users/@me", headers=key).json
    assert me["team"]["id"] == world.p.id


# --- PATCH ---


def test_every_setting_can_be_changed(world: AccessWorld) -> None:
    changes = {
        "name": "Store",
        "timezone": "Europe/Berlin",
        "week_start_day": 1,
        "person_display_name_properties": ["nick", "email"],
        "test_account_filters": [{"key": "email", "operator": "icontains", "value": "@me.io", "type": "person"}],
        "path_cleaning_filters": [{"regex": "/\\d+", "alias": "/:id"}],
        "anonymize_ips": True,
        "person_processing_opt_out": True,
        "person_properties_update_all": True,
        "drop_events_older_than": 86_400,
        "retention_days": 30,
        "aggregate_by_distinct_id": True,
        "human_friendly_comparison_periods": True,
    }
    before: Any = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    response = world.mel.call("PATCH", f"/api/environments/{world.p.id}", changes)
    assert response.status_code == 200, response.text
    after: Any = response.json
    assert after == {**before, **changes, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert world.mel.call("GET", f"/api/projects/{world.p.id}").json == after
    entry = world.entries(scope="Project")[-1]
    assert (entry["activity"], entry["item_id"]) == ("updated", str(world.p.id))
    assert entry["user"]["email"] == world.mel.user.email
    assert world.p.api_token not in str(entry)


def test_what_is_absent_unknown_or_read_only_stays(world: AccessWorld) -> None:
    before: Any = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    body = {"api_token": "phc_mine", "id": 7, "user_access_level": "none", "rockets": 1, "name": "  New  "}
    after: Any = world.mel.call("PATCH", f"/api/projects/{world.p.id}", body).json
    assert after == {**before, "name": "New", "updated_at": after["updated_at"]}


@pytest.mark.parametrize(
    ("changes", "code", "attr"),
    [
        ({"timezone": "Mars/Olympus"}, "invalid_input", "timezone"),
        ({"timezone": 7}, "invalid_input", "timezone"),
        ({"name": " "}, "blank", "name"),
        ({"name": None}, "null", "name"),
        ({"week_start_day": 2}, "invalid_input", "week_start_day"),
        ({"week_start_day": "monday"}, "invalid_input", "week_start_day"),
        ({"anonymize_ips": "perhaps"}, "invalid_input", "anonymize_ips"),
        ({"drop_events_older_than": -1}, "invalid_input", "drop_events_older_than"),
        ({"retention_days": 0}, "invalid_input", "retention_days"),
        ({"drop_events_older_than": 10**30}, "invalid_input", "drop_events_older_than"),
        ({"person_display_name_properties": "email"}, "invalid_input", "person_display_name_properties"),
        ({"person_display_name_properties": [7]}, "invalid_input", "person_display_name_properties__0"),
        ({"test_account_filters": {"key": "a"}}, "invalid_input", "test_account_filters"),
        (
            {"test_account_filters": [{"key": "a", "operator": "what", "value": "b"}]},
            "invalid_choice",
            "test_account_filters__0__operator",
        ),
        ({"path_cleaning_filters": [{"regex": "(", "alias": "x"}]}, "invalid_input", "path_cleaning_filters__0"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_changes(
    world: AccessWorld, changes: dict[str, Any], code: str, attr: str
) -> None:
    before = world.mel.call("GET", f"/api/projects/{world.p.id}").json
    assert_error(world.mel.call("PATCH", f"/api/projects/{world.p.id}", {"name": "x", **changes}), 400, code, attr=attr)
    assert world.mel.call("GET", f"/api/projects/{world.p.id}").json == before


def test_changing_needs_the_level_admin_and_the_scope(world: AccessWorld) -> None:
    path = f"/api/projects/{world.p.id}"
    response = world.mel.call("PATCH", path, {"name": "x"}, scopes=("project:read",))
    assert_error(response, 403, "permission_denied", "API key missing required scope 'project:write'")
    world.rule("access_controls", "member")
    response = world.mel.call("PATCH", path, {"name": "x"})
    assert_error(response, 403, "permission_denied", "You do not have admin access to this resource.")
    assert world.ada.call("PATCH", path, {"name": "x"}).status_code == 200


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST"])
def test_other_methods_are_405(world: AccessWorld, method: str) -> None:
    response = world.ada.call(method, f"/api/projects/{world.p.id}", {})
    assert_error(response, 405, "method_not_allowed", f'Method "{method}" not allowed.')
