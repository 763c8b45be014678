"""What commands say, and how they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click
import orjson

from ...domain.errors import HedgerowError

_COLUMNS = 9
"""More do not fit beside each other: such rows are printed one below the other."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


def answers(command: _Command) -> _Command:
    """Give a command `--json`: with it, what the command returns is the one JSON document on stdout; without it,
    what the command returns is printed for people. An error of the caller's is one line and exit code 1."""

    @click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document.")
    @wraps(command)
    def wrapper(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            result = command(*args, **kwargs)
        except HedgerowError as error:
            raise click.ClickException(error.detail) from None
        show(result, as_json=as_json)

    return wrapper  # type: ignore[return-value]


def show(result: Any, *, as_json: bool) -> None:
    """Print what a command found, for a program or for people."""
    if as_json:
        click.echo(orjson.dumps(result))
    else:
        _print(result)


def _print(result: Any) -> None:
    if isinstance(result, dict):
        tables = {key: value for key, value in result.items() if _is_table(value)}
        width = max(map(len, result), default=0)
        for key, value in result.items():
            if key not in tables:
                click.echo(f"{key:<{width}}  {_cell(value)}")
        for key, value in tables.items():
            click.echo(f"\n{key}")
            _table(value)
    elif isinstance(result, Sequence) and result:
        _table(result)
    elif isinstance(result, Sequence):
        click.echo("None.")


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(rows: Sequence[dict[str, Any]]) -> None:
    if len(rows[0]) > _COLUMNS:
        for row in rows:
            _print(row)
            click.echo()
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for key in rows[0]:
        table.add_column(key, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    # Only a terminal has a width: what goes to a file or a program is not to be cut in pieces.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 1_000).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)
