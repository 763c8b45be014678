"""The product under measurement: its data folder, its server process, its API."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

from hedgerow.adapters.occurrences import TemporaryOccurrenceCounter
from hedgerow.entrypoints.bootstrap import opened
from hedgerow.entrypoints.settings import Settings
from hedgerow.services.imports import ImportReport, Row

from .generator import history

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Access:
    """The benchmark's project in a data folder: id, token, personal API key, events loaded, seconds it took."""

    project: int
    token: str
    key: str
    events: int
    seconds: float


def load(folder: Path, events: int) -> Access:
    """Make a project with that many events through the product's own import; finds what an earlier run left."""
    note = folder / "bench.json"
    if note.exists():
        return Access(**json.loads(note.read_text()))
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
    began = time.perf_counter()

    def tell(report: ImportReport) -> None:
        rate = report.imported / (time.perf_counter() - began)
        print(f"\rloading {report.imported:,} of {events:,} events, {rate:,.0f}/s ", end="", file=sys.stderr)

    with opened(Settings(data_dir=folder)) as services, TemporaryOccurrenceCounter() as occurrences:
        project = services.accounts.create_project("Benchmark")
        services.accounts.create_user("bench@example.com")
        _, key = services.accounts.create_key("bench@example.com", scopes=["insight:read", "query:read"])
        rows = (Row(number, wire) for number, wire in enumerate(history(events), start=1))
        report = services.imports.run(project, rows, occurrences, tell)
    print(file=sys.stderr)
    if report.imported != events:
        raise SystemExit(f"Only {report.imported} of {events} events were imported: {dict(report.reasons)}")
    access = Access(project.id, project.api_token, key, events, time.perf_counter() - began)
    note.write_text(json.dumps(asdict(access)))
    return access


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
        """The most megabytes that the server's processes had resident, each at its own peak; None without /proc."""
        if not Path("/proc/self/status").exists():
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
        self._connection.request("POST", self._path, json.dumps({"query": query}), self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"The trend was refused: {body.decode()}")
        series: list[dict[str, Any]] = json.loads(body)["result"]
        return series


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
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
