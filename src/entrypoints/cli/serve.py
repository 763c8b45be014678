"""`hedgerow serve`: the server."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
from functools import partial
from multiprocessing.connection import wait
from typing import Any

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
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=1,
        websockets=False,
        log_level=LogLevels.error,
        backlog=2_048,
    ).serve(target_loader=partial(worker_app, threads), wrap_loader=False)


def worker_app(threads: int) -> Any:
    """The application in the server's worker process, which ends with the process that started it."""
    from ..intake import Intake
    from ..logs import configure
    from ..web import served_app

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent-watch", daemon=True).start()
    configure(read_settings())
    _allow_many_connections()
    app = served_app()
    # Events come as thousands of small objects that soon go again; looking for cycles among them so often, and among
    # all that was imported, took a tenth of the time.
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    return Intake(app, threads=threads)


def _allow_many_connections() -> None:
    """As many open files as the system lets: shells often allow 1,024, fewer than the connections that are taken."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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
