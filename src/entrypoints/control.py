"""What commands ask of the server that holds the embedded stores: over a socket in the data folder.

Whoever may open the socket could open the stores themselves, so the folder's permissions are all that guards it. A
request is one JSON line, `{"do": name, …}`; the answer is lines too: `{"progress": […]}` any number of times, and at
last `{"done": …}` or `{"refused": detail}`.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog

from ..domain.backups import Progress
from ..domain.errors import Conflict, HedgerowError
from .backing_up import take_backup
from .bootstrap import Services
from .draining import drain, drain_if_due
from .retaining import apply_retention
from .settings import Settings

_SOCKET = "control.sock"
_PATIENCE = 10.0
"""Seconds that a command has for its request."""

log = structlog.get_logger()


Work = Callable[[Mapping[str, Any], Progress], Any]
"""Does what a request asks for and returns JSON."""


def _back_up(services: Services, request: Mapping[str, Any], progress: Progress) -> Any:
    return take_backup(services, Path(request["path"]), progress)


def _drain(services: Services, request: Mapping[str, Any], progress: Progress) -> Any:
    return (drain_if_due if request["if_due"] else drain)(services, progress)


def _apply_retention(services: Services, request: Mapping[str, Any], progress: Progress) -> Any:
    return apply_retention(services, dry_run=request["dry_run"])


WORKS: Mapping[str, Callable[[Services, Mapping[str, Any], Progress], Any]] = {
    "backup": _back_up,
    "drain": _drain,
    "retention": _apply_retention,
}
"""What a server can be asked for."""


class Control:
    """The server's side: one thread, one request at a time."""

    def __init__(self, settings: Settings, works: Mapping[str, Work]) -> None:
        self._works = works
        self._path = settings.data_dir / _SOCKET
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)  # of a server that was killed: this one holds the stores now
        with _short(self._path) as name:
            self._listening.bind(name)
        self._path.chmod(0o600)
        self._listening.listen(8)
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def close(self) -> None:
        """Take no more requests."""
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for requests
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                asking, _ = self._listening.accept()
            except OSError:
                return
            with asking:
                try:
                    self._answer(asking)
                except OSError:
                    log.warning("a command went away before its work was done")

    def _answer(self, asking: socket.socket) -> None:
        def tell(body: Mapping[str, Any]) -> None:
            asking.sendall(orjson.dumps(body) + b"\n")

        asking.settimeout(_PATIENCE)
        with asking.makefile("rb") as lines:
            line = lines.readline(65_536)
        asking.settimeout(None)
        try:
            request = orjson.loads(line)
            done = self._works[request["do"]](request, lambda *progress: tell({"progress": progress}))
        except HedgerowError as error:
            tell({"refused": error.detail})
        except OSError:
            raise
        except Exception:
            log.exception("a command's work failed", request=line)
            tell({"refused": "The server failed at it; its log says why."})
        else:
            tell({"done": done})


def open_control(services: Services) -> Control | None:
    """The control of a server that holds embedded stores; None for one that does not, or cannot have a socket."""
    settings = services.settings
    if not settings.is_embedded:
        return None
    try:
        return Control(settings, {name: partial(work, services) for name, work in WORKS.items()})
    except OSError as error:
        log.warning("commands cannot ask this server for anything", reason=str(error))
        return None


def ask(settings: Settings, request: Mapping[str, Any], progress: Progress | None = None) -> Any:
    """What the running server answers; None when none runs. Raises `Conflict` with the server's refusal."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            with _short(settings.data_dir / _SOCKET) as name:
                asking.connect(name)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise Conflict(f"The running server cannot be asked: {error.strerror}.") from None
        asking.sendall(orjson.dumps(request) + b"\n")
        with asking.makefile("rb") as lines:
            for line in lines:
                answer = orjson.loads(line)
                if "done" in answer:
                    return answer["done"]
                if "refused" in answer:
                    raise Conflict(answer["refused"])
                if progress:
                    progress(*answer["progress"])
    raise Conflict("The server ended before it was done.")


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket: those that systems take have at most about a hundred bytes."""
    if len(os.fsencode(path)) < 100 or not Path("/proc/self/fd").is_dir():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
