"""Formulas: precedence, division by zero, refusals, and that nothing but a refusal can happen."""

import math

import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.formula import MAX_LENGTH, MAX_NESTING, parse_formula
from hypothesis import given
from hypothesis import strategies as st


def value(text: str, *series: float) -> float:
    return parse_formula(text, len(series)).evaluate([[number] for number in series], 1).data[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A+2*B", 17.0),
        ("a + 2 * b", 17.0),
        ("(A+2)*B", 35.0),
        ("A-B-1", -5.0),
        ("B/2/2", 1.75),
        ("B%4", 3.0),
        ("-A", -3.0),
        ("--+A", 3.0),
        ("-A**2", -9.0),
        ("2**3**2", 512.0),
        ("2**-1", 0.5),
        ("1.5e1 + .5", 15.5),
        ("-0*A", 0.0),
    ],
)
def test_it_computes_with_the_usual_precedence(text: str, expected: float) -> None:
    result = value(text, 3, 7)
    assert result == expected
    assert math.copysign(1, result) == math.copysign(1, expected)


@pytest.mark.parametrize("text", ["A/B", "A%B", "B**-1"])
def test_division_by_zero_is_zero_and_its_buckets_are_told(text: str) -> None:
    outcome = parse_formula(text, 2).evaluate([[1, 2, 3], [0, 1, 0]], 3)
    assert (outcome.data[0], outcome.data[2]) == (0, 0)
    assert outcome.divided_by_zero == {0, 2}


def test_only_the_division_is_zero_not_the_whole_formula() -> None:
    assert value("A/B + 5", 1, 0) == 5


@pytest.mark.parametrize(("text", "number"), [("A**9999", 10), ("A*A", 1e300), ("A**0.5", -1)])
def test_what_is_no_finite_real_number_is_zero_and_told(text: str, number: float) -> None:
    outcome = parse_formula(text, 1).evaluate([[number]], 1)
    assert outcome.data == [0]
    assert outcome.out_of_range == {0}


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "ends too early"),
        ("  ", "ends too early"),
        ("A+", "ends too early"),
        ("(A", "ends too early"),
        ("A B", "unexpected 'B' at position 3"),
        ("A)", r"unexpected '\)' at position 2"),
        ("A & B", "unexpected '&' at position 3"),
        ("sqrt(A)", "names sqrt"),
        ("2A", "unexpected 'A' at position 2"),
        ("C", "names C"),
        ("A//B", "unexpected '/' at position 3"),
        ("__import__('os')", "names __import__"),
        ("1e999", "too large"),
        ("é", "unexpected 'é' at position 1"),
        ("(" * (MAX_NESTING + 1) + "A" + ")" * (MAX_NESTING + 1), f"{MAX_NESTING} levels"),
        ("-" * (MAX_NESTING + 1) + "A", f"{MAX_NESTING} levels"),
        ("A" + "**A" * (MAX_NESTING + 1), f"{MAX_NESTING} levels"),
        ("A" + "+A" * MAX_LENGTH, f"{MAX_LENGTH} characters"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, detail: str) -> None:
    with pytest.raises(InvalidInput, match=detail) as refusal:
        parse_formula(text, 2)
    assert refusal.value.attr == "formula"


@given(st.text(alphabet="AB ab+-*/%()0129.eE", max_size=60), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_any_text_is_computed_to_a_finite_number_or_refused(text: str, a: float, b: float) -> None:
    try:
        formula = parse_formula(text, 2)
    except InvalidInput:
        return
    assert all(map(math.isfinite, formula.evaluate([[a], [b]], 1).data))


@given(
    st.recursive(
        st.sampled_from(["A", "B", "2", "0.5"]),
        lambda part: st.one_of(
            st.tuples(part, st.sampled_from(["+", "-", "*"]), part).map("".join),
            part.map(lambda text: f"({text})"),
            part.map(lambda text: f"-{text}"),
        ),
        max_leaves=12,
    )
)
def test_it_agrees_with_python(text: str) -> None:
    expected = eval(text, {"A": 3.0, "B": -7.0})  # noqa: S307
    assert value(text, 3, -7) == pytest.approx(expected)
