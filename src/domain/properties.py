"""Filters on properties: read from the wire into one normal form, and decided.

`parse_filters` turns what a client sent into a `FilterTree`; `matches` is what the tree means. Which condition
an operator makes of a value is decided in `operators`, what a condition means in `conditions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from .conditions import Always, Condition, Matches, Not, PathRule, compiled, holds
from .errors import InvalidInput
from .events import JsonValue
from .expression import parse_condition
from .operands import Operand as Operand  # noqa: PLC0414 - whoever speaks of filters speaks of these
from .operands import Source as Source  # noqa: PLC0414
from .operators import Operator, any_of, checked_pattern, condition_of, storable, texts_of
from .selectors import selector_pattern, tag_pattern

MAX_DEPTH = 20
MAX_FILTERS = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """The operand meets the condition."""

    operand: Operand
    condition: Condition


@dataclass(frozen=True, slots=True)
class CohortFilter:
    """The person is, or with `negated` is not, in the cohort. Whether there is such a cohort is not known here."""

    cohort_id: int
    negated: bool = False


@dataclass(frozen=True, slots=True)
class PersonIn:
    """The person is, or with `negated` is not, one of these; with None, one that exists. Not sent by clients."""

    uuids: tuple[UUID, ...] | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class ExpressionFilter:
    """The expression, in the small expression language, is true."""

    text: str


@dataclass(frozen=True, slots=True)
class And:
    """All children hold. Without children it is true."""

    children: tuple[FilterTree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A child holds. Without children it is false; `parse_filters` makes none such."""

    children: tuple[FilterTree, ...]


Leaf: TypeAlias = Filter | CohortFilter | PersonIn | ExpressionFilter
FilterTree: TypeAlias = Leaf | And | Or


def matches(
    tree: FilterTree,
    *,
    read: Callable[[Operand], str | None],
    in_cohort: Callable[[int], bool],
    evaluate: Callable[[str], bool],
    zone: ZoneInfo,
    is_one_of: Callable[[tuple[UUID, ...] | None], bool] = lambda _: False,
) -> bool:
    """Whether the tree holds for one event or person.

    `read` gives an operand's text, `in_cohort` tells membership by cohort id, `evaluate` decides an expression,
    `is_one_of` whether the person is one of these or, of None, exists; `zone` is the project's.
    """

    def met(part: FilterTree) -> bool:
        match part:
            case And():
                return all(met(child) for child in part.children)
            case Or():
                return any(met(child) for child in part.children)
            case CohortFilter():
                return in_cohort(part.cohort_id) != part.negated
            case PersonIn():
                return is_one_of(part.uuids) != part.negated
            case ExpressionFilter():
                return evaluate(part.text)
            case Filter():
                return holds(part.condition, read(part.operand), zone, elements=part.operand.is_list)

    return met(tree)


def leaves(tree: FilterTree) -> Iterator[Leaf]:
    """The filters of a tree without its groups, in order."""
    if isinstance(tree, And | Or):
        for child in tree.children:
            yield from leaves(child)
    else:
        yield tree


class Scope(StrEnum):
    """What is filtered. It decides which types a filter may have and which it has by default.

    PERSON filters, those of persons and cohorts, must say a value. EVENT filters without one are true.
    """

    PERSON = "person"
    EVENT = "event"


def parse_filters(
    raw: JsonValue,
    scope: Scope,
    *,
    zone: ZoneInfo,
    attr: str = "properties",
    path_rules: tuple[PathRule, ...] = (),
) -> FilterTree:
    """The filters of a request: a list (all of them) or a group `{"type": "AND" | "OR", "values": […]}`, nested.

    In the EVENT scope also PostHog's oldest form, `{"key__operator": value}`. None and empty lists or groups
    are true. Values are read in the project's `zone` and, for `is_cleaned_path_exact`, with its `path_rules`.

    Raises `InvalidInput`: attr is `attr` for another shape of JSON or a type that does not belong here, else
    names the filter by its place in what was sent: `properties__0`, `properties__values__1__values__0`,
    `properties__email__icontains`; followed by the field if one is missing or not among its choices.
    """
    return _Parser(scope, zone, attr, path_rules).tree(raw)


def parse_filters_text(
    text: str,
    scope: Scope,
    *,
    zone: ZoneInfo,
    attr: str = "properties",
    path_rules: tuple[PathRule, ...] = (),
) -> FilterTree:
    """`parse_filters` of JSON text. Raises `InvalidInput` also for text that is not JSON."""
    try:
        raw: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        _unparsable(attr)
    return parse_filters(raw, scope, zone=zone, attr=attr, path_rules=path_rules)


def parse_path_rules(raw: JsonValue, attr: str = "path_cleaning_filters") -> tuple[PathRule, ...]:
    """A project's path-cleaning rules, a list of `{"regex", "alias"}`, in order. Raises `InvalidInput`."""
    if not isinstance(raw, list):
        raise InvalidInput("must be a list of rules, each with regex and alias", attr)
    return tuple(_path_rule(rule, f"{attr}__{index}") for index, rule in enumerate(raw))


ELEMENTS_CHAIN = Operand(Source.EVENT, "$elements_chain")
"""The clicked element and its parents as one text, empty without them; see `selectors`."""

_Object: TypeAlias = dict[str, JsonValue]
_OPERATORS = {operator.value: operator for operator in Operator}
_TYPES = {
    Scope.PERSON: {"person", "cohort"},
    Scope.EVENT: {*(source.value for source in Source), "cohort", "hogql"},
}
# PostHog's other names for the same types.
_TYPE_ALIASES = {
    "events": "event",
    "feature": "event",
    "static-cohort": "cohort",
    "precalculated-cohort": "cohort",
}
# The types whose keys are a closed set.
_KEYS = {
    "event_metadata": {"event", "distinct_id", "timestamp", "uuid", *(f"$group_{index}" for index in range(5))},
    "element": {"selector", "tag_name", "href", "text"},
}


@dataclass(slots=True)
class _Parser:
    """Reads one tree. `where` is always the attr of the part that is being read."""

    scope: Scope
    zone: ZoneInfo
    attr: str
    path_rules: tuple[PathRule, ...]
    count: int = 0

    def tree(self, raw: JsonValue) -> FilterTree:
        if raw is None or raw == {}:
            return And(())
        if isinstance(raw, list):
            return And(self.items(raw, self.attr, 1))
        if isinstance(raw, dict) and _is_group(raw):
            return self.group(raw, self.attr, 1)
        if not isinstance(raw, dict) or self.scope is not Scope.EVENT:
            _unparsable(self.attr)
        return And(tuple(self.oldest(name, value) for name, value in raw.items()))

    def group(self, raw: _Object, where: str, depth: int) -> FilterTree:
        if depth > MAX_DEPTH:
            raise InvalidInput(f"Filters may be nested at most {MAX_DEPTH} levels deep.", self.attr)
        kind, values = raw.get("type"), raw.get("values")
        if kind not in ("AND", "OR"):
            _no_choice(kind, f"{where}__type")
        if not isinstance(values, list):
            _unparsable(self.attr)
        children = self.items(values, f"{where}__values", depth)
        return Or(children) if kind == "OR" and children else And(children)

    def items(self, raw: list[JsonValue], where: str, depth: int) -> tuple[FilterTree, ...]:
        return tuple(self.item(item, f"{where}__{index}", depth) for index, item in enumerate(raw))

    def oldest(self, name: str, value: JsonValue) -> FilterTree:
        key, _, operator = name.rpartition("__")
        item: _Object = {"key": name, "value": value}
        if key and operator in _OPERATORS:
            item = {"key": key, "value": value, "operator": operator}
        return self.item(item, f"{self.attr}__{storable(name)}", 1)

    def item(self, raw: JsonValue, where: str, depth: int) -> FilterTree:
        self.count += 1
        if self.count > MAX_FILTERS:
            raise InvalidInput(f"There may be at most {MAX_FILTERS} filters.", self.attr)
        if not isinstance(raw, dict):
            _unparsable(self.attr)
        if _is_group(raw):
            return self.group(raw, where, depth + 1)
        kind, value = self.kind(raw), _value(raw)
        if self.scope is Scope.EVENT and value is None and raw.get("key") is None:
            return And(())
        if kind == "cohort":
            return self.cohort(raw, value, where)
        key = _key(raw, where)
        if kind == "hogql":
            parse_condition(key, f"{where}__key")
            return ExpressionFilter(key)
        if kind in _KEYS and key not in _KEYS[kind]:
            _no_choice(key, f"{where}__key")
        index = _group_type_index(raw, where) if kind == "group" else None
        operator = _operator(raw, where)
        if operator.needs_value:
            self.require(value, where)
        if kind == "element" and key in ("selector", "tag_name"):
            return _on_the_chain(key, operator, value, where)
        condition = condition_of(operator, value, zone=self.zone, path_rules=self.path_rules, attr=where)
        return Filter(Operand(Source(kind), key, index), condition)

    def kind(self, raw: _Object) -> str:
        named = raw.get("type") or self.scope.value
        kind = _TYPE_ALIASES.get(named, named) if isinstance(named, str) else ""
        if kind not in _TYPES[self.scope]:
            detail = f"The '{_shown(named)}' property filter does not work in '{self.scope}' scope"
            raise InvalidInput(detail, self.attr)
        return kind

    def require(self, value: JsonValue, where: str) -> None:
        if value is None and self.scope is Scope.PERSON:
            raise InvalidInput("This field is required.", f"{where}__value", "required")

    def cohort(self, raw: _Object, value: JsonValue, where: str) -> FilterTree:
        operator = raw.get("operator") or "in"
        if operator not in ("in", "not_in", "exact", "is_not"):
            _no_choice(operator, f"{where}__operator")
        self.require(value, where)
        negated = operator in ("not_in", "is_not") or raw.get("negation") is True
        filters = tuple(CohortFilter(_cohort_id(text, where), negated) for text in texts_of(value, where))
        if len(filters) == 1:
            return filters[0]
        return Or(filters) if filters and not negated else And(filters)


def _is_group(raw: _Object) -> bool:
    return "key" not in raw and (isinstance(raw.get("values"), list) or raw.get("type") in ("AND", "OR"))


def _value(raw: _Object) -> JsonValue:
    value = raw.get("value")
    return raw.get("values") if value is None else value


def _key(raw: _Object, where: str) -> str:
    key = raw.get("key")
    if key is None:
        raise InvalidInput("This field is required.", f"{where}__key", "required")
    if not isinstance(key, str):
        raise InvalidInput("Not a valid string.", f"{where}__key", "invalid")
    return storable(key)


def _operator(raw: _Object, where: str) -> Operator:
    named = raw.get("operator") or Operator.EXACT
    if not isinstance(named, str) or named not in _OPERATORS:
        _no_choice(named, f"{where}__operator")
    return _OPERATORS[named]


def _group_type_index(raw: _Object, where: str) -> int:
    index = raw.get("group_type_index")
    if not isinstance(index, int | str) or str(index) not in ("0", "1", "2", "3", "4"):
        _no_choice(index, f"{where}__group_type_index")
    return int(index)


def _cohort_id(text: str, where: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InvalidInput("A valid integer is required.", f"{where}__value", "invalid")
    return int(text)


def _on_the_chain(key: str, operator: Operator, value: JsonValue, where: str) -> Filter:
    """Filters on elements become patterns over the whole chain, which every store can search."""
    if operator not in (Operator.EXACT, Operator.IS_NOT):
        _no_choice(operator, f"{where}__operator")
    texts = texts_of(value, where)
    if not texts:
        return Filter(ELEMENTS_CHAIN, Always())
    found = any_of(
        [Matches(tag_pattern(text) if key == "tag_name" else selector_pattern(text, where)) for text in texts]
    )
    return Filter(ELEMENTS_CHAIN, found if operator is Operator.EXACT else Not(found))


def _path_rule(raw: JsonValue, where: str) -> PathRule:
    if not isinstance(raw, dict):
        raise InvalidInput("must be an object with regex and alias", where)
    regex, alias = raw.get("regex"), raw.get("alias")
    if not isinstance(regex, str) or not isinstance(alias, str):
        raise InvalidInput("regex and alias must be texts", where)
    rule = PathRule(checked_pattern(storable(regex), where), storable(alias))
    groups = compiled(rule.regex).groups
    # Pairs of a backslash and what follows it: RE2 knows digits, for groups, and the backslash itself.
    for escaped in re.findall(r"\\(.?)", rule.alias, re.DOTALL):
        if escaped != "\\" and not (escaped in set("0123456789") and int(escaped) <= groups):
            raise InvalidInput(f"alias may name groups \\0 to \\{groups}, and write \\\\ for \\", where)
    return rule


def _unparsable(attr: str) -> NoReturn:
    raise InvalidInput("Properties are unparsable!", attr)


def _no_choice(value: object, attr: str) -> NoReturn:
    raise InvalidInput(f'"{_shown(value)}" is not a valid choice.', attr, "invalid_choice")


def _shown(value: object) -> str:
    return "…" if isinstance(value, list | dict) else storable(str(value))[:100]
