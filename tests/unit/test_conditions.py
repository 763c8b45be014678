from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import re2
from hedgerow.domain.conditions import (
    Always,
    AnyOf,
    CleanedPathOneOf,
    Comparison,
    Condition,
    Contains,
    During,
    IsSet,
    Matches,
    Not,
    NumberBetween,
    NumberIs,
    OneOf,
    PathRule,
    TextIs,
    clean_path,
    compiled,
    holds,
    lower,
    text_of,
)
from hedgerow.domain.events import JsonValue
from hedgerow.domain.readings import LAST_INSTANT, instant_of, number_of
from hypothesis import given
from hypothesis import strategies as st

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")

EVERY_LEAF: list[Condition] = [
    IsSet(),
    OneOf(("a", "5"), ('{"a":1}',)),
    Contains("a"),
    Matches("a+"),
    NumberIs(Comparison.GT, 1.0),
    NumberBetween(0.0, 10.0),
    TextIs(Comparison.LTE, "b"),
    During(datetime(2020, 1, 1, tzinfo=UTC), None),
    CleanedPathOneOf(("/a",), (PathRule(r"\d+", ":id"),)),
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        (" a b ", " a b "),
        (123, "123"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ([], "[]"),
        ({"a": [1, "ü x", None]}, '{"a":[1,"ü x",null]}'),
        (2**70, "1180591620717411303424"),
    ],
)
def test_a_property_reads_as_text(value: JsonValue, text: str | None) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5.0),
        (" 5\n", 5.0),
        ("-1.5e3", -1500.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("9" * 400, None),
        ("1e-400", 0.0),
        *[
            (text, None)
            for text in ("", " ", "inf", "nan", "Infinity", "0x10", "1_000", "1e", ".", "5 5", "٥", "1e400", "true")
        ],
    ],
)
def test_numeric_text_is_plain_decimal_notation(text: str, number: float | None) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2020-06-01", "2020-05-31T22:00:00"),
        ("2020-06-01T10:00", "2020-06-01T08:00:00"),
        ("2020-06-01 10:00:05.1234567", "2020-06-01T08:00:05.123456"),
        (" 2020-06-01T10:00:05Z ", "2020-06-01T10:00:05"),
        ("2020-06-01T10:00:05+05:30", "2020-06-01T04:30:05"),
        ("2020-06-01T10:00:05 -0130", "2020-06-01T11:30:05"),
        ("2020-06-01 10:00:05-02", "2020-06-01T12:00:05"),
        ("1577880000", "2020-01-01T12:00:00"),
        ("1577880000.5", "2020-01-01T12:00:00.500000"),
        ("-1", "1969-12-31T23:59:59"),
        ("2020-06-01T25:00", "2020-05-31T22:00:00"),
        ("2020-06-01 at noon", "2020-05-31T22:00:00"),
        ("2020-10-25T02:30", "2020-10-25T01:30:00"),  # comes twice: the later
        ("2020-03-29T02:30", "2020-03-29T01:30:00"),  # never comes: the offset before the change
        ("9999-12-31", "9999-12-30T23:00:00"),
    ],
)
def test_dates_are_read_generously_in_the_project_timezone(text: str, iso: str) -> None:
    assert instant_of(text, BERLIN) == datetime.fromisoformat(iso).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2020-02-30", "2020-6-01", "20-06-01", "0999-01-01", "2020-13-01T00:00", "1e300", "-1e12", "true"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert instant_of(text, BERLIN) is None


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "America/Los_Angeles"])
@pytest.mark.parametrize("text", ["1000-01-01", "9999-12-31T23:59:59.999999", "9999-12-31"])
def test_the_first_and_the_last_day_never_raise(text: str, zone: str) -> None:
    instant = instant_of(text, ZoneInfo(zone))
    assert instant is None or instant <= LAST_INSTANT


@given(st.text(), st.sampled_from(["UTC", "Europe/Berlin", "America/Havana"]))
def test_any_text_can_be_read(text: str, zone: str) -> None:
    number = number_of(text)
    assert number is None or abs(number) < float("inf")
    instant = instant_of(text, ZoneInfo(zone))
    assert instant is None or instant.tzinfo is UTC


@given(st.datetimes().filter(lambda at: at.year >= 1000))
def test_an_instant_written_as_iso_reads_as_itself(at: datetime) -> None:
    assert instant_of(at.isoformat() + "Z", BERLIN) == at.replace(tzinfo=UTC)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63))
def test_a_number_property_reads_as_itself(number: float) -> None:
    assert number_of(text_of(number) or "") == float(number)


@pytest.mark.parametrize(
    ("condition", "text", "expected"),
    [
        (IsSet(), "", True),
        (OneOf(("a", "b")), "b", True),
        (OneOf(("a", "b")), "B", False),
        (OneOf((), ('{"a":1}',)), '{"a": 1}', True),
        (OneOf(("a b",)), "ab", False),
        (Contains("straße"), "Die STRAßE", True),
        (Contains("a%b"), "axb", False),
        (Contains("i"), "İ", True),
        (Matches("^b"), "ab", False),
        (Matches("b"), "ab", True),
        (Matches("B"), "ab", False),
        (Matches("a.b"), "a\nb", False),
        (Matches("^.$"), "é", True),
        (NumberIs(Comparison.GT, 5.0), "5", False),
        (NumberIs(Comparison.GTE, 5.0), " 5.0 ", True),
        (NumberIs(Comparison.LT, 5.0), "many", False),
        (NumberIs(Comparison.LTE, 10.0), "9", True),
        (NumberBetween(1.0, 2.0), "2", True),
        (NumberBetween(1.0, 2.0), "2.1", False),
        (TextIs(Comparison.GT, "b"), "c", True),
        (TextIs(Comparison.GTE, "b"), "b", True),
        (TextIs(Comparison.LT, "b"), "B", True),
        (TextIs(Comparison.LTE, "b"), "a", True),
        (TextIs(Comparison.GT, "\uffff"), "\U00010000", True),  # by code point, not by UTF-16
        (During(None, datetime(2020, 1, 1, tzinfo=UTC)), "2020-01-01", False),
        (During(datetime(2020, 1, 1, tzinfo=UTC), None), "2020-01-01", True),
        (During(None, None), "soon", False),
        (CleanedPathOneOf(("/u/:id",), (PathRule(r"\d+", ":id"),)), "/u/42", True),
        (AnyOf((OneOf(("a",)), OneOf(("b",)))), "b", True),
        (AnyOf(()), "b", False),
        (Always(), "b", True),
    ],
)
def test_a_condition_holds_as_documented(condition: Condition, text: str, expected: bool) -> None:
    assert holds(condition, text, UTC_ZONE) is expected
    assert holds(Not(condition), text, UTC_ZONE) is not expected


@pytest.mark.parametrize("condition", EVERY_LEAF, ids=lambda leaf: type(leaf).__name__)
def test_no_value_meets_no_condition_but_its_negation(condition: Condition) -> None:
    assert not holds(condition, None, UTC_ZONE)
    assert holds(Not(condition), None, UTC_ZONE)
    assert not holds(AnyOf((condition,)), None, UTC_ZONE)


def test_no_value_meets_always() -> None:
    assert holds(Always(), None, UTC_ZONE)


@pytest.mark.parametrize("condition", EVERY_LEAF, ids=lambda leaf: type(leaf).__name__)
@given(text=st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_decided(condition: Condition, text: str) -> None:
    for elements in (False, True):
        met = holds(condition, text, UTC_ZONE, elements=elements)
        assert holds(Not(condition), text, UTC_ZONE, elements=elements) is not met


@pytest.mark.parametrize(
    ("condition", "text", "expected"),
    [
        (OneOf(("TypeError",)), '["ValueError","TypeError"]', True),
        (OneOf(("TypeError",)), '["ValueError"]', False),
        (Not(OneOf(("TypeError",))), '["ValueError","TypeError"]', False),
        (Not(OneOf(("TypeError",))), "[]", True),
        (Contains("boom"), '["x","Boom!"]', True),
        (NumberIs(Comparison.GT, 5.0), "[1,6,null]", True),
        (OneOf(("TypeError",)), "TypeError", True),
        (OneOf(('{"a":1}',)), '{"a":1}', True),
        (IsSet(), "[]", True),
        (Not(IsSet()), "[]", False),
    ],
)
def test_a_list_meets_a_condition_by_any_of_its_elements(condition: Condition, text: str, expected: bool) -> None:
    assert holds(condition, text, UTC_ZONE, elements=True) is expected


def test_a_list_is_one_text_unless_its_elements_count() -> None:
    assert not holds(OneOf(("a",)), '["a"]', UTC_ZONE)


def test_lower_case_is_one_character_for_each() -> None:
    assert lower("ΑΣ İ Ä") == "ασ i ä"


@given(st.text())
def test_lower_case_keeps_the_length(text: str) -> None:
    assert len(lower(text)) == len(text)


@pytest.mark.parametrize(
    ("rules", "path", "cleaned"),
    [
        ([(r"\d+", ":id")], "/a/1/b/22", "/a/:id/b/:id"),
        ([(r"/(\w+)/(\w+)", r"/\2/\1\\")], "/a/b", "/b/a\\"),
        ([(r"x(y)?", r"[\1]")], "x", "[]"),
        ([("a", "b"), ("b", "c")], "ab", "cc"),
        ([("a*", "-")], "baac", "-b-c-"),
        ([("ü", "ue")], "/grün", "/gruen"),
        ([], "/a", "/a"),
    ],
)
def test_path_cleaning_replaces_as_re2_does(rules: list[tuple[str, str]], path: str, cleaned: str) -> None:
    assert clean_path(path, tuple(PathRule(regex, alias) for regex, alias in rules)) == cleaned


def test_a_broken_pattern_is_silent_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(re2.error):
        compiled("(")
    assert capfd.readouterr().err == ""
