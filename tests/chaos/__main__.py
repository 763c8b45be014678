"""`python -m tests.chaos [--rounds N] [--seed N] [--team]`: exit code 0 when every promise was kept."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.rounds import run
from tests.chaos.sites import embedded, team

parser = argparse.ArgumentParser(prog="chaos")
parser.add_argument("--rounds", type=int, default=500)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--team", action="store_true", help="kill the processes of a team instead of an embedded server")
options = parser.parse_args()
with tempfile.TemporaryDirectory() as folder, (team if options.team else embedded)(Path(folder)) as site:
    report = run(site, options.rounds, seed=options.seed)
sys.stdout.write(f"{report}\n")
sys.exit(not report.is_clean)
