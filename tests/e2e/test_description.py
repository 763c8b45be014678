"""GET /api/openapi.json: it is valid, and it is the application's own map of private routes."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hedgerow.entrypoints.description import path_of
from openapi_spec_validator import validate

from tests.e2e.test_gate import PRIVATE, the_app


@pytest.fixture(scope="module")
def description(client: FlaskClient) -> Any:
    return client.get("/api/openapi.json").json


def test_it_is_valid_openapi_3_1(description: Any) -> None:
    assert description["openapi"].startswith("3.1")
    validate(description)


def test_it_has_exactly_the_private_routes(description: Any) -> None:
    mapped = {
        (path_of(rule), method.lower())
        for rule in the_app().url_map.iter_rules()
        if PRIVATE.match(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, item in description["paths"].items() for method in set(item) - {"parameters"}}
    assert described == mapped


def operations(description: Any) -> list[tuple[str, Any]]:
    return [
        (f"{method} {path}", item[method])
        for path, item in description["paths"].items()
        for method in set(item) - {"parameters"}
    ]


def test_every_operation_says_who_may_call_it_what_it_answers_and_how_it_refuses(description: Any) -> None:
    names = [operation["operationId"] for _, operation in operations(description)]
    assert len(set(names)) == len(names)
    for name, operation in operations(description):
        assert operation["summary"], name
        assert set(operation["responses"]) > {"400", "401", "403", "404", "429", "503"}, name
        assert operation["x-required-scopes"] or name == "get /api/personal_api_keys/@current"
        for status, response in operation["responses"].items():
            without_body = status == "204" or (status == "202" and not name.endswith("bulk_delete"))
            assert "content" in response or "$ref" in response or without_body, (name, status)


def test_throttled_answers_have_their_header(description: Any) -> None:
    assert set(description["components"]["responses"]["Refusal429"]["headers"]) > {"Retry-After"}
    (trend,) = (one for name, one in operations(description) if name == "get /api/projects/{project_id}/insights/trend")
    assert set(trend["responses"]["200"]["headers"]) == {
        f"RateLimit-{name}" for name in ("Limit", "Remaining", "Reset")
    }
