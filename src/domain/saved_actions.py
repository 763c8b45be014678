"""Actions as members keep them: steps in the form in which they are sent, read when a trend needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from .accounts import Project
from .actions import Action, ActionStep, TextMatching, matching
from .errors import InvalidInput
from .events import JsonValue
from .properties import Scope, parse_filters, parse_path_rules
from .saved import VersionedRepository
from .wire import Node

MAX_STEPS = 50
_TEXTS = ("event", "selector", "tag_name", "text", "href", "url")
_MATCHINGS = ("text_matching", "href_matching", "url_matching")
STEP_KEYS = (
    "event",
    "properties",
    "selector",
    "tag_name",
    "text",
    "text_matching",
    "href",
    "href_matching",
    "url",
    "url_matching",
)

Step = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class SavedAction:
    """An action. `steps` are objects of exactly `STEP_KEYS`. `version` grows with each change."""

    id: int
    project_id: int
    name: str
    description: str
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    deleted: bool
    created_at: datetime
    created_by: int | None
    version: int = 1


class ActionRepository(VersionedRepository[SavedAction], Protocol):
    """The actions of all projects."""


def read_steps(raw: object, project: Project) -> tuple[Step, ...]:
    """The steps that a client sent, with all their keys. Raises `InvalidInput`: `steps__0__url` and the like."""
    if not isinstance(raw, list) or len(raw) > MAX_STEPS:
        raise InvalidInput(f"A list of at most {MAX_STEPS} steps is expected.", "steps")
    return tuple(_checked(step, f"steps__{index}", project) for index, step in enumerate(raw))


def action_of(saved: SavedAction, project: Project) -> Action:
    """What a trend needs of a saved action."""
    steps = (_read(step, f"steps__{index}", project) for index, step in enumerate(saved.steps))
    return Action(saved.id, saved.name, tuple(steps))


def _checked(raw: object, path: str, project: Project) -> Step:
    if not isinstance(raw, Mapping):
        raise InvalidInput("An object is expected.", path)
    step: dict[str, Any] = {key: raw.get(key) for key in STEP_KEYS}
    step["properties"] = step["properties"] or []
    step["url_matching"] = step["url_matching"] or TextMatching.CONTAINS.value
    read = _read(step, path, project)
    try:
        matching(Action(0, "", (read,)))
    except InvalidInput as error:
        # Named by what it is a filter on; the address is a filter on a property.
        field = (error.attr or "").partition("__")[0].replace("$current_url", "url")
        raise InvalidInput(error.detail, f"{path}__{field}") from None
    return step


def _read(step: Step, path: str, project: Project) -> ActionStep:
    node = Node(step, STEP_KEYS, path)
    try:
        texts: dict[str, Any] = {key: node.text(key) for key in _TEXTS}
        matchings: dict[str, Any] = {key: choice for key in _MATCHINGS if (choice := node.choice(key, TextMatching))}
    except InvalidInput as error:
        raise InvalidInput(error.detail, error.attr) from None  # a field of a resource, not a query's syntax
    properties = parse_filters(
        node.get("properties"),
        Scope.EVENT,
        zone=ZoneInfo(project.timezone),
        attr=node.path("properties"),
        path_rules=parse_path_rules([dict(rule) for rule in project.path_cleaning_filters]),
    )
    return replace(ActionStep(properties=properties, **texts), **matchings)
