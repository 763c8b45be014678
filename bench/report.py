"""What was measured, as one table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, and what it must be at least or at most where there is a target."""

    what: str
    figure: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    detail: str = ""

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:,} {self.unit}"
        return f"≤ {self.at_most:,} {self.unit}" if self.at_most is not None else ""

    @property
    def verdict(self) -> str:
        """Empty without a target."""
        if not self.target:
            return ""
        low = self.at_least is not None and self.figure < self.at_least
        high = self.at_most is not None and self.figure > self.at_most
        return "short" if low or high else "met"


def show(measures: Iterable[Measure], events: int) -> None:
    """Print the table and the machine it was measured on."""
    table = Table(title=f"Hedgerow with {events:,} events")
    for heading in ("measurement", "result", "target", "verdict", "detail"):
        table.add_column(heading, justify="right" if heading in {"result", "target"} else "left")
    for one in measures:
        digits = 0 if one.figure >= 1_000 else 2 if one.figure < 10 else 1
        table.add_row(one.what, f"{one.figure:,.{digits}f} {one.unit}", one.target, one.verdict, one.detail)
    console = Console(width=None if os.isatty(1) else 160)
    console.print(table)
    console.print(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
