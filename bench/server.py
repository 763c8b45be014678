"""The product under measurement: its server process, its API."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

from .dataset import Access

_PATIENCE = 60.0


class Server:
    """`hedgerow serve` over a data folder, from entering the context to leaving it.

    `seconds_to_start`: from starting the process to its first answer of readiness.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.seconds_to_start = 0.0

    def __enter__(self) -> Self:
        command = shutil.which("hedgerow", path=str(Path(sys.executable).parent))
        if command is None:
            raise SystemExit("The command `hedgerow` is not installed: run `make install`.")
        settings = {"HEDGEROW_DATA_DIR": str(self._folder), "HEDGEROW_RATE_LIMITS": "off"}
        began = time.perf_counter()
        self._process = subprocess.Popen([command, "serve", "--port", str(self.port)], env=os.environ | settings)
        while not self._is_ready():
            if self._process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                self._process.kill()
                raise SystemExit("The server did not start.")
            time.sleep(0.01)
        self.seconds_to_start = time.perf_counter() - began
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_PATIENCE)

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def peak_memory(self) -> float | None:
        """The most megabytes that the server's processes had resident, each at its own peak; None without /proc.

        What processes share is counted once.
        """
        if not Path("/proc/self/smaps_rollup").exists():
            return None
        return sum(_peak(pid) for pid in _family(self._process.pid)) / 1024


class TrendClient:
    """One kept connection that asks for trends, never for cached ones."""

    def __init__(self, server: Server, access: Access) -> None:
        self._connection = HTTPConnection("127.0.0.1", server.port, timeout=600)
        self._path = f"/api/projects/{access.project}/insights/trend/?refresh=true"
        self._headers = {"Authorization": f"Bearer {access.key}", "Content-Type": "application/json"}

    def trend(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """The series of a TrendsQuery's answer."""
        status, body = self.ask(query)
        if status != 200:
            raise SystemExit(f"The trend was refused: {body}")
        series: list[dict[str, Any]] = body["result"]
        return series

    def ask(self, query: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body of a TrendsQuery's answer."""
        self._connection.request("POST", self._path, json.dumps({"query": query}), self._headers)
        response = self._connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
        return response.status, body


def _family(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    family = [pid]
    for one in family:
        family.extend(child for child, parent in parents.items() if parent == one)
    return family


def _peak(pid: int) -> int:
    """The kilobytes that it has now, its part of what is shared; and what it had more at its peak."""
    more = _size(pid, "status", "VmHWM:") - _size(pid, "smaps_rollup", "Rss:")
    return _size(pid, "smaps_rollup", "Pss:") + max(0, more)


def _size(pid: int, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
