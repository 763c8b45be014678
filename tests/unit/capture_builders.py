"""What the tests of capture have in common."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hedgerow.domain.accounts import Project

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
TOKEN = "phc_test"
A_PROJECT = Project(1, UUID(int=1), "A project", TOKEN, "UTC", 0, NOW, NOW)


def an_event(**changes: Any) -> dict[str, Any]:
    """A plain event as clients of the classic protocol send it; a change to None leaves the field out."""
    event = {"event": "e1", "distinct_id": "u1", "properties": {}} | changes
    return {key: value for key, value in event.items() if value is not None}
