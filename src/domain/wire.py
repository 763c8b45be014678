"""Reading one object of a client's query, key by key, with errors that name the place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from .errors import InvalidInput

MAX_TEXT = 10_000

E = TypeVar("E", bound=StrEnum)


class Node:
    """An object whose keys are all known. Missing and null are the same: None, or what the reader says.

    Raises InvalidInput with code `parse_error`, `attr` being the path to the key, joined by `__`.
    """

    def __init__(self, raw: object, keys: Collection[str], path: str = "") -> None:
        self._path = path
        if not isinstance(raw, Mapping):
            raise self.error("An object is expected.")
        self._raw: Mapping[str, Any] = raw
        for key in raw:
            if key not in keys:
                raise self.error("Unknown key.", str(key)[:100])

    def get(self, key: str) -> Any:
        """The value as it is."""
        return self._raw.get(key)

    def path(self, key: str | int) -> str:
        """The path to a key."""
        return f"{self._path}__{key}" if self._path else str(key)

    def error(self, detail: str, key: str | None = None) -> InvalidInput:
        """An error at a key, or at the object itself."""
        return InvalidInput(detail, (self._path or None) if key is None else self.path(key), "parse_error")

    def text(self, key: str) -> str | None:
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.error("A text is expected.", key)
        if len(value) > MAX_TEXT:
            raise InvalidInput(f"At most {MAX_TEXT} characters are allowed.", self.path(key))
        return value

    def flag(self, key: str) -> bool:
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.error("true or false is expected.", key)

    def integer(self, key: str, *, minimum: int, maximum: int) -> int | None:
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error("An integer is expected.", key)
        if not minimum <= value <= maximum:
            raise InvalidInput(f"Must be from {minimum} to {maximum}.", self.path(key))
        return value

    def number(self, key: str) -> float | None:
        value = self.get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.error("A number is expected.", key)

    def choice(self, key: str, choices: type[E]) -> E | None:
        value = self.get(key)
        if value is None:
            return None
        if value not in list(choices):
            raise self.error(f"Must be one of {', '.join(choices)}.", key)
        return choices(value)

    def items(self, key: str, *, maximum: int) -> Sequence[Any]:
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self.error("A list is expected.", key)
        if len(value) > maximum:
            raise InvalidInput(f"A list of at most {maximum} is expected.", self.path(key))
        return value

    def node(self, key: str, keys: Collection[str]) -> Node:
        """The object at a key; missing and null are an empty one. Errors name its keys without the path."""
        value = self.get(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.error("An object is expected.", key)
        return Node(value or {}, keys)
