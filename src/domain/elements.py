"""The elements chain: a clicked element and its parents as one line of text, in PostHog's notation."""

from __future__ import annotations

import re

from .events import JsonValue, Properties

_MAX_TEXT = 400
_MAX_HREF = 2048


def take_elements_chain(properties: Properties) -> str:
    """Remove `$elements_chain` and `$elements` from the properties and return the chain, "" if there is none.

    A chain that the client made itself wins over the list of elements.
    """
    chain = properties.pop("$elements_chain", None)
    elements = properties.pop("$elements", None)
    if chain and isinstance(chain, str):
        return chain
    if not isinstance(elements, list):
        return ""
    return ";".join(_element_text(element) for element in elements if isinstance(element, dict))


HREF_PATTERN = r'(?::|")href="((?:\\"|[^"])*)"'
TEXT_PATTERN = r'(?::|")text="((?:\\"|[^"])*)"'
"""What finds an attribute's value, still escaped, in a chain: for RE2 and for PostgreSQL too."""


def href_of(chain: str) -> str | None:
    """The address of the innermost element of a chain that has one."""
    found = re.search(HREF_PATTERN, chain)
    return None if found is None else _unescape(found[1])


def texts_of(chain: str) -> list[str]:
    """The texts of the elements of a chain that have one, innermost first."""
    return [_unescape(text) for text in re.findall(TEXT_PATTERN, chain)]


def _element_text(element: Properties) -> str:
    """`a.btn.primary:attr__href="/x"href="/x"nth-child="1"nth-of-type="1"text="Go"`."""
    attributes: Properties = {key: value for key, value in element.items() if key.startswith("attr__")}
    attributes["nth-child"] = _given(element, "nth_child", 0)
    attributes["nth-of-type"] = _given(element, "nth_of_type", 0)
    if text := element.get("$el_text"):
        attributes.setdefault("text", _text(text)[:_MAX_TEXT])
    if href := element.get("attr__href"):
        attributes.setdefault("href", _text(href)[:_MAX_HREF])
    if element_id := element.get("attr__id"):
        attributes.setdefault("attr_id", element_id)
    pairs = sorted((_escape(key), _escape(_text(value))) for key, value in attributes.items())
    tag = _text(element.get("tag_name") or "")
    return tag + _classes(element.get("attr__class")) + ":" + "".join(f'{key}="{value}"' for key, value in pairs)


def _classes(value: JsonValue) -> str:
    names = value if isinstance(value, list) else _text(value or "").split()
    return "".join("." + name.replace('"', "") for name in sorted(_text(name) for name in names))


def _given(element: Properties, key: str, default: int) -> JsonValue:
    value = element.get(key)
    return default if value is None else value


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(part) for part in value)
    return "" if value is None else str(value)


def _escape(text: str) -> str:
    return text.replace('"', '\\"')


def _unescape(text: str) -> str:
    return text.replace('\\"', '"')
