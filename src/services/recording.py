"""Where changes of what members keep reach the audit log."""

from __future__ import annotations

from ..domain.activity import Entry
from ..domain.ports import UnitOfWork


def record(work: UnitOfWork, entry: Entry | None) -> None:
    """Log an entry in the transaction of the change that it tells of; None when nothing changed.

    The seam for the audit log's repository: until a unit of work has one, nothing is kept.
    """
