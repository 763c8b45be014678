"""`hedgerow serve`: the server."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from multiprocessing.connection import wait

import click

from ...domain.errors import HedgerowError
from ..settings import read_settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Port to listen on.")
@click.option(
    "--threads", default=64, show_default=True, type=click.IntRange(1, 1_024), help="Requests worked on at once."
)
def serve(host: str, port: int, threads: int) -> None:
    """Serve HTTP. SIGTERM finishes the requests in flight, then exits."""
    from ..bootstrap import opened

    try:
        with opened(read_settings()):
            pass  # migrates, and finds out whether the stores can be had, before anything is started
    except HedgerowError as error:
        raise click.ClickException(error.detail) from None
    _check_free(host, port)
    # Nothing is open and no thread runs by now, so a fork is safe where it is usual, and starts a second sooner.
    multiprocessing.set_start_method("fork" if sys.platform == "linux" else "spawn", force=True)
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    click.echo(f"Hedgerow serves on http://{host}:{port} (API description at /api/docs)", err=True)
    Granian(
        "hedgerow.entrypoints.cli.serve:worker_app",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.error,
        backlog=2_048,
    ).serve()


def worker_app() -> object:
    """The application in the server's worker process, which ends with the process that started it."""
    from ..logs import configure
    from ..web import served_app

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()
    configure(read_settings())
    app = served_app()
    # Events come as thousands of small objects that soon go again; looking for cycles among them so often, and among
    # all that was imported, took a tenth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    return app


def _end_with(sentinel: int) -> None:
    """Stop when the parent is gone, however it went: an orphan would hold the stores and the port."""
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
