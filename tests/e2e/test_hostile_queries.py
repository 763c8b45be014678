"""Queries that would cost too much are refused, and the refusal names the limit."""

from __future__ import annotations

import pytest
from bench.hostile import HOSTILE, Hostile, query_of

from tests.e2e.conftest import World, assert_error


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_it_is_refused_and_told_why(world: World, hostile: Hostile) -> None:
    for path in ("query", "insights/trend"):
        response = world.call("POST", path, json={"query": query_of(hostile)})
        assert response.json is not None
        assert_error(response, 400, response.json["code"], hostile.detail, response.json["attr"])
