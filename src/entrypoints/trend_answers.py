"""Trends on the wire: a computed trend as PostHog's JSON rows, and as the rows of a CSV file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ..domain.events import JsonValue
from ..domain.localtime import Calendar
from ..domain.periods import Period
from ..domain.series import BreakdownKind, BreakdownValue, SeriesRow
from ..domain.trend_plan import ALL_USERS
from ..domain.trends import Display
from ..services.trends import TrendResult

NO_VALUE = "$$_posthog_breakdown_null_$$"
OTHER_VALUES = "$$_posthog_breakdown_other_$$"
_COMPARE_LABELS = ("current", "previous")


def series_bodies(result: TrendResult) -> list[dict[str, JsonValue]]:
    """The rows as JSON, in order."""
    shared = _filter(result)
    days: list[JsonValue] = [_instant(start, _current(result).calendar) for start in _current(result).starts]
    return [_body(result, row, shared, days) for row in result.rows]


def is_full_page(result: TrendResult) -> bool:
    """Whether the next page of breakdown values may hold something. Without a breakdown there is one page."""
    breakdown = result.plan.query.breakdown
    return breakdown is not None and not breakdown.cohorts and len(result.rows) >= breakdown.limit


def csv_rows(result: TrendResult) -> Iterator[list[str | float]]:
    """A header, then a row for each series: a column for each bucket, or one for the total.

    Columns are named by their labels, or by their days if two buckets of a period share a label. The buckets
    of the previous period follow; those that both periods have are one column.
    """
    if result.plan.query.display.total:
        yield ["series", "aggregated_value"]
        for row in result.rows:
            yield [_csv_name(result, row), row.data[0]]
        return
    names = _column_names(result.plan.periods)
    columns = list(dict.fromkeys(name for period in names for name in period))
    yield ["series", *(text for text, _ in columns)]
    for row in result.rows:
        numbers = dict(zip(names[row.period], row.data, strict=True))
        yield [_csv_name(result, row), *(numbers.get(column, "") for column in columns)]


def csv_file_name(result: TrendResult, export_name: str | None) -> str:
    """`active-users (2020-01-01 - 2020-01-08) from Hedgerow.csv`."""
    slug = re.sub(r"[^a-z0-9_]+", "-", (export_name or "").lower()).strip("-") or "export"
    period = _current(result)
    first, last = (period.calendar.wall(at).date().isoformat() for at in (period.date_from, period.date_to))
    dates = f"up until {last}" if result.plan.query.date_from == "all" else f"{first} - {last}"
    return f"{slug} ({dates}) from Hedgerow.csv"


def _body(
    result: TrendResult, row: SeriesRow, shared: dict[str, JsonValue], days: list[JsonValue]
) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = _numbers(result, row)
    body |= {"label": _label(result, row), "order": row.series.index, "filter": shared}
    body["action"] = None if row.formula is not None else _action(row, days)
    if row.breakdown:
        body["breakdown_value"] = _breakdown_value(result, row.breakdown)
        body["breakdown_kind"] = row.breakdown.kind.value
    if result.plan.query.compare:
        body |= {"compare": True, "compare_label": _COMPARE_LABELS[row.period]}
    return body


def _numbers(result: TrendResult, row: SeriesRow) -> dict[str, JsonValue]:
    query, period = result.plan.query, result.plan.periods[row.period]
    if query.display.total:
        data: JsonValue = None if row.formula is not None else []
        return {"data": data, "days": [], "count": 0, "aggregated_value": row.data[0]}
    cumulative = query.display is Display.CUMULATIVE and row.formula is None
    return {
        "data": list(row.data),
        "labels": list(period.labels),
        "days": list(period.days),
        "count": float(row.data[-1] if cumulative and row.data else sum(row.data)),
    }


def _label(result: TrendResult, row: SeriesRow) -> str:
    if row.formula is not None:
        formula = result.plan.query.formulas[row.formula]
        return formula.custom_name or f"Formula ({formula.text})"
    if row.breakdown is None:
        return row.series.name
    value = "::".join(_shown_texts(result, row.breakdown))
    # PostHog's rule: a question for each cohort is several questions, also about one series.
    asked = len(result.plan.cohorts) if ALL_USERS in result.plan.cohorts else 1
    return value if asked * len(result.plan.series) == 1 else f"{row.series.name} - {value}"


def _shown_texts(result: TrendResult, value: BreakdownValue) -> list[str]:
    if result.plan.cohorts:
        return [cohort.name for cohort in result.plan.cohorts if str(cohort.id or "all") == value.values[0]]
    return _texts(value)


def _texts(value: BreakdownValue) -> list[str]:
    if value.kind is BreakdownKind.OTHER:
        return [OTHER_VALUES] * len(value.values)
    return [NO_VALUE if text is None else text for text in value.values]


def _breakdown_value(result: TrendResult, value: BreakdownValue) -> JsonValue:
    breakdown = result.plan.query.breakdown
    if result.plan.cohorts:
        cohort = value.values[0] or ""
        return int(cohort) if cohort.isdigit() else cohort
    if breakdown is not None and breakdown.several:
        return list(_texts(value))
    return _texts(value)[0]


def _action(row: SeriesRow, days: list[JsonValue]) -> dict[str, JsonValue]:
    """PostHog's description of the series: even an action has its name as id, and the type of events."""
    series = row.series.series
    return {
        "days": days,
        "id": row.series.name,
        "type": "events",
        "order": row.series.index,
        "name": row.series.name,
        "custom_name": series.custom_name,
        "math": series.math,
        "math_property": series.math_property,
        "math_hogql": series.math_hogql,
        "math_group_type_index": series.math_group_type_index,
        "properties": {},
    }


def _filter(result: TrendResult) -> dict[str, JsonValue]:
    period = _current(result)
    return {
        **result.plan.query.echo,
        "date_from": _instant(period.date_from, period.calendar),
        "date_to": _instant(period.date_to, period.calendar),
    }


def _instant(at: datetime, calendar: Calendar) -> str:
    """ISO 8601 in the project's time zone, `Z` for UTC."""
    return at.astimezone(calendar.zone).isoformat().replace("+00:00", "Z")


def _current(result: TrendResult) -> Period:
    return result.plan.periods[0]


def _csv_name(result: TrendResult, row: SeriesRow) -> str:
    custom_name = row.series.series.custom_name
    if row.formula is not None or not custom_name:
        return _label(result, row)
    if row.breakdown is None:
        return custom_name
    # The name alone would be the same in every row.
    return f"{custom_name} - {'::'.join(_shown_texts(result, row.breakdown))}"


def _column_names(periods: tuple[Period, ...]) -> list[list[tuple[str, int]]]:
    """The text of each bucket's column and which of that text it is: an hour may come twice."""
    labels = all(len(set(period.labels)) == len(period.labels) for period in periods)
    return [_counted(period.labels if labels else period.days) for period in periods]


def _counted(texts: tuple[str, ...]) -> list[tuple[str, int]]:
    seen: Counter[str] = Counter()
    counted = []
    for text in texts:
        counted.append((text, seen[text]))
        seen[text] += 1
    return counted
