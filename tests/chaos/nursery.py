"""Starts Hedgerow's processes in a few milliseconds each: by forking a process that has imported everything.

In these processes the schedules hurry: jobs are due every second and are looked for ten times a second, and a killed
process's work is taken over after a second. So every kill may hit a drain or a squash.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


class Process:
    """A command that runs, with all its children."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def is_running(self) -> bool:
        return _is_running(self.pid)

    def kill(self) -> None:
        """End it and its children at once, as a power failure would."""
        family = [self.pid, *_children(self.pid)]
        for pid in family:
            _send(pid, signal.SIGKILL)
        _wait_for_end(family)

    def stop(self) -> None:
        """Ask it to end and wait until it has."""
        family = [self.pid, *_children(self.pid)]
        _send(self.pid, signal.SIGTERM)
        _wait_for_end(family)


class Nursery:
    """A context manager; `start` begins one more process, whose stderr goes to a file."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._started: list[Process] = []

    def __enter__(self) -> Self:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", str(self._log)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            if process.is_running():
                process.kill()
        self._mother.communicate(timeout=30)

    def start(self, *arguments: str, **variables: str) -> Process:
        """Begin `hedgerow ARGUMENTS` with further environment variables."""
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(json.dumps([arguments, variables]) + "\n")
        self._mother.stdin.flush()
        process = Process(int(self._mother.stdout.readline()))
        self._started.append(process)
        return process


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_for_end(pids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while any(map(_is_running, pids)):
        assert time.monotonic() < deadline, "a process did not end"
        time.sleep(0.002)


# --- the process that is forked -------------------------------------------------------------------------------------


def _main(log: str) -> None:
    from hedgerow.entrypoints import cli, intake, web  # noqa: F401 - imported for its children

    _hurry()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        arguments, variables = json.loads(line)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _become(arguments, variables, log)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(arguments: list[str], variables: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(number, target)
    os.environ.update(variables)
    from hedgerow.entrypoints.cli import main

    sys.argv = ["hedgerow", *arguments]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def _hurry() -> None:
    from hedgerow.domain.schedules import Cron
    from hedgerow.entrypoints import jobs
    from hedgerow.services.schedule import ScheduleService

    every: Any = (jobs.tick_until, jobs.hand_out, jobs.Ticker.__init__)
    for ticking in every:
        ticking.__kwdefaults__["every"] = 0.1
    init: Any = ScheduleService.__init__
    init.__kwdefaults__["lease"] = timedelta(seconds=1)
    cron: Any = Cron
    cron.latest = lambda _, at: at.replace(microsecond=0)


if __name__ == "__main__":
    _main(sys.argv[1])
