"""The expression language: what it reads, what it refuses and where, and what it comes to."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.expression import MAX_LENGTH, parse_aggregate, parse_condition, parse_text, parse_value
from hedgerow.domain.expression_values import aggregate_of, value_of
from hedgerow.domain.operands import Operand, Source
from hypothesis import given
from hypothesis import strategies as st

EVENT = {
    Operand(Source.METADATA, "event"): "buy",
    Operand(Source.METADATA, "distinct_id"): "ann",
    Operand(Source.METADATA, "timestamp"): "2026-01-01T12:00:00.000000Z",
    Operand(Source.EVENT, "$browser"): "Chrome",
    Operand(Source.EVENT, "amount"): "12.5",
    Operand(Source.EVENT, "a b"): "spaced",
    Operand(Source.EVENT, "yes"): "true",
    Operand(Source.EVENT, "empty"): "",
    Operand(Source.PERSON, "plan"): "pro",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("properties.$browser", "Chrome"),
        ("properties.`a b`", "spaced"),
        ("person.properties.plan", "pro"),
        ("event", "buy"),
        ("properties.none", None),
        ("'it''s' ", "it's"),
        (r"'\''", "'"),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 - -3", 1),
        ("7 / 2", 3.5),
        ("7 % -4", 3),
        ("5 / 0", 0),
        ("5 % 0", 0),
        ("properties.none / 0", None),
        ("5 / properties.none", None),
        ("properties.amount * 2", 25),
        ("properties.$browser + 1", None),
        ("1e308 * 10", None),
        ("properties.amount > 9", True),
        ("properties.amount > '9'", False),
        ("'b' > 'a'", True),
        ("1 = 1.0", True),
        ("1 != 1", False),
        ("1 <> 2", True),
        ("properties.yes = true", True),
        ("properties.none = 1", None),
        ("null = null", None),
        ("properties.none is null", True),
        ("properties.empty is not null", True),
        ("not properties.yes", False),
        ("not not true", True),
        ("true or properties.none", True),
        ("false or properties.none", None),
        ("false and properties.none", False),
        ("true and properties.none", None),
        ("1 or 0", True),
        ("false and true or true", True),
        ("event in ('sell', 'buy')", True),
        ("event not in ('buy')", False),
        ("properties.amount in (12.5)", True),
        ("event like 'b_y'", True),
        ("event like 'B%'", False),
        ("event ilike 'B%'", True),
        ("event not like '%.%'", True),
        ("properties.none like '%'", None),
        ("toString(12.0)", "12"),
        ("toString(0.1)", "0.1"),
        ("toString(1 = 1)", "true"),
        ("toFloat('x')", None),
        ("toInt('-2.7')", -2),
        ("lower('ÄB')", "äb"),
        ("upper('äß')", "ÄẞS"[:2]),
        ("length('äb')", 2),
        ("concat('a', properties.none, 1)", "a1"),
        ("coalesce(properties.none, 'x')", "x"),
        ("ifNull(properties.amount, 0)", "12.5"),
        ("if(properties.amount > 10, 'big', 'small')", "big"),
        ("if(properties.none, 1, 2)", 2),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(0.125, 2)", 0.13),
        ("floor(-0.5)", -1),
        ("ceil(0.2)", 1),
        ("abs(-3)", 3),
        ("match(properties.$browser, '^Ch.*e$')", True),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = value_of(parse_value(text), EVENT.get)
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


def test_conditions_are_truth_values_and_breakdowns_texts() -> None:
    assert value_of(parse_condition("properties.amount"), EVENT.get) is None
    assert value_of(parse_condition("1"), EVENT.get) is True
    assert value_of(parse_text("properties.amount + 1"), EVENT.get) == "13.5"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("count()", 4),
        ("count(*)", 4),
        ("count(properties.n)", 3),
        ("count(distinct properties.n)", 2),
        ("uniq(properties.n)", 2),
        ("countIf(properties.n > 1)", 1),
        ("sum(properties.n)", 4),
        ("avg(properties.n)", 4 / 3),
        ("min(properties.n)", 1),
        ("max(properties.n)", 2),
        ("median(properties.n)", 1),
        ("quantile(0.75)(properties.n)", 1.5),
        ("sum(properties.n) / count() * 100", 100),
        ("sum(properties.n * 2) - 1", 7),
        ("sum(properties.none)", 0),
        ("avg(properties.none)", 0),
        ("count() / 0", 0),
        ("if(count() > 3, 1, 2)", 1),
        ("round(avg(properties.n), 1)", 1.3),
        ("1", 1),
    ],
)
def test_aggregates(text: str, number: float) -> None:
    events = [{Operand(Source.EVENT, "n"): n} for n in ("1", "1", "2", None)]
    assert aggregate_of(parse_aggregate(text), [event.get for event in events]) == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("", "a value expected", 0),
        ("1 +", "a value expected", 3),
        ("1 1", "unexpected '1'", 2),
        ("(1", "')' expected", 2),
        ("1 # 2", "unexpected '#'", 2),
        ("'open", 'unexpected "\'"', 0),
        ("nothing", "unknown name 'nothing'", 0),
        ("1 + sleep(1)", "unknown function 'sleep'", 4),
        ("count()", "unknown function 'count'", 0),
        ("lower()", "lower does not take these arguments", 0),
        ("round(1, event)", "round does not take these arguments", 0),
        ("properties", "'.' expected", 10),
        ("properties.", "the name of a property expected", 11),
        ("properties.a.b", "unexpected '.'", 12),
        ("person.name", "'properties' expected", 7),
        ("event like properties.a", "a pattern in quotes expected", 11),
        ("match(event, '(')", "Invalid regular expression", 13),
        ("event not 1", "'in', 'like' or 'ilike' expected", 10),
        ("event; drop table events", "unexpected ';'", 5),
        ("select 1", "unknown name 'select'", 0),
    ],
)
def test_what_it_refuses_and_where(text: str, what: str, place: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_condition(text, "here")
    assert what in caught.value.detail
    assert f"at position {place}." in caught.value.detail
    assert caught.value.attr == "here"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("properties.n", "'properties' outside of an aggregate at position 0"),
        ("sum(properties.n) + event", "'event' outside of an aggregate at position 20"),
        ("sum(count())", "unknown function 'count' at position 4"),
        ("sum()", "sum does not take these arguments"),
        ("quantile(2)(properties.n)", "a number from 0 to 1 expected"),
    ],
)
def test_what_aggregates_refuse(text: str, what: str) -> None:
    with pytest.raises(InvalidInput, match="Expression: ") as caught:
        parse_aggregate(text)
    assert what in caught.value.detail


def test_length_and_nesting_are_bounded() -> None:
    for text in ("1" * (MAX_LENGTH + 1), "(" * 900 + "1" + ")" * 900, "lower(" * 100, "1" + "+1" * 500):
        with pytest.raises(InvalidInput):
            parse_condition(text)
    assert value_of(parse_condition("not " * 400 + "event in (" + ",".join("1" * 100) + ")"), EVENT.get) is None


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_condition, parse_aggregate):
        with suppress(InvalidInput):
            parse(text)


@given(st.text(alphabet="1+-*/%()=<> andornot'properties.x,if", max_size=80))
def test_any_likely_text_is_read_or_refused_and_comes_to_something(text: str) -> None:
    try:
        term = parse_condition(text)
    except InvalidInput:
        return
    assert value_of(term, EVENT.get) in (True, False, None)
