"""Which events an action matches."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hedgerow.domain.actions import Action, ActionStep, TextMatching, matching
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.properties import Operand, Scope, Source, matches, parse_filters

UTC = ZoneInfo("UTC")
CHAIN = 'a.btn.primary:attr__href="/x"href="https://example.com/Sign-Up"nth-child="1"nth-of-type="1"text="Go"'


def matched(*steps: ActionStep, event: str = "seen", elements: dict[str, str] | None = None, **properties: str) -> bool:
    def read(operand: Operand) -> str | None:
        if operand.source is Source.METADATA:
            return event
        if operand.source is Source.ELEMENT:
            return (elements or {}).get(operand.key)
        return {f"${key}": value for key, value in properties.items()}.get(operand.key)

    tree = matching(Action(1, "action", steps))
    return matches(tree, read=read, in_cohort=lambda _: False, evaluate=lambda _: False, zone=UTC)


def test_without_steps_or_with_an_empty_one_every_event_matches() -> None:
    assert matched()
    assert matched(ActionStep())


def test_any_step_will_do_but_all_of_it() -> None:
    steps = (ActionStep(event="other"), ActionStep(event="seen", url="/a"))
    assert matched(*steps, current_url="https://x/a")
    assert not matched(*steps, current_url="https://x/b")
    assert matched(*steps, event="other")


@pytest.mark.parametrize(
    ("url", "how", "address", "expected"),
    [
        ("example.com/a", TextMatching.CONTAINS, "https://example.com/a/b", True),
        ("Example.com", TextMatching.CONTAINS, "https://example.com", False),
        ("com/%/edit", TextMatching.CONTAINS, "https://example.com/a\nb/edit", True),
        ("com/_/edit", TextMatching.CONTAINS, "https://example.com/a/edit", False),
        ("a.b", TextMatching.CONTAINS, "axb", False),
        ("https://example.com", TextMatching.EXACT, "https://example.com", True),
        ("https://example.com", TextMatching.EXACT, "https://example.com/a", False),
        ("com/[0-9]+$", TextMatching.REGEX, "https://example.com/12", True),
        ("com/[0-9]+$", TextMatching.REGEX, "https://example.com/x", False),
    ],
)
def test_addresses(url: str, how: TextMatching, address: str, expected: bool) -> None:
    assert matched(ActionStep(url=url, url_matching=how), current_url=address) is expected


def test_an_event_without_an_address_has_none_to_match() -> None:
    assert not matched(ActionStep(url="a"))


def test_elements_count_only_for_autocapture() -> None:
    step = ActionStep(event="seen", text="Go", selector="a.btn", href="/x", tag_name="a")
    assert matched(step)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (ActionStep(event="$autocapture", href="https://example.com/Sign-Up"), True),
        (ActionStep(event="$autocapture", href="sign-up"), False),
        (ActionStep(event="$autocapture", href="sign-up", href_matching=TextMatching.CONTAINS), True),
        (ActionStep(event="$autocapture", href="Up$", href_matching=TextMatching.REGEX), True),
        (ActionStep(event="$autocapture", text="Go"), True),
        (ActionStep(event="$autocapture", text="Stop"), False),
        (ActionStep(event="$autocapture", tag_name="a"), True),
        (ActionStep(event="$autocapture", tag_name="button"), False),
        (ActionStep(event="$autocapture", selector="a.btn"), True),
        (ActionStep(event="$autocapture", selector="a.other"), False),
    ],
)
def test_elements(step: ActionStep, expected: bool) -> None:
    elements = {"href": "https://example.com/Sign-Up", "text": '["Go"]'}
    assert matched(step, event="$autocapture", elements=elements, elements_chain=CHAIN) is expected


def test_properties_are_met_too() -> None:
    properties = parse_filters([{"key": "$browser", "value": "Chrome"}], Scope.EVENT, zone=UTC)
    step = ActionStep(event="seen", properties=properties)
    assert matched(step, browser="Chrome")
    assert not matched(step, browser="Safari")


def test_a_bad_pattern_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as refusal:
        matching(Action(1, "action", (ActionStep(url="(", url_matching=TextMatching.REGEX),)))
    assert refusal.value.attr == "$current_url__0"
