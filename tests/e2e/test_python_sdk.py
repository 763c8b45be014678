"""The unmodified Python SDK, pointed at the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import posthog
import pytest

from tests.e2e.live import LiveServer, set_up


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, Any], str]]:
    data = tmp_path_factory.mktemp("sdk")
    project, key = set_up(data)
    with LiveServer(data) as server:
        yield server, project, key


@pytest.mark.parametrize("gzip", [False, True])
def test_what_the_sdk_sends_is_there_right_after_flush(
    live: tuple[LiveServer, dict[str, Any], str], gzip: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server, project, key = live
    failures: list[Any] = []
    who = f"user-{gzip}"
    client = posthog.Posthog(
        project["api_token"], host=server.url, gzip=gzip, on_error=lambda *error: failures.append(error)
    )
    with caplog.at_level(logging.WARNING):
        for n in range(250):
            client.capture(
                f"ev-{gzip}", distinct_id=who, properties={"n": n}, timestamp=datetime(2026, 1, 2, 3, tzinfo=UTC)
            )
        client.set(distinct_id=who, properties={"plan": "pro"})
        client.set_once(distinct_id=who, properties={"first": 1})
        client.capture(f"ev-{gzip}", distinct_id=f"anon-{gzip}", timestamp=datetime(2026, 1, 3, tzinfo=UTC))
        client.alias(previous_id=who, distinct_id=f"anon-{gzip}")
        client.flush()

        _, persons = server.call("GET", f"/api/projects/{project['id']}/persons?distinct_id={who}", key=key)
        (person,) = persons["results"]
        assert (person["properties"]["plan"], person["properties"]["first"]) == ("pro", 1)
        assert sorted(person["distinct_ids"]) == [f"anon-{gzip}", who]

        question = {
            "events": [{"id": f"ev-{gzip}", "math": "total"}, {"id": f"ev-{gzip}", "math": "dau"}],
            "date_from": "2026-01-02",
            "date_to": "2026-01-03",
        }
        _, trend = server.call("POST", f"/api/projects/{project['id']}/insights/trend", question, key)
        assert [row["data"] for row in trend["result"]] == [[250, 1], [1, 1]]
        client.shutdown()
    assert failures == []
    assert [record for record in caplog.records if record.name.startswith("posthog")] == []
