"""GET /api/users/@me, /api/organizations/@current/members, /api/personal_api_keys/@current."""

from __future__ import annotations

from typing import Any

import pytest
from hedgerow.domain.accounts import MemberLevel
from hedgerow.domain.errors import InvalidInput
from hedgerow.entrypoints.bootstrap import Services

from tests.e2e.access_world import AccessWorld
from tests.e2e.conftest import assert_error

USER_BASIC = (
    "id uuid distinct_id first_name last_name email is_email_verified hedgehog_config role_at_organization"
).split()


@pytest.fixture
def world(services: Services) -> AccessWorld:
    return AccessWorld(services)


def test_me_is_the_user_of_the_key(world: AccessWorld) -> None:
    me: Any = world.mel.call("GET", "/api/users/@me", scopes=("user:read",)).json
    user = world.mel.user
    assert (me["id"], me["uuid"], me["email"]) == (user.id, str(user.uuid), user.email)
    assert {*USER_BASIC} <= set(me)
    assert (me["is_staff"], me["has_password"]) == (False, False)
    projects: Any = world.mel.call("GET", "/api/projects?limit=1000").json
    assert me["organization"]["teams"] == projects["results"]
    assert me["team"] == projects["results"][0]
    assert set(me["organization"]) == {"id", "name", "slug", "membership_level", "teams"}
    assert me["organization"]["membership_level"] == 1
    assert me["team"]["organization"] == me["organization"]["id"]
    (organization,) = me["organizations"]
    assert organization == {
        "id": me["organization"]["id"],
        "name": me["organization"]["name"],
        "slug": me["organization"]["slug"],
        "logo_media_id": None,
        "membership_level": 1,
        "members_can_use_personal_api_keys": True,
        "is_active": True,
        "is_not_active_reason": None,
        "is_pending_deletion": False,
    }


def test_111_no_other_user_can_be_read_and_none_made(world: AccessWorld) -> None:
    for user in (world.nia.user.uuid, world.mel.user.uuid, world.nia.user.id):
        response = world.mel.call("GET", f"/api/users/{user}")
        detail = "As a non-staff user you're only allowed to access the `@me` user instance."
        assert_error(response, 403, "permission_denied", detail)
    response = world.ada.call("POST", "/api/users", {})
    assert_error(response, 405, "method_not_allowed", 'Method "POST" not allowed.')


def test_members_are_the_active_users_with_what_rules_call_them(world: AccessWorld) -> None:
    gone = world.somebody("gone")
    world.services.accounts.deactivate_user(gone.user.email)
    path = "/api/organizations/@current/members?limit=1000"
    answer: Any = world.mel.call("GET", path, scopes=("organization_member:read",)).json
    assert list(answer) == ["count", "next", "previous", "results"]
    assert answer["count"] == len(answer["results"])
    rows = {row["id"]: row for row in answer["results"]}
    assert gone.member_id not in rows
    assert rows[world.ada.member_id]["level"] == 15
    row = rows[world.mel.member_id]
    assert list(row) == ["id", "user", "level", "joined_at", "updated_at"]
    assert list(row["user"]) == USER_BASIC
    assert (row["user"]["email"], row["level"]) == (world.mel.user.email, 1)
    assert_error(world.mel.call("GET", "/api/organizations/0190/members"), 404, "not_found")


def test_45_a_key_is_told_about_itself_and_nothing_more(world: AccessWorld) -> None:
    key = world.mel.key("insight:read", projects=(world.p.id,))
    headers = {"Authorization": f"Bearer {key}"}
    first: Any = world.client.get("/api/personal_api_keys/@current", headers=headers).json
    found: Any = world.client.get("/api/personal_api_keys/@current", headers=headers).json
    assert first == found
    assert list(found) == [
        *("id", "label", "created_at", "last_used_at", "last_rolled_at", "user_id"),
        *("scopes", "scoped_teams", "value", "mask_value"),
    ]
    assert found["user_id"] == world.mel.user.id
    assert (found["scopes"], found["scoped_teams"]) == (["insight:read"], [world.p.id])
    assert (found["label"], found["value"]) == ("Personal API key", None)
    assert found["mask_value"] == f"phx_...{key[-4:]}"
    assert len(found["created_at"]) == len("2026-01-01T00:00:00.000000Z")
    for method in ("POST", "PATCH", "DELETE"):
        response = world.client.open("/api/personal_api_keys/@current", method=method, headers=headers)
        assert_error(response, 405, "method_not_allowed", f'Method "{method}" not allowed.')
    assert_error(world.client.get("/api/personal_api_keys", headers=headers), 404, "not_found", "Not found.")


def test_11_the_keys_of_a_deactivated_user_open_nothing(world: AccessWorld) -> None:
    assert world.mel.call("GET", "persons").status_code == 200
    world.services.accounts.deactivate_user(world.mel.user.email)
    assert_error(world.mel.call("GET", "persons"), 401, "authentication_failed")


def test_a_key_is_made_for_projects_that_its_user_may_enter_and_both_ends_are_recorded(world: AccessWorld) -> None:
    world.xia.key("*", projects=(world.q.id,))
    with pytest.raises(InvalidInput, match="You must be a member of all teams that you are scoping the key to"):
        world.mel.key("*", projects=(world.q.id,))
    (key,) = world.services.accounts.keys(world.xia.user.email)
    world.services.accounts.revoke_key(key.id)
    recorded = world.entries(scope="PersonalAPIKey", item_id=key.id)
    assert [entry["activity"] for entry in recorded] == ["created", "revoked"]
    assert key.secure_value not in str(recorded)


def test_another_level_counts_at_once(world: AccessWorld) -> None:
    world.rule("access_controls", "none", organization_member=world.mel.member_id)
    assert world.mel.call("GET", "persons").status_code == 403
    world.services.accounts.update_user(world.mel.user.email, level=MemberLevel.ADMIN)
    assert world.mel.call("GET", "persons").status_code == 200
