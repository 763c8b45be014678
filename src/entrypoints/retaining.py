"""Retention, as commands and the control of a server run it."""

from __future__ import annotations

from typing import Any

from .bootstrap import Services, now


def apply_retention(services: Services, *, dry_run: bool) -> list[dict[str, Any]]:
    """Remove what projects no longer keep, or count it; one row a project that keeps events for a time."""
    return [
        {
            "project": one.project.id,
            "name": one.project.name,
            "retention_days": one.project.retention_days,
            "before": one.before.isoformat(),
            "events": one.events,
            "removed": not dry_run,
        }
        for one in services.retention.apply(now(), dry_run=dry_run)
    ]
