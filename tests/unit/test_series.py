"""From cells to rows: zeros, running sums, smoothing, order, sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hedgerow.domain.aggregation import Cell, CellKind, Dimension
from hedgerow.domain.properties import Operand, Source
from hedgerow.domain.series import BreakdownKind, TrendRows, assemble
from hedgerow.domain.trend_plan import Plan, name_series, plan
from hedgerow.domain.trends import Display, Math, NamedFormula, Series, TrendBreakdown, TrendQuery
from hypothesis import given
from hypothesis import strategies as st

from ..trend_fixtures import a_project, instant

NOW = instant("2020-01-05 12:00")
OTHER = CellKind.OTHER


def planned(*series: Series, dimensions: int = 0, **keys: Any) -> Plan:
    """A plan of five days, broken down by so many properties."""
    keys = {"date_from": "-4d", **keys}
    if dimensions:
        dimension = Dimension(Operand(Source.EVENT, "x"))
        keys["breakdown"] = TrendBreakdown((dimension,) * dimensions, 25, hide_other=keys.pop("hide_other", False))
    query = TrendQuery(series or (Series("seen"),), **keys)
    named = name_series(query, lambda action_id: None)
    return plan(query, named, project=a_project(), now=NOW)


def data_of(plan: Plan, *answers: Sequence[Cell]) -> list[tuple[float, ...]]:
    return [row.data for row in assemble(plan, answers).rows]


def values_of(rows: TrendRows) -> list[tuple[str | None, ...] | None]:
    return [row.breakdown.values if row.breakdown else None for row in rows.rows]


def test_buckets_without_a_cell_are_zero() -> None:
    assert data_of(planned(), [Cell(1, 2.0), Cell(4, 1.0)]) == [(0, 2, 0, 0, 1)]


def test_counts_are_whole_numbers() -> None:
    (data,) = data_of(planned(), [Cell(0, 2.0)])
    assert all(isinstance(number, int) for number in data)


def test_a_cumulative_display_adds_up() -> None:
    assert data_of(planned(display=Display.CUMULATIVE), [Cell(0, 1), Cell(2, 2)]) == [(1, 1, 3, 3, 3)]


def test_a_total_is_one_number() -> None:
    assert data_of(planned(display=Display.PIE), [Cell(0, 7)]) == [(7,)]
    assert data_of(planned(display=Display.PIE), []) == [(0,)]


def test_a_breakdown_without_cells_has_no_rows() -> None:
    assert data_of(planned(dimensions=1), []) == []


def test_values_go_by_sum_then_text_then_none_then_the_rest() -> None:
    cells = [
        Cell(0, 9, (), OTHER),
        Cell(0, 8, (None,)),
        Cell(0, 1, ("b",)),
        Cell(1, 1, ("a",)),
        Cell(0, 1, ("c",)),
        Cell(1, 2, ("c",)),
    ]
    found = assemble(planned(dimensions=1), [cells])
    assert values_of(found) == [("c",), ("a",), ("b",), (None,), (None,)]
    assert [row.breakdown.kind for row in found.rows if row.breakdown][-2:] == [BreakdownKind.NONE, BreakdownKind.OTHER]
    assert found.has_more


def test_a_list_with_no_value_anywhere_is_after_those_without() -> None:
    cells = [Cell(0, 5, ("a", None)), Cell(0, 1, ("b", "c")), Cell(0, 6, (None, "d"))]
    found = assemble(planned(dimensions=2), [cells])
    assert values_of(found) == [("b", "c"), (None, "d"), ("a", None)]


def test_the_rest_can_be_hidden_but_is_told() -> None:
    found = assemble(planned(dimensions=1, hide_other=True), [[Cell(0, 1, ("a",)), Cell(0, 9, (), OTHER)]])
    assert values_of(found) == [("a",)]
    assert found.has_more


def test_smoothing_uses_fewer_buckets_at_the_start_and_rounds_down() -> None:
    cells = [Cell(index, number) for index, number in enumerate((5, 4, 0, 3, 3))]
    assert data_of(planned(smoothing=3), cells) == [(5, 4, 3, 2, 2)]


@given(st.lists(st.integers(0, 1000), min_size=5, max_size=5), st.integers(1, 9))
def test_smoothing_is_the_floor_of_the_mean_of_a_window(numbers: list[int], width: int) -> None:
    (data,) = data_of(planned(smoothing=width), [Cell(index, number) for index, number in enumerate(numbers)])
    for index, value in enumerate(data):
        window = numbers[max(0, index + 1 - width) : index + 1]
        assert value == sum(window) // len(window)


def test_smoothing_is_not_misled_by_binary_fractions() -> None:
    plan = planned(Series("seen", math=Math.AVG, math_property="x"), smoothing=2)
    assert data_of(plan, [Cell(0, 6.3), Cell(1, 4.6), Cell(2, 5.4)])[0][2] == 5


@pytest.mark.parametrize(
    ("math", "expected"),
    [(None, 10), (Math.DAU, 10), (Math.SUM, 10), (Math.AVG, 3.0), (Math.P90, 3.0), (Math.MAX_COUNT_PER_ACTOR, 3.0)],
)
def test_numbers_of_a_sample_stand_for_all_but_averages_do_not(math: Math | None, expected: float) -> None:
    plan = planned(Series("seen", math=math, math_property="x"), sampling=0.3)
    assert data_of(plan, [Cell(0, 3.0)])[0][0] == expected


def test_compared_series_come_after_all_current_ones() -> None:
    plan = planned(Series("a"), Series("b"), compare=True)
    rows = assemble(plan, [[], [], [], []]).rows
    assert [(row.series.name, row.period) for row in rows] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_a_formula_takes_zero_for_a_series_without_the_value() -> None:
    plan = planned(Series("a"), Series("b"), dimensions=1, formulas=(NamedFormula("A-B"),))
    found = assemble(plan, [[Cell(0, 2, ("x",))], [Cell(0, 3, ("y",))]])
    assert [(row.breakdown and row.breakdown.values, row.data[0]) for row in found.rows] == [(("x",), 2), (("y",), -3)]


def test_formula_rows_go_by_kind_then_sum_then_data() -> None:
    plan = planned(dimensions=1, formulas=(NamedFormula("A"),))
    cells = [
        Cell(0, 9, (), OTHER),
        Cell(0, 8, (None,)),
        Cell(3, 1, ("late",)),
        Cell(1, 1, ("soon",)),
        Cell(0, 2, ("x",)),
    ]
    assert values_of(assemble(plan, [cells])) == [("x",), ("soon",), ("late",), (None,), (None,)]


def test_a_bucket_divided_by_zero_twice_is_told_once() -> None:
    plan = planned(Series("a"), Series("b"), formulas=(NamedFormula("A/B"), NamedFormula("B/B")))
    found = assemble(plan, [[Cell(0, 1)], [Cell(1, 1)]])
    assert found.warnings == ("division by zero in 4 buckets",)


def test_letters_name_series_by_their_place_even_if_an_action_is_gone() -> None:
    plan = planned(Series(action_id=5), Series("b"), formulas=(NamedFormula("B"),))
    assert data_of(plan, [Cell(0, 4)]) == [(4, 0, 0, 0, 0)]


def test_a_range_that_ends_before_it_starts_has_no_buckets() -> None:
    plan = planned(date_from="2020-01-05", date_to="2020-01-01")
    assert plan.questions[0].aggregation is None
    assert data_of(plan, []) == [()]
