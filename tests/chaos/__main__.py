"""`python -m tests.chaos [--rounds N] [--seed N]`: exit code 0 when nothing was lost, doubled or forgotten."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.rounds import run

parser = argparse.ArgumentParser(prog="chaos")
parser.add_argument("--rounds", type=int, default=500)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    report = run(Path(folder), options.rounds, seed=options.seed)
sys.stdout.write(
    f"{report.rounds} rounds in {report.seconds:.0f} s: {report.acknowledged} events acknowledged,"
    f" {len(report.lost)} lost, {len(report.doubled)} doubled, {len(report.unknown)} unknown;"
    f" {report.erased} people erased, {len(report.remaining)} with events left, {report.pending} deletions pending;"
    f" {len(report.faults)} requests refused that should not have been\n"
)
for fault in report.faults[:10]:
    sys.stdout.write(f"{fault}\n")
sys.exit(not report.is_clean)
