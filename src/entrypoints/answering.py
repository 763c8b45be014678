"""Answering trends: from a request's keys to a result, computed or given again, and to its bodies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from ..domain.accounts import Project
from ..domain.refresh import Refresh, read_refresh
from ..domain.trends import TrendQuery
from ..services.trends import TrendResult, cache_key
from .bootstrap import services
from .schemas.common import instant
from .trend_answers import series_bodies


@dataclass(frozen=True, slots=True)
class Answer:
    """A trend's result, None if there was none and none was to be computed; how long it took, in seconds."""

    project: Project
    result: TrendResult | None
    key: str
    seconds: float

    def body(self, rows: str) -> dict[str, Any]:
        """What all answers say, the rows under the given key."""
        return {
            rows: None if self.result is None else series_bodies(self.result),
            "timezone": self.project.timezone,
            "last_refresh": None if self.result is None else instant(self.result.computed_at),
            "is_cached": self.result is not None and self.result.is_cached,
            "timings": [{"k": name, "t": round(self.seconds, 6)} for name in ("./calculate", ".")],
        }


def answer(project: Project, query: TrendQuery, body: Mapping[str, Any]) -> Answer:
    """Ask a query as the request's `refresh` and `cache_invalidation_key` say, in query string or body."""
    refresh = refresh_of(body)
    salt = repr([keys.get("cache_invalidation_key") for keys in (body, request.args)])
    started = time.perf_counter()
    result = services().trends.answer(project, query, refresh, salt)
    services().metrics.answered(from_cache=result is not None and result.is_cached)
    return Answer(project, result, cache_key(project, query, salt), time.perf_counter() - started)


def refresh_of(body: Mapping[str, Any]) -> Refresh:
    """The request's `refresh`: the query string's before the body's. Raises `InvalidInput`."""
    return read_refresh(request.args["refresh"] if "refresh" in request.args else body.get("refresh"))
