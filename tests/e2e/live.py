"""The real server as a user starts it: a process of its own, on a data folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from click.testing import CliRunner, Result
from hedgerow.entrypoints.cli import hedgerow

from .stores import variables

HEDGEROW = (sys.executable, "-c", "from hedgerow.entrypoints.cli import main; main()")


def environment(data: Path) -> dict[str, str]:
    """The variables of a Hedgerow on this folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
    return inherited | variables(data) | {"NO_COLOR": "1"}


def run(data: Path, *arguments: str) -> Result:
    """Run a command to its end, in this process."""
    return CliRunner().invoke(hedgerow, arguments, env=variables(data))


def run_process(data: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as a process of its own."""
    return subprocess.run(
        [*HEDGEROW, *arguments],
        env=environment(data) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def run_json(data: Path, *arguments: str) -> Any:
    """The JSON that a command which must succeed prints."""
    done = run(data, *arguments, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    return json.loads(done.stdout)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class LiveServer:
    """A context manager around `hedgerow serve`."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def start(self) -> None:
        """Start and wait for the first answer."""
        self.process = subprocess.Popen(
            [*HEDGEROW, "serve", "--port", str(self.port), *self._options],
            env=environment(self.data),
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.call("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                assert self.process.poll() is None, self.process.communicate()[1]
                time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"the server did not start: {self.process.communicate()[1]}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        self.log = self.process.communicate(timeout=30)[1]
        return self.process.returncode

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def peak_memory(self) -> int:
        """The most memory that a process of the server has had so far, in bytes."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        peaks = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in children]
        return max(int(peak[1]) * 1024 for peak in peaks if peak)

    def call(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, Any]:
        """Status and JSON (or text) of a request."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, raw = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, raw = error.code, error.read()
        try:
            return status, json.loads(raw)
        except ValueError:
            return status, raw.decode()


def set_up(data: Path) -> tuple[dict[str, Any], str]:
    """A project and a key that may do everything, made by the commands."""
    project = run_json(data, "projects", "create", "Shop")
    run_json(data, "users", "create", "owner@example.com")
    key = run_json(data, "keys", "create", "--user", "owner@example.com", "--scope", "*")
    return project, key["value"]
