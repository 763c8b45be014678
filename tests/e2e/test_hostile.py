"""What strangers may send the running server without harming others."""

from __future__ import annotations

import json
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.live import LiveServer, set_up

MEGABYTE = 1024 * 1024


class Live:
    """A server with few threads, its project, and raw connections to it."""

    def __init__(self, data: Path) -> None:
        self.project, self.key = set_up(data)
        self.server = LiveServer(data, "--threads", "4")
        self.batch = self.a_batch(1)
        self.connections: list[Connection] = []

    def a_batch(self, events: int, **properties: Any) -> bytes:
        event = {"event": "e", "distinct_id": "u", "properties": properties}
        return json.dumps({"api_key": self.project["api_token"], "batch": [event] * events}).encode()

    def connect(self) -> Connection:
        self.connections.append(Connection(self.server.port))
        return self.connections[-1]

    def capture(self) -> int:
        """The status of an honest request, sent now."""
        connection = self.connect()
        connection.send("/batch/", self.batch)
        return connection.answer()[0]


class Connection:
    """One connection, on which requests may stop midway."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.settimeout(60)
        self._file = self._socket.makefile("rb")

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, path: str, body: bytes, *, length: int | None = None, headers: str = "") -> None:
        """POST a body that may be shorter than it claims to be."""
        claimed = len(body) if length is None else length
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {claimed}\r\n"
        self.send_raw((head + headers + "\r\n").encode() + body)

    def close_sending_side(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._file.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def is_closed(self) -> bool:
        return self._file.read(1) == b""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    live = Live(tmp_path_factory.mktemp("hostile"))
    with live.server:
        yield live


@pytest.fixture(autouse=True)
def _hang_up(live: Live) -> Iterator[None]:
    yield
    while live.connections:
        live.connections.pop().close()


def test_slow_bodies_hold_up_nobody_and_are_answered_408(live: Live) -> None:
    """A hundred unfinished requests against four threads."""
    began = time.monotonic()
    slow = [live.connect() for _ in range(100)]
    for connection in slow:
        connection.send("/e/", b'{"event"', length=1_000, headers="Origin: https://a.b\r\n")
    for _ in range(5):
        assert live.capture() == 200
    assert time.monotonic() - began < 8, "honest requests waited for slow ones"
    for connection in slow:
        status, headers, body = connection.answer()
        assert (status, body) == (408, b"client stopped sending data")
        assert headers["access-control-allow-origin"] == "https://a.b"
        assert connection.is_closed()
    assert time.monotonic() - began < 30


def test_a_body_that_ends_early_is_answered_408(live: Live) -> None:
    for path in ("/batch/", f"/api/projects/1/insights/trend?personal_api_key={live.key}"):
        connection = live.connect()
        connection.send(path, live.batch[:-5], length=len(live.batch))
        connection.close_sending_side()
        assert connection.answer()[0] == 408


@pytest.mark.parametrize("path", ["/batch/", "/i/v1/logs", "/api/projects/1/insights/trend"])
def test_a_connection_stays_usable_after_a_body_too_large(live: Live, path: str) -> None:
    connection = live.connect()
    connection.send(path, b"x" * (21 * MEGABYTE), headers=f"Authorization: Bearer {live.key}\r\n")
    assert connection.answer()[0] == 413
    connection.send("/batch/", live.batch)
    assert connection.answer()[0] == 200


def test_decompression_bombs_are_refused_and_cost_no_memory(live: Live) -> None:
    compressor = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(compressor.compress(b" " * MEGABYTE) for _ in range(400)) + compressor.flush()
    before = live.server.peak_memory()
    for _ in range(3):
        connection = live.connect()
        connection.send("/batch/", bomb)
        assert connection.answer()[0] == 413
    assert live.server.peak_memory() - before < 200 * MEGABYTE


def test_deep_json_is_refused_on_public_and_private_routes(live: Live) -> None:
    for depth in (200, 1_000, 1_000_000):
        deep = b'{"a":' * depth + b"1" + b"}" * depth
        connection = live.connect()
        connection.send("/batch/", deep)
        assert connection.answer()[0] == 400
        connection.send("/api/projects/1/insights/trend", deep, headers=f"Authorization: Bearer {live.key}\r\n")
        status, _, body = connection.answer()
        assert (status, json.loads(body)["code"]) == (400, "parse_error")
    assert live.capture() == 200


def test_a_chunked_body_is_read_to_its_end(live: Live) -> None:
    connection = live.connect()
    head = b"POST /batch/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    pieces = [live.batch[:20], live.batch[20:]]
    connection.send_raw(head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    assert connection.answer()[0] == 200


@pytest.mark.parametrize("path", ["/%ff", "/%00", "/e/%2e%2e", "/persons/%E2%82%AC", "//e//", "/\u00e9"])
def test_odd_paths_are_answered(live: Live, path: str) -> None:
    connection = live.connect()
    connection.send(path, live.batch)
    assert connection.answer()[0] in (400, 404)
