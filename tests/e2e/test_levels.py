"""What levels mean to those who use insights, actions, cohorts, persons and the audit log: lists, details, bodies."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hedgerow.domain.access import Resource
from hedgerow.entrypoints.bootstrap import Services

from tests.e2e.access_world import AccessWorld, Somebody
from tests.e2e.conftest import assert_error


@pytest.fixture
def world(services: Services) -> AccessWorld:
    return AccessWorld(services)


def listed(who: Somebody, kind: str = "insights", **query: str) -> dict[str, str] | None:
    """The ids that a list shows with the caller's levels; None when it is closed."""
    response = who.call("GET", kind, query_string={"limit": "1000", **query})
    if response.status_code == 403:
        assert_error(response, 403, "permission_denied", "You do not have viewer access to this resource.")
        return None
    body: Any = response.json
    assert body["count"] == len(body["results"])
    return {str(row["id"]): row["user_access_level"] for row in body["results"]}


def status(who: Somebody, method: str, path: str, body: Any = None) -> int:
    return who.call(method, path, body).status_code


# --- the numbers are those of the documented cases ---


def test_60_a_role_opens_what_the_default_closes_and_own_creations_stay(world: AccessWorld) -> None:
    roles = world.services.relational.roles
    role = roles.create(f"R of {world.p.id}")
    roles.add(role.name, world.mel.user.email)
    world.rule("resource_access_controls", "none", resource="insight")
    world.rule("resource_access_controls", "viewer", resource="insight", role=str(role.id))
    assert listed(world.mel) == {world.i1: "manager", world.i2: "viewer"}
    assert_error(
        world.mel.call("POST", "insights", {"name": "new"}),
        403,
        "permission_denied",
        "You do not have editor access to this resource.",
    )
    roles.remove(role.name, world.mel.user.email)
    assert listed(world.mel) == {world.i1: "manager"}
    assert status(world.mel, "GET", f"insights/{world.i2}") == 403


def test_61_a_rule_naming_the_member_comes_before_their_roles(world: AccessWorld) -> None:
    world.rule("resource_access_controls", "none", resource="insight")
    world.rule("resource_access_controls", "none", resource="insight", organization_member=world.mel.member_id)
    world.rule("resource_access_controls", "editor", resource="insight", role=world.role(world.mel))
    assert status(world.mel, "GET", f"insights/{world.i2}") == 403
    assert listed(world.mel) == {world.i1: "manager"}


def test_75_a_viewer_of_an_object_reads_it_and_may_still_make_others(world: AccessWorld) -> None:
    world.rule(f"insights/{world.i2}/access_controls", "viewer")
    assert status(world.mel, "GET", f"insights/{world.i2}") == 200
    for method in ("PATCH", "DELETE"):
        response = world.mel.call(method, f"insights/{world.i2}", {"name": "mine"})
        assert_error(response, 403, "permission_denied", "You do not have editor access to this resource.")
    assert status(world.mel, "POST", "insights", {"name": "new"}) == 201


def test_76_a_rule_naming_the_member_opens_an_object(world: AccessWorld) -> None:
    world.rule(f"insights/{world.i2}/access_controls", "none")
    world.rule(f"insights/{world.i2}/access_controls", "viewer", organization_member=world.mel.member_id)
    assert listed(world.mel) == {world.i1: "manager", world.i2: "viewer"}
    assert status(world.mel, "GET", f"insights/{world.i2}") == 200
    assert listed(world.xia) == {world.i1: "editor"}


# --- further ---


def test_a_list_shows_an_object_exactly_if_its_detail_is_open(world: AccessWorld) -> None:
    subjects: list[dict[str, str]] = [{}, {"organization_member": world.mel.member_id}]
    for whole, one, (subject, other) in product(("none", None), ("none", "viewer", None), product(subjects, subjects)):
        world.rule("resource_access_controls", whole, resource="insight", **subject)
        world.rule(f"insights/{world.i2}/access_controls", one, **other)
        shown = listed(world.mel) or {}
        for insight in (world.i1, world.i2):
            response = world.mel.call("GET", f"insights/{insight}")
            assert (response.status_code == 200) is (insight in shown)
            if insight in shown:
                assert response.json["user_access_level"] == shown[insight]  # type: ignore[index]
        world.rule("resource_access_controls", None, resource="insight", **subject)
        world.rule(f"insights/{world.i2}/access_controls", None, **other)


def test_a_closed_list_stays_closed_whatever_is_looked_for_and_an_open_one_may_be_empty(world: AccessWorld) -> None:
    world.rule("resource_access_controls", "none", resource="insight")
    assert listed(world.xia) is None
    assert listed(world.xia, search="of nia") is None
    assert listed(world.mel, search="of nia") == {}


def test_an_object_rule_affects_no_other_object(world: AccessWorld) -> None:
    world.rule(f"insights/{world.i1}/access_controls", "none")
    assert listed(world.xia) == {world.i2: "editor"}
    assert status(world.xia, "POST", "insights", {"name": "new"}) == 201


def test_rules_go_with_their_object_and_do_not_come_back(world: AccessWorld) -> None:
    other = world.mel.insight()
    for method, insight, body in (("DELETE", world.i2, None), ("PATCH", other, {"deleted": True})):
        path = f"insights/{insight}"
        world.rule(f"{path}/access_controls", "none")
        assert status(world.ada, method, path, body) < 300
        assert status(world.ada, "GET", f"{path}/access_controls") == 404
        assert status(world.ada, "PUT", f"{path}/access_controls", {"access_level": "none"}) == 404
        assert status(world.xia, "PATCH", path, {"deleted": False}) == 200
        assert listed(world.xia) is not None
        assert status(world.xia, "GET", path) == 200


def test_an_insight_is_found_by_its_short_id_under_the_same_rules(world: AccessWorld) -> None:
    insight: Any = world.nia.call("GET", f"insights/{world.i2}").json
    path = f"insights/{insight['short_id']}"
    world.rule(f"{path}/access_controls", "none")
    assert status(world.mel, "GET", path) == status(world.mel, "GET", f"insights/{world.i2}") == 403
    assert status(world.nia, "GET", path) == 200


def test_keeping_a_trend_needs_the_level_of_an_editor(world: AccessWorld) -> None:
    world.rule("resource_access_controls", "viewer", resource="insight")
    body = {"filters": {"events": [{"id": "e"}]}}
    assert status(world.mel, "POST", "insights/trend", body) == 200
    assert status(world.mel, "POST", "insights/trend", body | {"saved": True}) == 403
    assert world.mel.call("POST", "insights/trend", body | {"saved": True}, scopes=("insight:read",)).status_code == 403
    assert listed(world.xia) == {world.i1: "viewer", world.i2: "viewer"}
    kept: Any = world.ada.call("POST", "insights/trend", body | {"saved": True}).json
    assert kept["insight"]["user_access_level"] == "manager"


def test_people_behind_a_number_are_for_those_who_may_see_persons(world: AccessWorld) -> None:
    trend = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "e"}]}
    actors = {"kind": "ActorsQuery", "source": {"kind": "InsightActorsQuery", "source": trend}}
    assert status(world.mel, "POST", "query", {"query": actors}) == 200
    world.rule("resource_access_controls", "none", resource="person")
    assert status(world.mel, "POST", "query", {"query": actors}) == 403
    assert status(world.mel, "POST", "query", {"query": trend}) == 200


@pytest.mark.parametrize("kind", ["actions", "cohorts"])
def test_who_made_one_keeps_it_and_others_have_their_level(world: AccessWorld, kind: str) -> None:
    body = {"name": "hers", "groups": [{"properties": [{"key": "email", "operator": "is_set"}]}]}
    made: Any = world.mel.call("POST", kind, body).json
    path = f"{kind}/{made['id']}"
    assert made["user_access_level"] == "manager"
    world.rule("resource_access_controls", "viewer", resource=kind[:-1])
    assert listed(world.nia, kind) == {str(made["id"]): "viewer"}
    assert status(world.nia, "GET", path) == 200
    assert status(world.nia, "PATCH", path, {"name": "mine"}) == status(world.nia, "DELETE", path) == 403
    assert status(world.nia, "POST", kind, body) == 403
    assert listed(world.mel, kind) == {str(made["id"]): "manager"}
    assert status(world.mel, "PATCH", path, {"name": "still hers"}) == 200


def test_a_closed_list_of_cohorts_still_shows_own_ones(world: AccessWorld) -> None:
    body = {"name": "hers", "is_static": True}
    made: Any = world.mel.call("POST", "cohorts", body).json
    world.rule("resource_access_controls", "none", resource="cohort")
    assert listed(world.nia, "cohorts") is None
    assert listed(world.mel, "cohorts") == {str(made["id"]): "manager"}


def test_the_history_of_persons_is_closed_by_either_resource(world: AccessWorld) -> None:
    for resource in ("activity_log", "person"):
        world.rule("resource_access_controls", "none", resource=resource)
        assert status(world.mel, "GET", "persons/activity") == 403
        world.rule("resource_access_controls", None, resource=resource)
    assert status(world.mel, "GET", "persons/activity") == 200


def test_every_kind_of_change_is_in_the_audit_log_with_its_author(world: AccessWorld) -> None:
    world.mel.call("PATCH", f"insights/{world.i1}", {"name": "renamed"})
    world.rule("access_controls", "admin", organization_member=world.mel.member_id)
    world.mel.call("PATCH", f"/api/projects/{world.p.id}", {"name": "renamed too"})
    (renamed,) = world.entries(scope="Insight", activity="updated")
    assert renamed["detail"]["changes"][0] == {
        "type": "Insight",
        "action": "changed",
        "field": "name",
        "before": f"of {world.mel.user.email}",
        "after": "renamed",
    }
    assert [entry["item_id"] for entry in world.entries(scope="AccessControl")] == [f"project:{world.p.id}"]
    (changed,) = world.entries(scope="Project", activity="updated")
    assert changed["user"]["email"] == world.mel.user.email
    assert [entry["detail"]["changes"][0]["before"] for entry in (changed,)] == ["P"]


def test_an_explanation_is_what_the_api_does_and_names_the_rule(world: AccessWorld) -> None:
    explain = world.services.relational.access_rules.explain
    insight: Any = world.nia.call("GET", f"insights/{world.i2}").json
    world.rule("resource_access_controls", "none", resource="insight")
    world.rule(f"insights/{world.i2}/access_controls", "viewer", role=world.role(world.mel))
    for reference in (world.i2, insight["short_id"]):
        found = explain(world.mel.user.email, Resource.INSIGHT, reference, world.p.id).decision
        assert (found.level.text, found.source, found.source_subject) == ("viewer", "object", "role")
        assert found.rule is not None
        assert found.rule.resource_id == world.i2
    assert listed(world.mel) == {world.i1: "manager", world.i2: "viewer"}
    assert explain(world.nia.user.email, Resource.INSIGHT, world.i2, world.p.id).decision.source == "creator"
