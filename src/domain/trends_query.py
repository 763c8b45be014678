"""From PostHog's TrendsQuery, as JSON, to a `TrendQuery`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from .accounts import Project
from .dates import Interval
from .errors import InvalidInput
from .events import JsonValue
from .expression import parse_aggregate
from .formula import parse_formula
from .legacy_trends import unsupported_period
from .properties import And, FilterTree, Scope, parse_filters, parse_path_rules
from .trend_breakdowns import BREAKDOWN_KEYS, DEFAULT_LIMIT, read_breakdown
from .trends import Display, Math, NamedFormula, Series, TrendQuery
from .wire import Node

MAX_SERIES = 50
MAX_FORMULAS = 20
MAX_SMOOTHING = 1000
MAX_ECHO = 10_000

_MATH_KEYS = ("math", "math_property", "math_property_type", "math_hogql", "math_group_type_index")
_ENTITY_KEYS = ("kind", "name", "custom_name", "properties", "version", *_MATH_KEYS)
# How a client draws the answer: kept in the echo, without any effect on the numbers.
_PRESENTATION_KEYS = (
    "showLegend",
    "showAlertThresholdLines",
    "aggregationAxisFormat",
    "aggregationAxisPrefix",
    "aggregationAxisPostfix",
    "decimalPlaces",
    "minDecimalPlaces",
    "showValuesOnSeries",
    "showLabelsOnSeries",
    "showPercentStackView",
    "yAxisScaleType",
    "showMultipleYAxes",
    "hiddenLegendIndexes",
    "resultCustomizationBy",
    "resultCustomizations",
    "goalLines",
    "showConfidenceIntervals",
    "confidenceLevel",
    "showTrendLines",
    "showMovingAverage",
    "movingAverageIntervals",
    "detailedResultsAggregationType",
)
_TRENDS_FILTER_KEYS = (
    "display",
    "smoothingIntervals",
    "formula",
    "formulas",
    "formulaNodes",
    *_PRESENTATION_KEYS,
)
_QUERY_KEYS = (
    "kind",
    "series",
    "interval",
    "dateRange",
    "properties",
    "filterTestAccounts",
    "samplingFactor",
    "breakdownFilter",
    "compareFilter",
    "trendsFilter",
    "aggregation_group_type_index",
    "conversionGoal",
    "dataColorTheme",
    "tags",
    "version",
)


def parse_trends_query(
    source: Mapping[str, Any], project: Project, *, limit: int = DEFAULT_LIMIT, offset: int = 0
) -> TrendQuery:
    """Read a TrendsQuery in wire form for a project, whose zone and test account filters it depends on.

    `limit` is the number of breakdown values unless the query has its own. Raises InvalidInput: with code
    `parse_error` for what is not a TrendsQuery, else with the place as attr.
    """
    node = Node(source, _QUERY_KEYS)
    if node.get("conversionGoal"):
        raise InvalidInput("Conversion goals are not supported.", "conversionGoal")
    series = tuple(
        _read_series(item, f"series__{index}", project)
        for index, item in enumerate(node.items("series", maximum=MAX_SERIES))
    )
    trends_filter = node.node("trendsFilter", _TRENDS_FILTER_KEYS)
    display = trends_filter.choice("display", Display) or Display.LINE
    dates = node.node("dateRange", ("date_from", "date_to", "explicitDate"))
    compare = node.node("compareFilter", ("compare", "compare_to"))
    query = TrendQuery(
        series=series,
        interval=Interval.DAY if display.total else _interval(node),
        date_from=_date(dates, "date_from"),
        date_to=_date(dates, "date_to"),
        explicit=dates.flag("explicitDate"),
        where=_where(node, project),
        breakdown=read_breakdown(node.node("breakdownFilter", BREAKDOWN_KEYS), display, limit),
        compare=compare.flag("compare"),
        compare_to=compare.text("compare_to") or None,
        formulas=_formulas(trends_filter, len(series)),
        display=display,
        smoothing=trends_filter.integer("smoothingIntervals", minimum=1, maximum=MAX_SMOOTHING) or 1,
        sampling=_sampling(node),
        offset=offset,
    )
    return replace(query, echo=_echo(node, query))


def _read_series(raw: object, path: str, project: Project) -> Series:
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    if kind not in ("EventsNode", "ActionsNode"):
        detail = "A series must be of kind EventsNode or ActionsNode."
        raise InvalidInput(detail, f"{path}__kind", "parse_error")
    node = Node(raw, (*_ENTITY_KEYS, "event" if kind == "EventsNode" else "id"), path)
    action_id = node.integer("id", minimum=0, maximum=2**63 - 1)
    if kind == "ActionsNode" and action_id is None:
        raise node.error("An action's id is expected.", "id")
    math = node.choice("math", Math)
    group = node.integer("math_group_type_index", minimum=0, maximum=4)
    if math is Math.UNIQUE_GROUP and group is None:
        raise InvalidInput("unique_group needs math_group_type_index.", node.path("math_group_type_index"))
    expression = node.text("math_hogql")
    if math is Math.HOGQL and not expression:
        raise InvalidInput("The math hogql needs an expression.", node.path("math_hogql"))
    if math is Math.HOGQL and expression:
        parse_aggregate(expression, node.path("math_hogql"))
    return Series(
        event=node.text("event"),
        action_id=action_id,
        where=_filters(node.get("properties"), node.path("properties"), project),
        math=math,
        math_property=node.text("math_property"),
        of_person=node.text("math_property_type") == "person_properties",
        math_hogql=expression,
        math_group_type_index=group,
        custom_name=node.text("custom_name"),
    )


def _interval(node: Node) -> Interval:
    interval = node.get("interval") or "day"
    if interval not in list(Interval):
        raise unsupported_period(interval)
    return Interval(interval)


def _date(dates: Node, key: str) -> str | None:
    # Stripped, as a date pasted from elsewhere may have spaces around it.
    return (dates.text(key) or "").strip() or None


def _where(node: Node, project: Project) -> FilterTree:
    where = _filters(node.get("properties"), "properties", project)
    if not node.flag("filterTestAccounts"):
        return where
    return And(
        (
            where,
            _filters([dict(entry) for entry in project.test_account_filters], "test_account_filters", project),
        )
    )


def _filters(raw: Any, attr: str, project: Project) -> FilterTree:
    return parse_filters(
        raw,
        Scope.EVENT,
        zone=ZoneInfo(project.timezone),
        attr=attr,
        path_rules=parse_path_rules([dict(rule) for rule in project.path_cleaning_filters]),
    )


def _formulas(node: Node, series: int) -> tuple[NamedFormula, ...]:
    """The first of formulaNodes, formulas and formula that is given."""
    formulas = [
        _formula(Node(item, ("formula", "custom_name"), f"formulaNodes__{index}"))
        for index, item in enumerate(node.items("formulaNodes", maximum=MAX_FORMULAS))
    ]
    if not formulas:
        texts = node.items("formulas", maximum=MAX_FORMULAS) or [node.text("formula") or ""]
        if not all(isinstance(text, str) for text in texts):
            raise node.error("A list of texts is expected.", "formulas")
        formulas = [NamedFormula(text) for text in texts if text.strip()]
    for formula in formulas:
        parse_formula(formula.text, series)
    return tuple(formulas)


def _formula(node: Node) -> NamedFormula:
    return NamedFormula(node.text("formula") or "", node.text("custom_name") or None)


def _sampling(node: Node) -> float | None:
    share = node.number("samplingFactor")
    if share is not None and not 0 < share <= 1:
        raise InvalidInput("Must be more than 0 and at most 1.", "samplingFactor")
    return None if share == 1 else share


def _echo(node: Node, query: TrendQuery) -> dict[str, JsonValue]:
    """What the answer's `filter` repeats: PostHog merges the parts of the query, and leaves nulls out."""
    echo: dict[str, JsonValue] = {
        "insight": "TRENDS",
        "filter_test_accounts": bool(node.get("filterTestAccounts")),
        "entity_type": "events",
        "interval": query.interval.value,
        "sampling_factor": node.get("samplingFactor"),
        "aggregation_group_type_index": node.get("aggregation_group_type_index"),
        **(node.get("breakdownFilter") or {}),
        "showLegend": False,
        **(node.get("trendsFilter") or {}),
        "display": query.display.value,
        "smoothingIntervals": query.smoothing,
    }
    echo = {key: value for key, value in echo.items() if value is not None}
    # Every row of the answer repeats it.
    if _size(echo) > MAX_ECHO:
        detail = f"breakdownFilter and trendsFilter may have at most {MAX_ECHO} characters of JSON."
        raise InvalidInput(detail, "trendsFilter")
    return echo


def _size(value: JsonValue) -> float:
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:  # nested too deeply to be answered
        return inf
