"""How the running server ends when it is told to."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.live import LiveServer, set_up
from tests.e2e.test_hostile import Connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_bodies_that_stall_do_not_keep_it_from_ending_and_a_last_body_is_stored(
    tmp_path: Path, number: signal.Signals
) -> None:
    project, key = set_up(tmp_path)
    body = b'{"api_key": "%s", "event": "last", "distinct_id": "u"}' % project["api_token"].encode()
    with LiveServer(tmp_path) as server:
        stalled = [Connection(server.port) for _ in range(20)]
        for connection in stalled:
            connection.send("/e/", b'{"event"', length=1_000)
        late = Connection(server.port)
        late.send("/e/", body[:20], length=len(body))
        assert server.call("GET", "/healthz")[0] == 200
        began = time.monotonic()
        ending = Thread(target=server.stop, args=(number,))
        ending.start()
        late.send_raw(body[20:])
        assert late.answer()[0] == 200
        ending.join()
        assert time.monotonic() - began < 8, "it waited for bodies as long as at other times"
        assert server.process.returncode == 0
        for connection in stalled:
            assert connection.answer()[0] == 408
            connection.close()
        late.close()
    with LiveServer(tmp_path) as server:
        assert server.call("GET", f"/api/projects/{project['id']}/persons?distinct_id=u", key=key)[1]["count"] == 1
