"""The server's side of the WSGI application: whole bodies in, so that slow clients hold up nobody else.

A thread gets a request when its body is complete. While bodies are on their way they cost a place in memory and
no thread, and what does not come in time is answered 408. The WSGI server itself would have threads wait for
bodies, for ever if need be: sixty-four idle connections would bring it to a standstill.
"""

from __future__ import annotations

import asyncio
import io
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from granian._granian import RSGIProtocolClosed
from werkzeug.exceptions import RequestTimeout

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATIENCE = 10.0
"""Seconds that a client may send nothing while its body is not complete."""

LONGEST = 300.0
"""Seconds for the whole of a body."""

LAST = 1.0
"""Seconds for the rest of a body once the server is told to end."""

MAX_KEPT = 25 * 1024 * 1024
"""The largest body in bytes that any route takes. More is read and not kept, so that its client comes to read the
refusal and can go on; but never more than `MAX_READ`."""

MAX_READ = 4 * MAX_KEPT

SMALL = 256 * 1024
"""Bytes of a body that are taken in without a place among the large ones."""

LARGE_BODIES = 16
"""How many larger bodies are in memory at once; the others wait for their turn."""

_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Answer = tuple[int, list[tuple[str, str]], bytes | Iterator[bytes]]


class Intake:
    """An RSGI application around a WSGI application.

    `threads`: how many requests are worked on at once. `patience`: see `PATIENCE`.
    """

    def __init__(self, application: WSGIApplication, *, threads: int, patience: float = PATIENCE) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, "request")
        self._patience = patience
        self._large = asyncio.Semaphore(LARGE_BODIES)
        self._longest = LONGEST
        self._receiving: set[asyncio.Timeout] = set()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait less for bodies when the server is told to end: it goes on until its requests are answered.

        The server has its own handlers with the loop, which go on being called: the loop hears of a signal by its
        wake-up descriptor, whatever is called besides.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._hurry, loop.time() + LAST))

    def _hurry(self, deadline: float) -> None:
        self._longest = LAST
        for whole in self._receiving:
            if not whole.expired():
                whole.reschedule(deadline)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        body = _Body(self._large)
        try:
            headers = scope.headers
            if scope.method not in _BODILESS or "content-length" in headers or "transfer-encoding" in headers:
                claimed = headers.get("content-length") or "0"
                await self._receive(body, protocol, int(claimed) if claimed.isdecimal() else 0)
            run = asyncio.get_running_loop().run_in_executor
            status, fields, content = await run(self._threads, self._work, _environ(scope, body))
            if isinstance(content, bytes):
                protocol.response_bytes(status, fields, content)
                return
            transport = protocol.response_stream(status, fields)
            try:
                while (chunk := await run(self._threads, next, content, None)) is not None:
                    await transport.send_bytes(chunk)
            except RSGIProtocolClosed:
                pass  # the client has gone
            finally:
                await run(self._threads, _close, content)
        finally:
            body.release()

    async def _receive(self, body: _Body, protocol: Any, claimed: int) -> None:
        whole = asyncio.timeout(self._longest)
        self._receiving.add(whole)
        try:
            await body.receive(protocol, claimed, self._patience, whole)
        finally:
            self._receiving.discard(whole)

    def _work(self, environ: dict[str, Any]) -> Answer:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            started[:] = int(status[:3]), headers

        content = self._application(environ, start_response)
        status, headers = started
        if not any(name.lower() == "content-length" for name, _ in headers) and status != 304:
            return status, headers, iter(content)
        try:
            return status, headers, b"".join(content)
        finally:
            _close(content)


class _Body:
    """A request's body, on its way and then complete or given up."""

    def __init__(self, large: asyncio.Semaphore) -> None:
        self._large = large
        self._is_large = False
        self._kept = io.BytesIO()
        self._received = 0
        self._stalled = False

    async def receive(self, protocol: Any, claimed: int, patience: float, whole: asyncio.Timeout) -> None:
        """Return when all is there, or nothing more is waited for.

        `claimed` is the length by the headers; `whole` ends the waiting, whatever comes.
        """
        chunks = aiter(protocol)
        try:
            async with whole:
                while self._received <= MAX_READ:
                    async with asyncio.timeout(patience):
                        chunk = await anext(chunks)
                    await self._keep(chunk)
        except StopAsyncIteration:
            self._kept.seek(0)
            self._stalled = self._received < claimed  # the client has closed its side
        except TimeoutError:
            self._stalled = True

    async def _keep(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > SMALL and not self._is_large:
            await self._large.acquire()
            self._is_large = True
        if self._received <= MAX_KEPT:
            self._kept.write(chunk)

    def release(self) -> None:
        """Make room for others."""
        if self._is_large:
            self._large.release()

    @property
    def input(self) -> Any:
        """What WSGI calls `wsgi.input`."""
        return _Stalled() if self._stalled else self._kept

    @property
    def length(self) -> str:
        """How much was sent: of a body too large more than is kept."""
        return str(self._received)


class _Stalled:
    """The body of a client that stopped sending."""

    def read(self, size: int = -1) -> bytes:
        raise RequestTimeout("The client stopped sending data.")

    readline = readinto = read


def _environ(scope: Any, body: _Body) -> dict[str, Any]:
    """The request as WSGI wants it (PEP 3333)."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body.input,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if name == "content-type":
            environ["CONTENT_TYPE"] = value
        elif name != "content-length":
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ and key != "HTTP_HOST" else value
    environ["CONTENT_LENGTH"] = body.length
    return environ


def _close(content: Any) -> None:
    if hasattr(content, "close"):
        content.close()
