from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hedgerow.domain.conditions import Always, IsSet, Not, OneOf, PathRule, text_of
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.events import JsonValue
from hedgerow.domain.properties import (
    ELEMENTS_CHAIN,
    MAX_DEPTH,
    MAX_FILTERS,
    And,
    CohortFilter,
    ExpressionFilter,
    Filter,
    FilterTree,
    Operand,
    Or,
    Scope,
    Source,
    leaves,
    matches,
    parse_filters,
    parse_filters_text,
    parse_path_rules,
)
from hypothesis import given, settings
from hypothesis import strategies as st

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
MISSING = object()
"""A property that is not there, or a filter without a value."""


def parsed(raw: Any, scope: Scope = Scope.PERSON, zone: ZoneInfo = UTC) -> FilterTree:
    return parse_filters(raw, scope, zone=zone, path_rules=(PathRule(r"\d+", ":id"),))


def met(
    tree: FilterTree, properties: dict[str, JsonValue], cohorts: Set[int] = frozenset(), zone: ZoneInfo = UTC
) -> bool:
    return matches(
        tree,
        read=lambda operand: text_of(properties.get(operand.key)),
        in_cohort=lambda cohort_id: cohort_id in cohorts,
        evaluate=lambda text: text == "true",
        zone=zone,
    )


def holds_for(operator: str, value: Any, property_: Any, zone: ZoneInfo = UTC) -> bool:
    """Whether a filter on key `k` holds for a property of that value."""
    item = {"key": "k", "operator": operator} | ({} if value is MISSING else {"value": value})
    tree = parsed([item], zone=zone)
    return met(tree, {} if property_ is MISSING else {"k": property_}, zone=zone)


def refusal(raw: Any, scope: Scope = Scope.PERSON) -> tuple[str, str | None, str]:
    with pytest.raises(InvalidInput) as caught:
        parsed(raw, scope)
    return caught.value.detail, caught.value.attr, caught.value.code


@pytest.mark.parametrize(
    ("operator", "value", "property_", "expected"),
    [
        ("exact", "a", "a", True),
        ("exact", "a", "A", False),
        ("exact", 5, 5, True),
        ("exact", 5, "5", True),
        ("exact", "5", 5, True),
        ("exact", "true", True, True),
        ("exact", True, "true", True),
        ("exact", "", "", True),
        ("exact", ["a", "b"], "b", True),
        ("exact", ["a", None], "b", False),
        ("exact", '{"a": [1, 2]}', {"a": [1, 2]}, True),
        ("exact", '{"a":1}', '{"a": 1}', True),
        ("exact", "[1,\n2]", [1, 2], True),
        ("exact", [{"a": 1}], {"a": 1}, True),
        ("exact", '{"a": 1}', {"a": 2}, False),
        ("exact", "a b", "ab", False),
        ("exact", "nul\0", "nul\ufffd", True),
        ("is_not", "a", "b", True),
        ("is_not", ["a", "b"], "b", False),
        ("is_not", ["a", "b"], "c", True),
        ("icontains", "ANOTHER@gm", "another@gmail.com", True),
        ("icontains", "a%l", "axl", False),
        ("icontains", "a_l", "axl", False),
        ("icontains", ["x", "y"], "zY", True),
        ("icontains", "", "", True),
        ("not_icontains", "x", "aXb", False),
        ("not_icontains", ["x", "y"], "z", True),
        ("not_icontains", ["x", "y"], "y", False),
        ("regex", "^a.c$", "abc", True),
        ("regex", "b", "abc", True),
        ("regex", "B", "abc", False),
        ("regex", ["^x", "^a"], "abc", True),
        ("not_regex", "b", "abc", False),
        ("not_regex", ["^x", "^y"], "abc", True),
        ("gt", 5, 10, True),
        ("gt", "5", "10", True),
        ("gt", " 5 ", " 10 ", True),
        ("gt", 5, 5, False),
        ("gt", 5, "many", False),
        ("gt", "b", "c", True),
        ("gt", "b", 5, False),
        ("gt", "2020-01-01", "2020-06-01T10:00:00Z", True),
        ("gt", "2020-01-01", "zzz", False),
        ("gt", "2020-01-01T00:00:00+02:00", "2019-12-31T22:00:00.000001Z", True),
        ("gt", "2020-01-01", 1590000000, True),
        ("gt", [100, 5], 10, True),
        ("gte", 5, 5, True),
        ("gte", "2020-01-01", "2020-01-01", True),
        ("min", 5, 5, True),
        ("lt", 5, 4, True),
        ("lt", 5, "", False),
        ("lt", "2020-01-01", "2020-01-01", False),
        ("lte", 5, 5, True),
        ("lte", "2020-01-01", "2020-01-01", True),
        ("lte", "2020-01-01", "2020-01-01T00:00:00.000001", False),
        ("max", 5, 6, False),
        ("is_set", MISSING, "", True),
        ("is_set", "is_set", False, True),
        ("is_set", {"any": "thing"}, 0, True),
        ("is_not_set", MISSING, "", False),
        ("is_not_set", "is_not_set", None, True),
        ("is_date_exact", "2020-01-02", "2020-01-02T23:59:59.999999", True),
        ("is_date_exact", "2020-01-02", "2020-01-03", False),
        ("is_date_exact", "2020-01-02", "2020-01-02 nonsense", True),
        ("is_date_exact", "2020-01-02T10:00:00", "2020-01-02T10:00:00.7Z", True),
        ("is_date_exact", "2020-01-02T10:00:00.9", "2020-01-02T10:00:00", True),
        ("is_date_exact", "2020-01-02T10:00:00", "2020-01-02T10:00:01", False),
        ("is_date_exact", ["2020-01-01", "2020-01-02"], "2020-01-02", True),
        ("is_date_exact", 1577880000, "2020-01-01T12:00:00Z", True),
        ("is_date_after", "2020-01-02", "2020-01-02T23:59:59", False),
        ("is_date_after", "2020-01-02", "2020-01-03", True),
        ("is_date_after", "2020-01-02T10:00:00", "2020-01-02T10:00:00", False),
        ("is_date_after", "2020-01-02T10:00:00", "2020-01-02T10:00:01", True),
        ("is_date_after", ["2030-01-01", "2020-01-01"], "2025-01-01", True),
        ("is_date_after", "2020-01-02", "soon", False),
        ("is_date_before", "2020-01-02", "2020-01-01T23:59:59", True),
        ("is_date_before", "2020-01-02", "2020-01-02", False),
        ("is_date_before", "2020-01-02T10:00:00", "2020-01-02T09:59:59", True),
        ("is_date_before", ["2020-01-01", "2020-01-03"], "2020-01-02", True),
        ("in", ["a", "b"], "b", True),
        ("in", ["a"], "b", False),
        ("not_in", ["a", "b"], "b", False),
        ("not_in", ["a"], "b", True),
        ("between", [1, 3], 3, True),
        ("between", ["1", 3], "1", True),
        ("between", [1, 3], 3.1, False),
        ("between", [1, 3], "many", False),
        ("not_between", [1, 3], 2, False),
        ("not_between", [1, 3], 4, True),
        ("not_between", [1, 3], "many", True),
        ("is_cleaned_path_exact", "/u/1", "/u/22", True),
        ("is_cleaned_path_exact", ["/x", "/u/:id"], "/u/22", True),
        ("is_cleaned_path_exact", "/u/1", "/v/1", False),
    ],
)
def test_every_operator_means_what_it_says(operator: str, value: Any, property_: Any, expected: bool) -> None:
    assert holds_for(operator, value, property_) is expected


OPERATORS: list[tuple[str, Any, bool]] = [
    ("exact", "a", False),
    ("is_not", "a", True),
    ("icontains", "a", False),
    ("not_icontains", "a", True),
    ("regex", "a", False),
    ("not_regex", "a", True),
    ("gt", 1, False),
    ("gte", "2020-01-01", False),
    ("lt", "b", False),
    ("lte", 1, False),
    ("min", 1, False),
    ("max", 1, False),
    ("is_set", MISSING, False),
    ("is_not_set", MISSING, True),
    ("is_date_exact", "2020-01-01", False),
    ("is_date_after", "2020-01-01", False),
    ("is_date_before", "2020-01-01", False),
    ("in", ["a"], False),
    ("not_in", ["a"], True),
    ("between", [1, 2], False),
    ("not_between", [1, 2], True),
    ("is_cleaned_path_exact", "a", False),
]
"""Every operator, a value for it, and whether no value meets it."""


@pytest.mark.parametrize("nothing", [MISSING, None], ids=["missing", "null"])
@pytest.mark.parametrize(("operator", "value", "expected"), OPERATORS)
def test_missing_and_null_are_no_value(operator: str, value: Any, expected: bool, nothing: Any) -> None:
    assert holds_for(operator, value, nothing) is expected


@pytest.mark.parametrize(
    "operator", sorted({name for name, *_ in OPERATORS} - {"is_set", "is_not_set", "between", "not_between"})
)
@pytest.mark.parametrize("property_", [MISSING, "a", 5])
def test_an_empty_list_as_value_is_true(operator: str, property_: Any) -> None:
    assert holds_for(operator, [], property_)


def test_dates_without_a_zone_are_in_the_project_timezone() -> None:
    assert holds_for("is_date_exact", "2020-06-02", "2020-06-01T22:00:00Z", BERLIN)
    assert not holds_for("is_date_exact", "2020-06-02", "2020-06-02T22:00:00Z", BERLIN)
    assert holds_for("is_date_before", "2020-06-02T00:00", "2020-06-01T21:59:59Z", BERLIN)
    assert holds_for("is_date_exact", "2020-06-02", "2020-06-02T23:30", BERLIN)


def test_a_day_starts_at_its_first_instant_where_midnight_is_jumped_over_or_comes_twice() -> None:
    sao_paulo, havana = ZoneInfo("America/Sao_Paulo"), ZoneInfo("America/Havana")
    assert holds_for("is_date_exact", "2018-11-04", "2018-11-04T03:00:00Z", sao_paulo)
    assert not holds_for("is_date_exact", "2018-11-04", "2018-11-04T02:59:59Z", sao_paulo)
    assert holds_for("is_date_exact", "2024-11-03", "2024-11-03T04:00:00Z", havana)
    assert holds_for("gte", "2024-11-03", "2024-11-03", havana)
    assert not holds_for("gt", "2024-11-03", "2024-11-03", havana)


@pytest.mark.parametrize("operator", ["is_date_exact", "is_date_after", "is_date_before", "gt", "lte"])
@pytest.mark.parametrize("value", ["9999-12-31", "9999-12-31T23:59:59.999999Z", "1000-01-02"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_the_ends_of_time_are_dates_too(operator: str, value: str, zone: str) -> None:
    assert not holds_for(operator, value, "soon", ZoneInfo(zone))


# A pair, a value and properties that both can read: exactly one of the two holds.
@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("exact", "is_not", ["a", "5"]),
        ("icontains", "not_icontains", ["a", "5"]),
        ("regex", "not_regex", "a|5"),
        ("in", "not_in", ["a", "5"]),
        ("between", "not_between", [1, 5]),
        ("is_set", "is_not_set", MISSING),
        ("gt", "lte", "a"),
        ("lt", "gte", "a"),
    ],
)
@given(property_=st.text(max_size=5) | st.integers() | st.booleans() | st.lists(st.integers(), max_size=2))
def test_negation_pairs_are_complements(one: str, other: str, value: Any, property_: Any) -> None:
    assert holds_for(one, value, property_) is not holds_for(other, value, property_)


@pytest.mark.parametrize(("one", "other"), [("gt", "lte"), ("lt", "gte")])
@given(number=st.floats(allow_nan=False, allow_infinity=False), bound=st.integers(-100, 100))
def test_comparisons_of_numbers_are_complements(one: str, other: str, number: float, bound: int) -> None:
    assert holds_for(one, bound, number) is not holds_for(other, bound, number)


@given(at=st.datetimes(), bound=st.dates().filter(lambda day: 1000 < day.year < 9999))
def test_a_date_is_before_on_or_after_a_day(at: Any, bound: Any) -> None:
    held = [
        holds_for(operator, bound.isoformat(), at.isoformat() + "Z", BERLIN)
        for operator in ("is_date_before", "is_date_exact", "is_date_after")
    ]
    assert sum(held) == (1 if at.year >= 1000 else 0)


@pytest.mark.parametrize("operator", [MISSING, None, ""])
def test_the_operator_is_exact_unless_said(operator: Any) -> None:
    item = {"key": "k", "value": "a"} | ({} if operator is MISSING else {"operator": operator})
    assert parsed([item]) == And((Filter(Operand(Source.PERSON, "k"), OneOf(("a",))),))


def test_persons_with_a_property_that_is_set_or_contains_a_text() -> None:
    people: list[dict[str, JsonValue]] = [
        {"email": "someone@gmail.com"},
        {"email": "another@gmail.com", "name": "james"},
        {"name": "jane"},
    ]
    is_set = parsed([{"key": "email", "operator": "is_set", "value": "is_set", "type": "person"}])
    assert [met(is_set, person) for person in people] == [True, True, False]
    contains = parsed([{"key": "email", "operator": "icontains", "value": "another@gm", "type": "person"}])
    assert [met(contains, person) for person in people] == [False, True, False]
    is_not = parsed([{"key": "email", "operator": "is_not", "value": "someone@gmail.com", "type": "person"}])
    assert [met(is_not, person) for person in people] == [False, True, True]


def test_a_list_means_and_and_groups_nest() -> None:
    a, b, c = ({"key": key, "value": "1"} for key in "abc")
    nested = parsed({"type": "AND", "values": [{"type": "OR", "values": [a, b]}, c]})
    assert isinstance(nested, And)
    assert isinstance(nested.children[0], Or)
    assert met(nested, {"b": 1, "c": 1})
    assert not met(nested, {"a": 1, "b": 1})
    assert met(parsed([a, b]), {"a": 1, "b": 1})
    assert not met(parsed([a, b]), {"a": 1})
    assert not met(parsed([a, nested_group(a, b)]), {"b": 1})


def nested_group(*items: Any) -> dict[str, Any]:
    return {"type": "OR", "values": [*items]}


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("raw", [None, [], {}, {"type": "AND", "values": []}, {"type": "OR", "values": []}])
def test_nothing_to_filter_is_true(raw: Any, scope: Scope) -> None:
    assert met(parsed(raw, scope), {})


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"type": "event"},
        {"key": "k"},
        {"key": "k", "value": None},
        {"key": "k", "operator": "regex"},
        {"key": "k", "type": "cohort"},
        {"key": "selector", "type": "element"},
    ],
)
def test_an_event_filter_without_a_value_is_true(item: Any) -> None:
    assert met(parsed([item], Scope.EVENT), {})


def test_an_event_filter_without_a_value_still_names_its_operand() -> None:
    tree = parsed([{"key": "bar", "type": "person"}], Scope.EVENT)
    assert list(leaves(tree)) == [Filter(Operand(Source.PERSON, "bar"), Always())]


def test_is_set_needs_no_value_in_any_scope() -> None:
    assert parsed([{"key": "k", "operator": "is_set"}], Scope.EVENT) == And(
        (Filter(Operand(Source.EVENT, "k"), IsSet()),)
    )


def test_a_person_filter_needs_a_key_and_a_value() -> None:
    required = "This field is required."
    assert refusal([{"value": 1}]) == (required, "properties__0__key", "required")
    assert refusal([{"key": "a", "value": 1}, {"key": "k"}]) == (required, "properties__1__value", "required")
    assert refusal([{"key": "k", "value": None}]) == (required, "properties__0__value", "required")
    assert refusal([{"type": "cohort"}]) == (required, "properties__0__value", "required")
    assert refusal([{"key": 5, "value": 1}])[1:] == ("properties__0__key", "invalid")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("event", "event"), ("feature", "feature"), ("hogql", "hogql"), ("x", "x"), (5, "5"), (["x"], "…")],
)
def test_a_type_that_does_not_belong_is_refused(kind: Any, shown: str) -> None:
    raw = [{"key": "k", "value": 1, "type": kind}]
    detail = f"The '{shown}' property filter does not work in 'person' scope"
    assert refusal(raw) == (detail, "properties", "invalid_input")


def test_an_unknown_type_of_an_event_filter_is_refused() -> None:
    assert refusal([{"key": "k", "value": 1, "type": "data_warehouse"}], Scope.EVENT) == (
        "The 'data_warehouse' property filter does not work in 'event' scope",
        "properties",
        "invalid_input",
    )


@pytest.mark.parametrize("raw", ["x", 5, True, ["x"], [[]], {"key": "k", "value": 1}, {"type": "AND"}, {"foo": 1}])
def test_json_of_another_shape_is_unparsable(raw: Any) -> None:
    assert refusal(raw) == ("Properties are unparsable!", "properties", "invalid_input")


@pytest.mark.parametrize("text", ["", "{", "NaN", "[{'key': 1}]", '"\\ud800"', '"[]"'])
def test_text_that_is_not_json_is_unparsable(text: str) -> None:
    with pytest.raises(InvalidInput, match="Properties are unparsable!") as caught:
        parse_filters_text(text, Scope.PERSON, zone=UTC)
    assert caught.value.attr == "properties"


def test_json_text_is_read() -> None:
    tree = parse_filters_text('[{"key":"k","value":1}]', Scope.PERSON, zone=UTC)
    assert tree == And((Filter(Operand(Source.PERSON, "k"), OneOf(("1",))),))


@pytest.mark.parametrize("operator", ["regex", "not_regex"])
def test_an_invalid_pattern_names_the_filter_and_the_reason(operator: str) -> None:
    broken = {"key": "k", "operator": operator, "value": "("}
    reason = ("Invalid regular expression: missing ): (", "properties__0", "invalid_input")
    assert refusal([broken]) == reason
    inside = {"type": "AND", "values": [{"key": "k", "value": 1}, {"type": "OR", "values": [broken]}]}
    assert refusal(inside)[1] == "properties__values__1__values__0"
    assert refusal({f"k__{operator}": "("}, Scope.EVENT)[1] == f"properties__k__{operator}"


def test_patterns_that_re2_does_not_know_are_refused() -> None:
    assert refusal([{"key": "k", "operator": "regex", "value": r"(a)\1"}])[1] == "properties__0"
    assert "1000" in refusal([{"key": "k", "operator": "regex", "value": "a" * 1001}])[0]


@pytest.mark.parametrize("operator", ["between", "not_between"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "a two-element array [min, max]"),
        ([], "a two-element array [min, max]"),
        ([1, 2, 3], "a two-element array [min, max]"),
        ([1, None], "a two-element array [min, max]"),
        ([2, 1], "min value to be less than or equal to max value"),
        (["a", 1], "numeric values"),
        ([True, 1], "numeric values"),
    ],
)
def test_between_needs_a_range(operator: str, value: Any, reason: str) -> None:
    raw = [{"key": "k", "operator": operator, "value": value}]
    assert refusal(raw) == (f"{operator} operator requires {reason}", "properties__0", "invalid_input")


@pytest.mark.parametrize("operator", ["in", "not_in"])
def test_in_needs_a_list(operator: str) -> None:
    raw = [{"key": "k", "operator": operator, "value": "a"}]
    assert refusal(raw) == (f"{operator} operator requires a list", "properties__0", "invalid_input")


@pytest.mark.parametrize("operator", ["semver_eq", "flag_evaluates_to", "EXACT", 5, ["exact"]])
def test_an_unknown_operator_is_refused(operator: Any) -> None:
    _, attr, code = refusal([{"key": "k", "operator": operator, "value": "a"}])
    assert (attr, code) == ("properties__0__operator", "invalid_choice")


def test_what_an_error_repeats_can_be_written_and_is_short() -> None:
    detail, *_ = refusal([{"key": "k", "operator": "\ud800" + "x" * 1000, "value": "a"}])
    assert detail.encode()
    assert len(detail) < 200


@pytest.mark.parametrize("value", ["soon", "", "2020-13-01", True])
def test_an_unreadable_date_is_refused(value: Any) -> None:
    assert refusal([{"key": "k", "operator": "is_date_after", "value": value}])[1] == "properties__0"


@pytest.mark.parametrize("kind", ["XOR", "and", None, 5])
def test_an_unknown_group_type_is_refused(kind: Any) -> None:
    assert refusal({"type": kind, "values": []})[1:] == ("properties__type", "invalid_choice")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"value": 3}, CohortFilter(3)),
        ({"value": "3", "operator": None}, CohortFilter(3)),
        ({"value": 3, "operator": "in"}, CohortFilter(3)),
        ({"value": 3, "operator": "exact"}, CohortFilter(3)),
        ({"value": 3, "operator": "not_in"}, CohortFilter(3, negated=True)),
        ({"value": 3, "negation": True}, CohortFilter(3, negated=True)),
        ({"value": 3, "type": "static-cohort"}, CohortFilter(3)),
        ({"value": 3, "type": "precalculated-cohort"}, CohortFilter(3)),
        ({"value": [3, 4]}, Or((CohortFilter(3), CohortFilter(4)))),
        ({"value": [3, 4], "operator": "not_in"}, And((CohortFilter(3, True), CohortFilter(4, True)))),
        ({"value": []}, And(())),
    ],
)
@pytest.mark.parametrize("scope", Scope)
def test_a_cohort_filter_asks_for_membership(item: Any, expected: FilterTree, scope: Scope) -> None:
    assert parsed([{"key": "id", "type": "cohort"} | item], scope) == And((expected,))


def test_a_cohort_filter_meets_members() -> None:
    inside, outside = (parsed([{"type": "cohort", "value": 3, "operator": name}]) for name in ("in", "not_in"))
    assert met(inside, {}, {3})
    assert not met(inside, {}, {4})
    assert met(outside, {}, {4})


@pytest.mark.parametrize("value", ["x", 1.5, True, -1, 10**20, {"id": 3}])
def test_a_cohort_id_is_an_integer(value: Any) -> None:
    assert refusal([{"type": "cohort", "value": value}])[1:] == ("properties__0__value", "invalid")


@pytest.mark.parametrize(
    ("item", "operand"),
    [
        ({}, Operand(Source.EVENT, "k")),
        ({"type": "events"}, Operand(Source.EVENT, "k")),
        ({"type": "feature"}, Operand(Source.EVENT, "k")),
        ({"type": "person"}, Operand(Source.PERSON, "k")),
        ({"type": "session", "key": "$session_duration"}, Operand(Source.SESSION, "$session_duration")),
        ({"type": "group", "group_type_index": 0}, Operand(Source.GROUP, "k", 0)),
        ({"type": "group", "group_type_index": "4"}, Operand(Source.GROUP, "k", 4)),
        ({"type": "event_metadata", "key": "$group_0"}, Operand(Source.METADATA, "$group_0")),
        ({"type": "element", "key": "href"}, Operand(Source.ELEMENT, "href")),
    ],
)
def test_an_event_filter_names_what_it_reads(item: Any, operand: Operand) -> None:
    tree = parsed([{"key": "k", "value": "v"} | item], Scope.EVENT)
    assert tree == And((Filter(operand, OneOf(("v",))),))


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"type": "event_metadata"}, "key"),
        ({"type": "element"}, "key"),
        ({"type": "group"}, "group_type_index"),
        ({"type": "group", "group_type_index": 5}, "group_type_index"),
        ({"type": "group", "group_type_index": True}, "group_type_index"),
        ({"type": "element", "key": "tag_name", "operator": "regex"}, "operator"),
    ],
)
def test_an_event_filter_names_what_can_be_read(item: Any, field: str) -> None:
    raw = [{"key": "k", "value": "v"} | item]
    assert refusal(raw, Scope.EVENT)[1:] == (f"properties__0__{field}", "invalid_choice")


def test_values_is_another_name_of_value() -> None:
    assert met(parsed([{"key": "k", "values": ["a"]}], Scope.EVENT), {"k": "a"})


def test_an_expression_filter_is_evaluated() -> None:
    tree = parsed([{"type": "hogql", "key": "true"}], Scope.EVENT)
    assert tree == And((ExpressionFilter("true"),))
    assert met(tree, {})
    assert not met(parsed([{"type": "hogql", "key": "false"}], Scope.EVENT), {})


def test_the_oldest_form_names_the_operator_in_the_key() -> None:
    tree = parsed({"$browser": "Chrome", "email__icontains": "@x", "a__b": 1, "gone__is_not_set": True}, Scope.EVENT)
    assert met(tree, {"$browser": "Chrome", "email": "me@X.com", "a__b": 1})
    assert not met(tree, {"$browser": "Chrome", "email": "me@X.com", "a__b": 1, "gone": 1})
    assert not met(tree, {"$browser": "Safari", "email": "me@X.com", "a__b": 1})


@pytest.mark.parametrize("key", ["$exception_types", "$exception_values", "$exception_sources", "$exception_functions"])
def test_exception_lists_match_by_any_element(key: str) -> None:
    values: dict[str, JsonValue] = {key: ["ValueError", "TypeError"]}
    assert met(parsed([{"key": key, "value": "TypeError"}], Scope.EVENT), values)
    assert not met(parsed([{"key": key, "value": "TypeError", "operator": "is_not"}], Scope.EVENT), values)
    assert not met(parsed([{"key": key, "value": "TypeError"}]), values)


CHAIN = (
    'a.btn.md:flex.primary:attr__data-x="a;b:c"attr__href="/x?q=\\"1\\""attr_id="go"'
    'href="/x?q=\\"1\\""nth-child="2"nth-of-type="1"text="Go; div:now";'
    'div.menu:attr__class="menu"nth-child="1"nth-of-type="1";section:nth-child="3"nth-of-type="1";body'
)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("tag_name", "a", True),
        ("tag_name", "section", True),
        ("tag_name", "body", True),
        ("tag_name", "div", True),
        ("tag_name", "di", False),
        ("tag_name", " div", False),
        ("tag_name", ["p", "a"], True),
        ("selector", "a", True),
        ("selector", ".btn", True),
        ("selector", ".bt", False),
        ("selector", ".menu", True),
        ("selector", "a.primary.btn", True),
        ("selector", r"a.md\:flex.primary", True),
        ("selector", "div.btn", False),
        ("selector", "#go", True),
        ("selector", "a#gone", False),
        ("selector", "[id=go]", True),
        ("selector", "a[href]", True),
        ("selector", "a[title]", False),
        ("selector", "a[data-x='a;b:c'].btn", True),
        ("selector", 'a[data-x="b"]', False),
        ("selector", "a:nth-child(2)", True),
        ("selector", "a:nth-child(1)", False),
        ("selector", "div > a", True),
        ("selector", "section a", True),
        ("selector", "section > a", False),
        ("selector", "section > div > *", True),
        ("selector", "body div.menu > a.btn:nth-of-type(1)", True),
        ("selector", "a div", False),
        ("selector", ["p", "div a"], True),
    ],
)
def test_elements_are_found_on_the_chain(key: str, value: Any, expected: bool) -> None:
    item = {"type": "element", "key": key, "value": value}
    tree = parsed([item], Scope.EVENT)
    assert [leaf.operand for leaf in leaves(tree) if isinstance(leaf, Filter)] == [ELEMENTS_CHAIN]
    assert met(tree, {"$elements_chain": CHAIN}) is expected
    assert met(parsed([item | {"operator": "is_not"}], Scope.EVENT), {"$elements_chain": CHAIN}) is not expected


def test_an_event_without_elements_has_none_of_them() -> None:
    item = {"type": "element", "key": "tag_name", "value": "a", "operator": "is_not"}
    assert met(parsed([item], Scope.EVENT), {"$elements_chain": ""})
    assert met(parsed([item], Scope.EVENT), {})


@pytest.mark.parametrize("selector", ["", ">", "a >", "> a", "a, b", "a:hover", "a[", "*a*", ".", "a" * 1001])
def test_a_selector_that_cannot_be_matched_is_refused(selector: str) -> None:
    raw = [{"type": "element", "key": "selector", "value": selector}]
    assert refusal(raw, Scope.EVENT)[1] == "properties__0"


def test_path_rules_are_checked() -> None:
    assert parse_path_rules([{"regex": r"(\d+)", "alias": r"\1\\"}]) == (PathRule(r"(\d+)", r"\1\\"),)
    bad: list[Any] = ["x", ["x"], [{"regex": "("}], [{"regex": "(", "alias": "x"}], [{"regex": "a", "alias": "\\1"}]]
    for raw in [*bad, [{"regex": "a", "alias": "\\"}], [{"regex": "a", "alias": "\\n"}], None]:
        with pytest.raises(InvalidInput) as caught:
            parse_path_rules(raw)
        assert str(caught.value.attr).startswith("path_cleaning_filters")


def test_depth_and_numbers_are_limited_and_the_errors_name_the_limit() -> None:
    deep: dict[str, Any] = {"type": "AND", "values": []}
    for _ in range(MAX_DEPTH - 1):
        deep = {"type": "OR", "values": [deep]}
    assert met(parsed(deep), {})
    assert str(MAX_DEPTH) in refusal({"type": "AND", "values": [deep]})[0]
    many = [{"key": "k", "value": "a"}] * MAX_FILTERS
    assert len(list(leaves(parsed(many)))) == MAX_FILTERS
    assert str(MAX_FILTERS) in refusal([*many, many[0]])[0]
    assert str(MAX_FILTERS) in refusal(dict.fromkeys(map(str, range(MAX_FILTERS + 1)), 1), Scope.EVENT)[0]
    assert "10000" in refusal([{"key": "k", "value": list(range(10_001))}])[0]


def test_a_value_nested_too_deeply_is_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    assert refusal([{"key": "k", "value": [value]}])[1] == "properties__0"


def test_a_filter_tree_is_a_value() -> None:
    raw = [{"key": "k", "value": ["a"]}, {"type": "cohort", "value": 3}]
    assert hash(parsed(raw)) == hash(parsed(raw))
    assert parsed(raw) == parsed(raw)


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=6,
)
VALUES = JSON | st.sampled_from(
    ["2020-01-02", "(", "[a-", "5", "a.b > c", [1, 2], ["x", None], '{"a": 1}', "9999-12-31"]
)
FIELDS = {
    "key": st.sampled_from(["k", "id", "timestamp", "selector", "tag_name", "$exception_types"]) | JSON,
    "value": VALUES,
    "values": VALUES,
    "operator": st.sampled_from([name for name, *_ in OPERATORS] + ["", "semver_eq"]) | JSON,
    "type": st.sampled_from(["event", "person", "cohort", "group", "hogql", "element", "event_metadata", "session"])
    | JSON,
    "group_type_index": st.integers(0, 5) | JSON,
    "negation": st.booleans(),
}
ITEMS = st.fixed_dictionaries({}, optional=FIELDS) | JSON
TREES = st.recursive(
    ITEMS,
    lambda children: (
        st.lists(children, max_size=3)
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["AND", "OR", "or"]), "values": st.lists(children, max_size=3)}
        )
    ),
    max_leaves=6,
)


@settings(max_examples=250)
@given(raw=TREES | st.lists(ITEMS, max_size=3), scope=st.sampled_from(Scope), property_=JSON)
def test_any_json_is_refused_as_input_or_decides_any_property(raw: Any, scope: Scope, property_: Any) -> None:
    tree = tried(lambda: parse_filters(raw, scope, zone=BERLIN))
    if isinstance(tree, InvalidInput):
        assert str(tree.attr).startswith("properties")
        assert tree.detail.encode()
        return
    decided = matches(
        tree,
        read=lambda operand: text_of(property_),
        in_cohort=lambda cohort_id: cohort_id % 2 == 0,
        evaluate=lambda text: len(text) % 2 == 0,
        zone=BERLIN,
    )
    assert decided in (True, False)


@given(st.text())
def test_any_text_is_refused_as_input_or_read(text: str) -> None:
    tree = tried(lambda: parse_filters_text(text, Scope.PERSON, zone=UTC))
    assert not isinstance(tree, InvalidInput) or tree.attr == "properties"


def tried(parse: Callable[[], FilterTree]) -> FilterTree | InvalidInput:
    try:
        return parse()
    except InvalidInput as refused:
        return refused


PARTS = st.lists(st.sampled_from("abc").map(lambda key: Filter(Operand(Source.PERSON, key), IsSet())), max_size=3).map(
    tuple
)
PEOPLE = st.dictionaries(st.sampled_from("abc"), st.just("x"))


@given(PARTS, PARTS, PEOPLE)
def test_groups_obey_the_laws_of_logic(left: Any, right: Any, person: dict[str, JsonValue]) -> None:
    negated = tuple(Filter(part.operand, Not(part.condition)) for part in left)
    assert met(And(left), person) is not met(Or(negated), person)
    assert met(And((And(left), And(right))), person) is met(And(left + right), person)
    assert met(Or((Or(left), Or(right))), person) is met(Or(left + right), person)
    assert met(And((And(left), Or(right))), person) is (met(And(left), person) and met(Or(right), person))
