"""Actions: named sets of events, told by steps any one of which an event may match."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import re2

from .conditions import Matches, OneOf
from .events import JsonValue
from .properties import And, Filter, FilterTree, Operand, Or, Scope, Source, parse_filters
from .trends import EVERYTHING


class TextMatching(StrEnum):
    """How a step's text, link or address is compared."""

    EXACT = "exact"
    CONTAINS = "contains"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class ActionStep:
    """All of what is set must hold. What names an element counts only for the event `$autocapture`."""

    event: str | None = None
    url: str | None = None
    url_matching: TextMatching = TextMatching.CONTAINS
    properties: FilterTree = EVERYTHING
    selector: str | None = None
    tag_name: str | None = None
    href: str | None = None
    href_matching: TextMatching = TextMatching.EXACT
    text: str | None = None
    text_matching: TextMatching = TextMatching.EXACT


@dataclass(frozen=True, slots=True)
class Action:
    """What a trend needs of an action."""

    id: int
    name: str
    steps: tuple[ActionStep, ...] = ()


_OPERATORS = {
    TextMatching.EXACT: "exact",
    TextMatching.CONTAINS: "icontains",
    TextMatching.REGEX: "regex",
}


def matching(action: Action) -> FilterTree:
    """The filter that an action's events meet; without steps, every event does.

    Raises InvalidInput for a pattern or a selector that cannot be read.
    """
    if not action.steps:
        return EVERYTHING
    return Or(tuple(_step(step) for step in action.steps))


def _step(step: ActionStep) -> FilterTree:
    parts: list[FilterTree] = [step.properties]
    if step.event:
        parts.append(Filter(Operand(Source.METADATA, "event"), OneOf((step.event,))))
    if step.url:
        parts.append(_address(step.url, step.url_matching))
    if step.event == "$autocapture":
        parts += [
            _filter(Source.ELEMENT, "selector", step.selector),
            _filter(Source.ELEMENT, "tag_name", step.tag_name),
            _filter(Source.ELEMENT, "href", step.href, step.href_matching),
            _filter(Source.ELEMENT, "text", step.text, step.text_matching),
        ]
    return And(tuple(parts))


def _address(url: str, how: TextMatching) -> FilterTree:
    """PostHog's `contains` of an address is case-sensitive, and `%` stands for any characters."""
    if how is not TextMatching.CONTAINS:
        return _filter(Source.EVENT, "$current_url", url, how)
    pattern = "(?s)" + ".*".join(re2.escape(part) for part in url.split("%"))
    return Filter(Operand(Source.EVENT, "$current_url"), Matches(pattern))


def _filter(source: Source, key: str, text: str | None, how: TextMatching = TextMatching.EXACT) -> FilterTree:
    """The filter that a client would send for it, so that there is one reading of selectors and patterns."""
    if not text:
        return EVERYTHING
    raw: dict[str, JsonValue] = {
        "type": source.value,
        "key": key,
        "operator": _OPERATORS[how],
        "value": text,
    }
    return parse_filters([raw], Scope.EVENT, zone=ZoneInfo("UTC"), attr=key)
