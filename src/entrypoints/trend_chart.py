"""Trends as pictures: SVG, to put into a page or a mail without any script."""

from __future__ import annotations

import sys
from typing import Any

from flask import Response

from ..domain.errors import InvalidInput
from ..services.trends import TrendResult
from .trend_answers import csv_rows

MAX_ROWS = 50
MAX_NUMBERS = 20_000
_LABELS = 12


def svg_response(result: TrendResult) -> Response:
    """A line a series, or a bar for each total. Raises `InvalidInput` for more than a picture can show."""
    pygal = _pygal()
    header, *rows = csv_rows(result)
    if len(rows) > MAX_ROWS or len(rows) * len(header) > MAX_NUMBERS:
        raise InvalidInput(f"A picture shows at most {MAX_ROWS} rows and {MAX_NUMBERS} numbers.", "format")
    labels = [str(label) for label in header[1:]]
    total = result.plan.query.display.total
    chart = (pygal.HorizontalBar if total else pygal.Line)(
        js=(), x_labels=[] if total else labels, show_minor_x_labels=False, x_label_rotation=30, dots_size=1.5
    )
    if not total:
        chart.x_labels_major = labels[:: max(1, -(-len(labels) // _LABELS))]
    for name, *numbers in rows:
        chart.add(str(name), [None if number == "" else number for number in numbers])
    response = Response(chart.render(), content_type="image/svg+xml")
    # What a browser shows by itself may hold names that clients sent.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _pygal() -> Any:
    """The library, imported when first asked for: it takes a while, and few ask for pictures."""
    import pygal

    # For plug-ins of its own it leaves a finder of Python 2's kind among the interpreter's, which makes all later
    # imports of what is not there warn.
    sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return pygal
