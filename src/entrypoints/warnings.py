"""Ingestion warnings: events that were accepted and not taken as they asked."""

from __future__ import annotations

import structlog
from prometheus_client import Counter

from ..domain.normalisation import IngestionWarning

_log = structlog.get_logger()
_WARNINGS = Counter("hedgerow_ingestion_warnings_total", "Events not taken as they asked.", ["type"])


def warn(warning: IngestionWarning) -> None:
    """Count and log one ingestion warning."""
    _WARNINGS.labels(warning.kind).inc()
    _log.warning(
        "ingestion warning",
        type=warning.kind,
        captured=warning.event,
        distinct_id=warning.distinct_id,
        detail=warning.detail,
    )
