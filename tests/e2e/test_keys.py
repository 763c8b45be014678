"""Who gets in: keys, their scopes and projects, and the one shape of refusals."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hedgerow.adapters.relational.tables import Row
from hedgerow.domain.accounts import hash_key
from hedgerow.services.persons import PersonService
from sqlalchemy import select
from structlog.testing import capture_logs

from tests.e2e.conftest import World, assert_error


def test_no_key_is_401(world: World) -> None:
    response = world.client.get(f"/api/projects/{world.project.id}/persons")
    assert_error(response, 401, "not_authenticated", "Authentication credentials were not provided.")


@pytest.mark.parametrize("key", ["phx_wrong", "phc_project", "x" * 10_000])
def test_a_wrong_key_is_401(world: World, key: str) -> None:
    response = world.call("GET", "persons", key=key)
    assert_error(
        response, 401, "authentication_failed", "Personal API key found in request Authorization header is invalid."
    )


def test_5_6_a_key_may_travel_in_query_or_body(world: World) -> None:
    key, path = world.new_key("person:read"), f"/api/projects/{world.project.id}/persons"
    assert world.client.get(f"{path}?personal_api_key={key}").status_code == 200
    answer = world.client.post(f"{path}/batch_by_uuids", json={"personal_api_key": key, "uuids": []})
    assert (answer.status_code, answer.json) == (200, {"results": {}})


def test_15_16_25_persons_need_their_scope_and_their_cohorts_another(world: World) -> None:
    assert world.call("GET", "persons", key=world.new_key("person:read")).status_code == 200
    assert world.call("GET", "persons", key=world.new_key("person:write")).status_code == 200
    answer = world.call("GET", "persons/cohorts?person_id=1", key=world.new_key("person:read"))
    assert_error(answer, 403, "permission_denied", "API key missing required scope 'cohort:read'")


def test_a_key_may_travel_in_header_body_or_query(world: World) -> None:
    path = f"/api/projects/{world.project.id}"
    assert world.client.get(f"{path}/persons?personal_api_key={world.key}").status_code == 200
    body = {"personal_api_key": world.key, "events": [{"id": "e"}]}
    assert world.client.post(f"{path}/insights/trend", json=body).status_code == 200
    wrong = {"Authorization": "Bearer phx_wrong"}
    assert world.client.get(f"{path}/persons?personal_api_key={world.key}", headers=wrong).status_code == 401


def test_links_never_carry_the_key(world: World) -> None:
    world.capture({"event": "e", "distinct_id": "a"}, {"event": "e", "distinct_id": "b"})
    path = f"/api/projects/{world.project.id}/persons?limit=1&personal_api_key={world.key}"
    answer = world.client.get(path).json
    assert answer is not None
    assert answer["next"]
    assert world.key not in answer["next"]


def test_of_a_key_only_its_hash_is_stored(world: World) -> None:
    with world.services.relational.engine.connect() as connection:
        rows = [str(row) for table in Row.metadata.sorted_tables for row in connection.execute(select(table))]
    assert not [row for row in rows if world.key in row or world.key[10:-10] in row]
    assert [row for row in rows if hash_key(world.key) in row]


@pytest.mark.parametrize("broken", [False, True])
def test_no_error_and_no_log_shows_the_key(
    world: World, broken: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if broken:
        monkeypatch.setattr(PersonService, "list", lambda *_, **__: 1 / 0)
    path = f"/api/projects/{world.project.id}/persons"
    body = {"personal_api_key": world.key}
    with caplog.at_level("DEBUG"), capture_logs() as logs:
        answers = [
            world.client.get(f"{path}?personal_api_key={world.key}&limit={'1' if broken else 'x'}"),
            world.client.get(f"{path}?personal_api_key={world.key}x"),
            world.client.post(f"/api/projects/{world.project.id}/query", json=body),
            world.call("GET", f"{path}?limit=1" if broken else "persons/0"),
            world.call("GET", "nothing"),
        ]
    assert [answer.status_code for answer in answers] == [500 if broken else 400, 401, 400, 500 if broken else 404, 404]
    assert not [answer for answer in answers if world.key in answer.text]
    assert bool(logs) is broken
    assert world.key not in str(logs) + caplog.text


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_logged_traceback_shows_what_was_in_the_variables(form: str) -> None:
    program = f"""
import structlog
from hedgerow.entrypoints.logs import configure
from hedgerow.entrypoints.settings import Settings

configure(Settings(log_format="{form}"))
try:
    body = {{"personal_api_key": "phx_" + "a" * 45}}
    body["b"]
except KeyError:
    structlog.get_logger().exception("unhandled error")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "KeyError" in done.stderr
    assert "aaaa" not in done.stderr


def test_a_missing_scope_is_named_and_write_implies_read(world: World) -> None:
    assert world.call("GET", "persons", key=world.new_key("person:write")).status_code == 200
    response = world.call("GET", "persons", key=world.new_key("insight:read"))
    assert_error(response, 403, "permission_denied", "API key missing required scope 'person:read'")
    response = world.call("GET", "insights/trend", key=world.new_key("person:read"))
    assert_error(response, 403, "permission_denied", "API key missing required scope 'insight:read'")


def test_a_key_limited_to_projects_enters_no_other(world: World) -> None:
    other = world.services.accounts.create_project("Other")
    key = world.new_key("*", projects=(world.project.id,))
    assert world.call("GET", "persons", key=key).status_code == 200
    assert world.call("GET", "/api/projects/@current/persons", key=key).status_code == 200
    response = world.call("GET", f"/api/projects/{other.id}/persons", key=key)
    detail = f"API key does not have access to the requested project: ID {other.id}."
    assert_error(response, 403, "permission_denied", detail)


@pytest.mark.parametrize("reference", ["abc", "999999", "9" * 30])
def test_an_unknown_project_is_404(world: World, reference: str) -> None:
    assert_error(world.call("GET", f"/api/projects/{reference}/persons"), 404, "not_found", "Project not found.")


def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    world.services.accounts.revoke_key(world.services.accounts.keys(world.email)[0].id)
    assert world.call("GET", "persons").status_code == 401


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/projects/1/nothing", "/api/projects/1/persons/1/x"])
def test_unknown_urls_have_the_same_envelope(world: World, path: str) -> None:
    assert_error(world.call("GET", path), 404, "not_found", "Not found.")


def test_a_wrong_method_has_the_same_envelope(world: World) -> None:
    assert_error(world.call("PUT", "insights/trend"), 405, "method_not_allowed", 'Method "PUT" not allowed.')


def test_110_a_body_that_is_no_json_is_a_parse_error(world: World) -> None:
    response = world.call("POST", "insights/trend", data=b"{", content_type="application/json")
    assert_error(response, 400, "parse_error")
    response = world.call("POST", "insights/trend", data={"a": "b"})
    assert_error(
        response,
        415,
        "unsupported_media_type",
        'Unsupported media type "application/x-www-form-urlencoded" in request.',
    )
