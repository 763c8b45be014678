"""Long work on the event store in short rounds, between which others write."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUND = 20_000
"""Rows of one round: a fraction of a second, in which nothing else is written."""


def no_pause() -> None:
    """Go on."""


def in_rounds(step: Callable[[int], int], pause: Callable[[], None] = no_pause) -> int:
    """Repeat a step, which takes the most rows that it may change, until it finds fewer; how many all changed.

    Between rounds it rests as long as the last one took, so at most half of the time is kept from those who wait to
    write. Then `pause` is called, which may raise to end it.
    """
    changed = 0
    while True:
        began = time.monotonic()
        count = step(ROUND)
        changed += count
        if count < ROUND:
            return changed
        time.sleep(time.monotonic() - began)
        pause()
