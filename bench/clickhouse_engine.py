"""`python clickhouse_engine.py folder`: the ClickHouse engine, answering SQL over standard input and output.

A process, and an environment, of its own: what comes with the engine (pandas, for one) would change the server that is
measured. A line in is one statement as JSON; a line out is its rows, or an object that tells the `error`.
"""

from __future__ import annotations

import json
import sys

from chdb.session import Session


def main() -> None:
    """Answer until the input ends."""
    session = Session(sys.argv[1])
    try:
        for line in sys.stdin:
            print(json.dumps(_rows(session, json.loads(line))), flush=True)
    finally:
        session.close()


def _rows(session: Session, statement: str) -> object:
    try:
        answer = session.query(statement, "JSONCompact").bytes()
    except RuntimeError as error:
        return {"error": str(error)}
    return json.loads(answer)["data"] if answer else []


if __name__ == "__main__":
    main()
