"""A server that is killed again and again, at any moment, loses nothing that it has acknowledged."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.rounds import run
from tests.chaos.sites import embedded

ROUNDS = 50


def test_nothing_acknowledged_is_lost_doubled_or_forgotten(tmp_path: Path) -> None:
    with embedded(tmp_path) as site:
        report = run(site, ROUNDS)

    assert report.is_clean, report
    assert report.acknowledged > ROUNDS
    assert report.erased
