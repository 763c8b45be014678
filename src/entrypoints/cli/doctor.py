"""`hedgerow doctor`: is everything as it must be?"""

from __future__ import annotations

import sys

import click

from .output import show


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the server is to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535), help="Its port.")
@click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
def doctor(host: str, port: int, as_json: bool) -> None:
    """Check the settings, the stores and the machine, and say what to do. Exit code 1 when something fails."""
    from ..doctor import FAIL, examine, settings_in_force

    checks = examine(host, port)
    rows = [{"check": one.name, "status": one.status, "found": one.found, "do": one.do} for one in checks]
    if as_json:
        show({"settings": settings_in_force(), "checks": rows}, as_json=True)
    else:
        show(settings_in_force(), as_json=False)
        click.echo()
        show(rows, as_json=False)
    sys.exit(any(one.status == FAIL for one in checks))
