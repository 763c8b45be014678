"""GET and PUT access_controls, resource_access_controls, insights/:id/access_controls; users_with_access."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.entrypoints.bootstrap import Services
from werkzeug.test import TestResponse

from tests.e2e.access_world import AccessWorld, Somebody
from tests.e2e.conftest import assert_error

PROJECT_LEVELS = ["none", "member", "admin"]
LEVELS = ["none", "viewer", "editor", "manager"]
NOBODY = "0190aaaa-0000-4000-8000-000000000000"


@pytest.fixture
def world(services: Services) -> AccessWorld:
    return AccessWorld(services)


def body_of(response: TestResponse, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json


def refused(response: TestResponse, detail: str) -> None:
    assert_error(response, 403, "permission_denied", detail)


def put(who: Somebody, path: str, level: str | None, **body: Any) -> TestResponse:
    return who.call("PUT", path, {"access_level": level, **body})


def rules_of(world: AccessWorld, path: str) -> Any:
    return body_of(world.ada.call("GET", path))["access_controls"]


def test_it_works(world: AccessWorld) -> None:
    path = f"insights/{world.i1}/access_controls"
    found = body_of(world.mel.call("GET", path))
    assert found == {
        "access_controls": [],
        "available_access_levels": LEVELS,
        "default_access_level": "editor",
        "minimum_access_level": "none",
        "maximum_access_level": "manager",
        "user_access_level": "manager",
        "user_can_edit_access_levels": True,
        "inherited_access": {
            "access_level": "editor",
            "source": "system_default",
            "source_subject": None,
            "source_resource": "insight",
            "source_resource_id": None,
            "source_display_name": None,
        },
    }
    rule = body_of(put(world.mel, path, "viewer", organization_member=world.nia.member_id))
    assert rule == {
        "access_level": "viewer",
        "resource": "insight",
        "resource_id": world.i1,
        "organization_member": world.nia.member_id,
        "role": None,
        "created_by": world.mel.user.id,
        "created_at": rule["created_at"],
        "updated_at": rule["created_at"],
    }
    assert rule["created_at"].endswith("Z")
    assert rules_of(world, path) == [rule]


def test_a_second_put_changes_the_same_rule_and_null_takes_it_away(world: AccessWorld) -> None:
    path = f"insights/{world.i1}/access_controls"
    for subject in ({}, {"organization_member": world.nia.member_id}, {"role": world.role()}):
        first = body_of(put(world.ada, path, "viewer", **subject))
        second = body_of(put(world.mel, path, "none", **subject))
        assert second == {**first, "access_level": "none", "updated_at": second["updated_at"]}
        assert second["updated_at"] > first["updated_at"]
        assert len(rules_of(world, path)) == 1
        for _ in range(2):
            response = put(world.mel, path, None, **subject)
            assert (response.status_code, response.data) == (204, b"")
        assert rules_of(world, path) == []


# --- the numbers are those of the documented cases ---


def test_26_reading_needs_the_scope_access_control_read(world: AccessWorld) -> None:
    response = world.mel.call("GET", "access_controls", scopes=("project:read",))
    refused(response, "API key missing required scope 'access_control:read'")
    assert world.mel.call("GET", "access_controls", scopes=("access_control:read",)).status_code == 200
    response = world.mel.call("PUT", "access_controls", {}, scopes=("access_control:read",))
    refused(response, "API key missing required scope 'access_control:write'")


def test_50_a_member_rule_beats_the_default(world: AccessWorld) -> None:
    world.rule("access_controls", "admin")
    world.rule("access_controls", "none", organization_member=world.mel.member_id)
    refused(world.mel.call("GET", "persons"), "You don't have access to the project.")
    assert world.nia.call("GET", "persons").status_code == 200


def test_51_who_lowers_the_own_level_keeps_no_right(world: AccessWorld) -> None:
    world.rule("access_controls", "admin", organization_member=world.mel.member_id)
    own = {"organization_member": world.mel.member_id}
    assert body_of(put(world.mel, "access_controls", "member", **own))["resource"] == "project"
    refused(put(world.mel, "access_controls", "admin", **own), "Must be admin to modify project permissions.")


def test_55_member_and_role_together_are_refused(world: AccessWorld) -> None:
    response = put(world.ada, "access_controls", "member", organization_member=world.mel.member_id, role=world.role())
    detail = "You can not scope an access control to both a member and a role."
    assert_error(response, 400, "invalid_input", detail)


@pytest.mark.parametrize("attr", ["organization_member", "role"])
def test_56_unknown_members_and_roles_are_named(world: AccessWorld, attr: str) -> None:
    response = put(world.ada, "access_controls", "member", **{attr: NOBODY})
    assert_error(response, 400, "does_not_exist", f'Invalid pk "{NOBODY}" - object does not exist.', attr)


@pytest.mark.parametrize(
    ("path", "body", "code", "detail"),
    [
        ("access_controls", {}, "required", "This field is required."),
        (
            "access_controls",
            {"access_level": "viewer"},
            "invalid_input",
            "Invalid access level. Must be one of: none, member, admin",
        ),
        (
            "resource_access_controls",
            {"access_level": "none", "resource": "action"},
            "invalid_input",
            "Access level cannot be set below the minimum 'viewer' for action.",
        ),
        (
            "resource_access_controls",
            {"access_level": "editor", "resource": "activity_log"},
            "invalid_input",
            "Access level cannot be set above the maximum 'viewer' for activity_log.",
        ),
    ],
)
def test_a_bad_level_is_refused_and_nothing_is_written(
    world: AccessWorld, path: str, body: dict[str, Any], code: str, detail: str
) -> None:
    assert_error(world.ada.call("PUT", path, body), 400, code, detail, "access_level")
    assert rules_of(world, path) == []


def test_65_a_resource_rule_for_one_object_is_refused(world: AccessWorld) -> None:
    response = put(world.ada, "resource_access_controls", "viewer", resource="insight", resource_id=world.i1)
    refused(response, "Cannot modify access controls for a resource different from the URL target.")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_66_an_insight_has_no_resource_rules_for_anybody(world: AccessWorld, method: str) -> None:
    for who in (world.ada, world.mel):
        response = who.call(method, f"insights/{world.i1}/resource_access_controls", {"access_level": "none"})
        detail = "Resource-level access controls can only be configured for projects."
        assert_error(response, 400, "invalid_input", detail)
    assert rules_of(world, "resource_access_controls") == rules_of(world, f"insights/{world.i1}/access_controls") == []


def test_70_a_project_inherits_nothing(world: AccessWorld) -> None:
    found = body_of(world.mel.call("GET", "access_controls"))
    assert found == {
        "access_controls": [],
        "available_access_levels": PROJECT_LEVELS,
        "default_access_level": "admin",
        "minimum_access_level": "none",
        "maximum_access_level": "admin",
        "user_access_level": "admin",
        "user_can_edit_access_levels": False,
        "inherited_access": None,
    }


def test_71_creators_and_organisation_admins_may_and_other_members_may_not(world: AccessWorld) -> None:
    refused(
        put(world.mel, f"insights/{world.i2}/access_controls", "viewer"),
        "Must be manager to modify insight permissions.",
    )
    assert put(world.mel, f"insights/{world.i1}/access_controls", "viewer").status_code == 200
    assert put(world.ada, f"insights/{world.i2}/access_controls", "viewer").status_code == 200


def test_80_what_is_inherited_is_what_everybody_would_have(world: AccessWorld) -> None:
    world.rule("resource_access_controls", "viewer", resource="insight")
    world.rule("resource_access_controls", "editor", resource="insight", role=world.role(world.mel))
    found = body_of(world.mel.call("GET", f"insights/{world.i2}/access_controls"))
    assert found["user_access_level"] == "editor"
    assert found["inherited_access"] == {
        "access_level": "viewer",
        "source": "resource",
        "source_subject": "default",
        "source_resource": "insight",
        "source_resource_id": None,
        "source_display_name": None,
    }


def test_81_the_limit_is_on_objects_with_rules(services: Services) -> None:
    world = AccessWorld(services, limit=3)
    extra = [world.mel.insight() for _ in range(2)]
    first, second, third, fourth = (f"insights/{one}/access_controls" for one in (world.i1, world.i2, *extra))
    for path in (first, second, third):
        world.rule(path, "viewer")
    detail = "Reached the limit of 3 insights with access control overrides."
    assert_error(put(world.ada, fourth, "viewer"), 400, "invalid_input", detail)
    assert put(world.ada, first, "editor", organization_member=world.nia.member_id).status_code == 200
    assert put(world.ada, fourth, None).status_code == 204
    assert put(world.ada, "resource_access_controls", "viewer", resource="insight").status_code == 200


# --- the rules of whole resources ---


def test_resource_rules_are_listed_together_with_the_level_on_the_project(world: AccessWorld) -> None:
    first = body_of(put(world.ada, "resource_access_controls", "viewer", resource="person"))
    second = body_of(put(world.ada, "resource_access_controls", "none", resource="insight", role=world.role()))
    world.rule(f"insights/{world.i1}/access_controls", "none")
    world.rule("access_controls", "member")
    assert first["resource_id"] is None
    found = body_of(world.mel.call("GET", "resource_access_controls"))
    assert found == {
        "access_controls": [first, second],
        "available_access_levels": LEVELS,
        "default_access_level": "editor",
        "minimum_access_level": "none",
        "maximum_access_level": "manager",
        "user_access_level": "member",
        "user_can_edit_access_levels": False,
    }


def test_only_who_may_modify_the_project_sets_resource_rules(world: AccessWorld) -> None:
    response = put(world.mel, "resource_access_controls", "viewer", resource="insight")
    refused(response, "Must be an Organization admin to modify project-wide permissions.")
    response = world.ada.call("PUT", "resource_access_controls", {"access_level": "viewer"})
    assert_error(response, 400, "required", "This field is required.", "resource")
    response = put(world.ada, "resource_access_controls", "viewer", resource="dashboard")
    detail = "Invalid resource. Must be one of: ('action', 'activity_log', 'cohort', 'insight', 'person')"
    assert_error(response, 400, "invalid_input", detail, "resource")


def test_a_resource_rule_closes_a_route_and_a_level_too_low_is_named(world: AccessWorld) -> None:
    world.rule("resource_access_controls", "none", resource="person")
    refused(world.mel.call("GET", "persons"), "You do not have viewer access to this resource.")
    world.rule("resource_access_controls", "none", resource="insight", organization_member=world.mel.member_id)
    refused(world.mel.call("GET", "insights/trend"), "You do not have viewer access to this resource.")
    assert world.nia.call("GET", "insights/trend?events=[]").status_code != 403
    assert world.ada.call("GET", "persons").status_code == 200


# --- objects ---


def test_an_unknown_insight_is_404(world: AccessWorld) -> None:
    for path in ("access_controls", "users_with_access"):
        assert_error(world.ada.call("GET", f"insights/999999/{path}"), 404, "not_found", "Not found.")
    assert_error(put(world.ada, "insights/999999/access_controls", "none"), 404, "not_found", "Not found.")
    elsewhere = f"/api/projects/{world.p2.id}/insights/{world.i1}/access_controls"
    assert_error(world.ada.call("GET", elsewhere), 404, "not_found", "Not found.")


def test_the_rules_of_an_object_are_for_those_who_may_see_it(world: AccessWorld) -> None:
    path = f"insights/{world.i2}"
    world.rule(f"{path}/access_controls", "none")
    world.rule(f"{path}/access_controls", "viewer", organization_member=world.xia.member_id)
    for route in ("access_controls", "users_with_access"):
        refused(world.mel.call("GET", f"{path}/{route}"), "You do not have viewer access to this resource.")
        assert world.xia.call("GET", f"{path}/{route}").status_code == 200
    refused(put(world.xia, f"{path}/access_controls", "editor"), "You do not have editor access to this resource.")


def test_those_with_access_are_listed_from_the_highest_level_down(world: AccessWorld) -> None:
    path = f"insights/{world.i1}"
    world.rule(f"{path}/access_controls", "none")
    world.rule(f"{path}/access_controls", "viewer", organization_member=world.nia.member_id)
    world.rule(f"{path}/access_controls", "editor", role=world.role(world.xia))
    gone = world.somebody("gone")
    world.rule(f"{path}/access_controls", "editor", organization_member=gone.member_id)
    world.services.accounts.deactivate_user(gone.user.email)
    found = body_of(world.nia.call("GET", f"{path}/users_with_access"))
    own = {str(who.user.uuid): who for who in (world.ada, world.mel, world.nia, world.xia, gone)}
    rows = [row for row in found["users"] if row["user_id"] in own]
    assert found["total_count"] == len(found["users"])
    assert [(row["access_level"], row["access_source"]) for row in rows[2:]] == [
        ("editor", "explicit_role"),
        ("viewer", "explicit_member"),
    ]
    assert {(own[row["user_id"]].user.id, row["access_source"]) for row in rows[:2]} == {
        (world.ada.user.id, "organization_admin"),
        (world.mel.user.id, "creator"),
    }
    assert rows[-1] == {
        "user_id": str(world.nia.user.uuid),
        "access_level": "viewer",
        "access_source": "explicit_member",
        "organization_membership_id": world.nia.member_id,
        "organization_membership_level": "member",
    }


def test_every_change_of_a_rule_is_recorded_and_nothing_else(world: AccessWorld) -> None:
    path = f"insights/{world.i1}/access_controls"
    for level in ("viewer", "viewer", "none", None, None):
        put(world.mel, path, level)
    put(world.nia, path, "nonsense")
    recorded = world.entries(scope="AccessControl")
    assert [entry["activity"] for entry in recorded] == ["created", "updated", "deleted"]
    assert {entry["item_id"] for entry in recorded} == {f"insight:{world.i1}"}
    assert {entry["user"]["email"] for entry in recorded} == {world.mel.user.email}


def test_a_body_that_is_no_object_is_refused(world: AccessWorld) -> None:
    assert_error(world.ada.call("PUT", "access_controls", [1]), 400, "invalid_input")
