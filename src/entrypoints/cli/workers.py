"""`hedgerow scheduler` and `hedgerow worker`: the scheduled jobs of a server on shared stores."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from ...domain.errors import HedgerowError, InvalidInput
from ..settings import Settings, read_settings

if TYPE_CHECKING:
    from ...adapters.job_queue import JobQueue


@click.command()
def scheduler() -> None:
    """Hand the jobs that are due to the workers. Several may run; each job is done once. SIGTERM ends it."""
    from ..bootstrap import relational_store
    from ..jobs import hand_out

    try:
        queue = _queue(read_settings())
        with relational_store() as store:
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            click.echo("Hedgerow hands out the jobs that are due.", err=True)
            hand_out(store.schedule, queue, stop)
    except HedgerowError as error:
        raise click.ClickException(error.detail) from None
    queue.close()


@click.command()
def worker() -> None:
    """Do the jobs that a scheduler hands out, one at a time. SIGTERM finishes the job in hand first."""
    try:
        queue = _queue(read_settings())
    except HedgerowError as error:
        raise click.ClickException(error.detail) from None
    click.echo("Hedgerow works on the jobs that are handed out.", err=True)
    queue.work()
    queue.close()


def _queue(settings: Settings) -> JobQueue:
    if not settings.redis_url:
        raise InvalidInput("Set HEDGEROW_REDIS_URL to the Redis through which scheduler and workers speak.")
    if not settings.has_shared_events:
        raise InvalidInput(
            "The event store is a file that the server alone opens, so the server does the scheduled jobs itself."
            " Set HEDGEROW_EVENTS_URL to a server of its own for workers."
        )
    from ...adapters.job_queue import JobQueue
    from ..jobs import perform

    return JobQueue(settings.redis_url, perform)
