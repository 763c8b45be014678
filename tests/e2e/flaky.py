"""The application behind a server that stores the first thing it is sent, and answers 503 all the same."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from hedgerow.entrypoints.bootstrap import Services
from hedgerow.entrypoints.web import create_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *arguments: object) -> None:
        """Say nothing."""


class FlakyServer:
    """A context manager. As when an answer is lost on its way: what is sent again then is a duplicate.

    `statuses` are those of the answers to captures, in order.
    """

    def __init__(self, services: Services) -> None:
        self._application = create_app(services)
        self._lock = threading.Lock()
        self.statuses: list[int] = []

    def __enter__(self) -> Self:
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = Response.from_app(self._application, environ)
        if "flags" not in environ["PATH_INFO"]:
            with self._lock:
                if not self.statuses:
                    response = Response("transient error, please retry", 503, {"Retry-After": "1"})
                self.statuses.append(response.status_code)
        return response(environ, start_response)
