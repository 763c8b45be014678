"""Generated requests for every described operation: no server error, and no answer that is not as described."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from hedgerow.entrypoints.bootstrap import Services

from tests.e2e.fuzzing import furnished, fuzz

# Each with how many requests it is to make up at the least: more than 5,000 in both families. In parts, as those run
# side by side.
PARTS = {
    "persons(?!/\\{)": 320,
    "persons/\\{": 720,
    "insights|query": 1050,
    "actions|cohorts": 440,
    "activity_log|access_controls|resource_access_controls": 160,
}


@pytest.mark.parametrize("family", ["projects", "environments"])
@pytest.mark.parametrize("part", PARTS)
def test_every_answer_is_as_described(services: Services, client: FlaskClient, family: str, part: str) -> None:
    world = furnished(services, client.application)
    outcome = fuzz(world, f"^/api/{family}/\\{{project_id\\}}/({part})", max_examples=1, seed=1)
    assert outcome.failures == []
    assert outcome.requests.total() >= PARTS[part], outcome
    assert outcome.checks >= 3 * PARTS[part]


def test_every_answer_about_projects_users_and_keys_is_as_described(services: Services, client: FlaskClient) -> None:
    paths = "^/api/(projects|environments|users|organizations|personal_api_keys)[^{]*(\\{[a-z_]*\\})?$"
    outcome = fuzz(furnished(services, client.application), paths, max_examples=1, seed=1)
    assert outcome.failures == []
    assert outcome.requests.total() >= 100, outcome
