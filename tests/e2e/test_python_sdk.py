"""The unmodified Python SDK, pointed at the server."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import posthog
import pytest

from tests.e2e.conftest import World
from tests.e2e.flaky import FlakyServer
from tests.e2e.live import LiveServer, set_up


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, Any], str]]:
    data = tmp_path_factory.mktemp("sdk")
    project, key = set_up(data)
    with LiveServer(data) as server:
        yield server, project, key


@pytest.mark.parametrize(("mode", "gzip"), [("v0", False), ("v0", True), ("v1", False), ("v1", True)], ids=str)
def test_what_the_sdk_sends_is_there_right_after_flush(
    live: tuple[LiveServer, dict[str, Any], str], mode: str, gzip: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server, project, key = live
    failures: list[Any] = []
    kind = f"{mode}-{gzip}"
    who = f"user-{kind}"
    client = posthog.Posthog(
        project["api_token"],
        host=server.url,
        gzip=gzip,
        capture_mode=mode,
        on_error=lambda *error: failures.append(error),
    )
    with caplog.at_level(logging.WARNING):
        for n in range(250):
            client.capture(
                f"ev-{kind}", distinct_id=who, properties={"n": n}, timestamp=datetime(2026, 1, 2, 3, tzinfo=UTC)
            )
        client.set(distinct_id=who, properties={"plan": "pro"})
        client.set_once(distinct_id=who, properties={"first": 1})
        client.capture(f"ev-{kind}", distinct_id=f"anon-{kind}", timestamp=datetime(2026, 1, 3, tzinfo=UTC))
        client.alias(previous_id=who, distinct_id=f"anon-{kind}")
        client.flush()

        _, persons = server.call("GET", f"/api/projects/{project['id']}/persons?distinct_id={who}", key=key)
        (person,) = persons["results"]
        assert (person["properties"]["plan"], person["properties"]["first"]) == ("pro", 1)
        assert sorted(person["distinct_ids"]) == [f"anon-{kind}", who]

        question = {
            "events": [{"id": f"ev-{kind}", "math": "total"}, {"id": f"ev-{kind}", "math": "dau"}],
            "date_from": "2026-01-02",
            "date_to": "2026-01-03",
        }
        _, trend = server.call("POST", f"/api/projects/{project['id']}/insights/trend", question, key)
        assert [row["data"] for row in trend["result"]] == [[250, 1], [1, 1]]
        client.shutdown()
    assert failures == []
    assert [record for record in caplog.records if record.name.startswith("posthog")] == []


def test_groups_and_flags_work_without_a_word(
    live: tuple[LiveServer, dict[str, Any], str], caplog: pytest.LogCaptureFixture
) -> None:
    server, project, key = live
    failures: list[Any] = []
    client = posthog.Posthog(
        project["api_token"],
        host=server.url,
        secret_key=key,
        poll_interval=3_600,
        on_error=lambda *error: failures.append(error),
    )
    with caplog.at_level(logging.WARNING):
        client.group_identify("company", "acme", {"name": "Acme"}, distinct_id="groupie")
        client.capture("grouped", distinct_id="groupie", groups={"company": "acme"})
        client.load_feature_flags()  # type: ignore[no-untyped-call]
        flags = client.evaluate_flags("groupie")
        assert not flags.is_enabled("nope")
        client.capture_exception(ValueError("boom"), distinct_id="groupie")
        client.flush()
        client.shutdown()
    question = {
        "events": [{"id": "grouped"}, {"id": "$exception"}, {"id": "$feature_flag_called"}],
        "properties": [{"key": "$group_0", "value": "acme", "type": "event_metadata"}],
        "date_from": "-1d",
    }
    _, trend = server.call("POST", f"/api/projects/{project['id']}/insights/trend", question, key)
    assert [row["count"] for row in trend["result"]] == [1, 0, 0]
    _, trend = server.call("POST", f"/api/projects/{project['id']}/insights/trend", question | {"properties": []}, key)
    assert [row["count"] for row in trend["result"]] == [1, 1, 1]
    assert failures == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_after_a_503_the_sdk_delivers_each_event_exactly_once__case_105(world: World, mode: str) -> None:
    failures: list[Any] = []
    with FlakyServer(world.services) as server:
        client = posthog.Posthog(
            world.token, host=server.url, capture_mode=mode, on_error=lambda *error: failures.append(error)
        )
        for n in range(3):
            client.capture("e", distinct_id="u1", properties={"n": n})
        client.flush()
        client.shutdown()
    assert server.statuses == [503, 200]
    assert failures == []
    assert world.count() == 3
