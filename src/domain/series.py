"""From a store's cells to the rows of a trend: zeros, running sums, smoothing, order, formulas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

from .aggregation import (
    Actors,
    Cell,
    CellKind,
    Count,
    DistinctValues,
    FirstTime,
    Function,
    NumberOf,
    PerActor,
    RollingActors,
    SessionDuration,
)
from .formula import Formula, Outcome, parse_formula
from .trend_plan import NamedSeries, Plan, Question
from .trends import Display, TrendBreakdown, TrendQuery

_WHOLE = (Count, Actors, RollingActors, DistinctValues, FirstTime)


class BreakdownKind(StrEnum):
    """What a row of a breakdown stands for: a value, no value (in any of its dimensions), or all the rest."""

    VALUE = "value"
    NONE = "none"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BreakdownValue:
    """A text, or None for no value, for each dimension of the breakdown; all None for the rest."""

    values: tuple[str | None, ...]
    kind: BreakdownKind


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One row. `data` has a number for each bucket of its period; a total display has one number in all.

    `period` is an index into the plan's periods. `formula`: the row is that formula of the query, and
    `series` the first series it was made from.
    """

    series: NamedSeries
    period: int
    data: tuple[float, ...]
    breakdown: BreakdownValue | None = None
    formula: int | None = None


@dataclass(frozen=True, slots=True)
class TrendRows:
    """All rows in the order of the answer; whether breakdown values were left over; warnings for people."""

    rows: tuple[SeriesRow, ...]
    has_more: bool = False
    warnings: tuple[str, ...] = ()


def assemble(plan: Plan, answers: Iterable[Sequence[Cell]]) -> TrendRows:
    """The rows of a plan whose questions got these answers, in order.

    Without a breakdown every series has a row, of zeros if need be; with one, a row for each value found.
    """
    query = plan.query
    rows: list[SeriesRow] = []
    has_more = False
    for question, cells in zip(plan.questions, answers, strict=True):
        found = _rows(plan, question, cells)
        has_more = has_more or any(_is_other(row) for row in found)
        rows += found
    if query.breakdown and query.breakdown.joined:
        rows.sort(key=lambda row: (row.period, row.series.index, -sum(row.data)))
    if query.breakdown and query.breakdown.hide_other:
        rows = [row for row in rows if not _is_other(row)]
    if not query.formulas:
        return TrendRows(tuple(rows), has_more)
    return replace(_formula_rows(plan, rows), has_more=has_more)


def _rows(plan: Plan, question: Question, cells: Sequence[Cell]) -> list[SeriesRow]:
    query = plan.query
    if question.cohort is not None and not cells:
        return []
    length = 1 if query.display.total else len(plan.periods[question.period].starts)
    # By the cells' own values: a breakdown value takes longer to make and to compare.
    table: dict[tuple[CellKind, tuple[str | None, ...]], list[float]] = {}
    if query.breakdown is None:
        table[CellKind.VALUE, ()] = [0] * length
    scale = _scale(query, question)
    for cell in cells:
        key = cell.kind, cell.values
        data = table.get(key)
        if data is None:
            data = table[key] = [0] * length
        data[cell.bucket] = scale(cell.number)
    return [
        SeriesRow(question.series, question.period, tuple(_shape(query, data)), value)
        for value, data in sorted(
            ((_breakdown_value(*key, question, query.breakdown), data) for key, data in table.items()),
            key=lambda item: (_rank(item[0]), -sum(item[1]), _texts(item[0])),
        )
    ]


def _breakdown_value(
    kind: CellKind, values: tuple[str | None, ...], question: Question, breakdown: TrendBreakdown | None
) -> BreakdownValue | None:
    if breakdown is None:
        return None
    if question.cohort is not None:
        return BreakdownValue((str(question.cohort.id or "all"),), BreakdownKind.VALUE)
    if kind is CellKind.OTHER:
        return BreakdownValue((None,) * len(breakdown.dimensions), BreakdownKind.OTHER)
    return BreakdownValue(values, BreakdownKind.NONE if None in values else BreakdownKind.VALUE)


def _scale(query: TrendQuery, question: Question) -> Callable[[float], float]:
    """Numbers of a sample stand for all, except averages and the like; counts are whole numbers."""
    measure = question.aggregation.measure if question.aggregation else None
    share = query.sampling
    if share is None or isinstance(measure, PerActor):
        return round if isinstance(measure, _WHOLE) else float
    if isinstance(measure, NumberOf | SessionDuration) and measure.function is not Function.SUM:
        return float
    return lambda number: round(number / share)


def _shape(query: TrendQuery, data: list[float]) -> Iterable[float]:
    if query.display is Display.CUMULATIVE:
        data = list(accumulate(data))
    if query.smoothing == 1 or query.display.total:
        return data
    return _smooth(data, query.smoothing)


def _smooth(data: list[float], width: int) -> Iterable[float]:
    """Each value becomes the mean, rounded down, of up to `width` values that end with it."""
    sums = list(accumulate(data, initial=0.0))
    for end in range(1, len(sums)):
        start = max(0, end - width)
        # Rounded, lest the error of a difference of sums turn 3 into 2.
        yield math.floor(round((sums[end] - sums[start]) / (end - start), 9))


def _is_other(row: SeriesRow) -> bool:
    return row.breakdown is not None and row.breakdown.kind is BreakdownKind.OTHER


def _rank(value: BreakdownValue | None) -> int:
    return list(BreakdownKind).index(value.kind) if value else 0


def _texts(value: BreakdownValue | None) -> tuple[tuple[bool, str], ...]:
    return tuple((text is None, text or "") for text in value.values) if value else ()


def _formula_rows(plan: Plan, rows: list[SeriesRow]) -> TrendRows:
    result: list[SeriesRow] = []
    divided: set[tuple[int, int]] = set()
    out_of_range: set[tuple[int, int]] = set()
    for index, formula in enumerate(plan.query.formulas):
        parsed = parse_formula(formula.text, len(plan.query.series))
        for period in range(len(plan.periods)):
            made = []
            for group in _by_value(rows, period):
                outcome = _evaluate(parsed, plan, group)
                divided |= {(period, bucket) for bucket in outcome.divided_by_zero}
                out_of_range |= {(period, bucket) for bucket in outcome.out_of_range}
                made.append(replace(group[0], data=tuple(outcome.data), formula=index))
            if not (plan.query.breakdown and plan.query.breakdown.cohorts and not plan.query.breakdown.joined):
                # PostHog's order: the largest first, and of equal ones the one whose data is.
                made.sort(key=lambda row: (-_rank(row.breakdown), sum(row.data), row.data), reverse=True)
            result += made
    warnings = (
        *_warning("division by zero", len(divided)),
        *_warning("no finite number", len(out_of_range)),
    )
    return TrendRows(tuple(result), warnings=warnings)


def _by_value(rows: list[SeriesRow], period: int) -> Iterable[list[SeriesRow]]:
    """The rows of a period, those of one breakdown value together, one a series that has it."""
    groups: dict[BreakdownValue | None, list[SeriesRow]] = {}
    for row in rows:
        if row.period == period:
            groups.setdefault(row.breakdown, []).append(row)
    return groups.values()


def _evaluate(formula: Formula, plan: Plan, group: list[SeriesRow]) -> Outcome:
    length = len(group[0].data)
    columns: list[Sequence[float]] = [[0.0] * length for _ in plan.query.series]
    for row in group:
        columns[row.series.index] = row.data
    return formula.evaluate(columns, length)


def _warning(what: str, buckets: int) -> tuple[str, ...]:
    if not buckets:
        return ()
    return (f"{what} in {buckets} bucket{'s' if buckets > 1 else ''}",)
