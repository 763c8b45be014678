"""CSS selectors as RE2 patterns over an elements chain, which every store can search."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import re2

from .errors import InvalidInput

MAX_SELECTOR = 1000


def tag_pattern(tag: str) -> str:
    """The pattern of the chains that hold an element of this tag."""
    return _chain_pattern([_Compound(tag)])


def selector_pattern(selector: str, attr: str | None = None) -> str:
    """The pattern of the chains that hold an element which a CSS selector selects.

    A selector may have tags, ids, classes, attributes (present or equal), `:nth-child(n)`, `:nth-of-type(n)`,
    descendants and children (`>`). Raises `InvalidInput` for anything else.
    """
    return _chain_pattern(_read(selector.strip(), attr))


# The elements chain as text: `a.btn.big:href="/x"text="Go";div:…`, innermost element first; quotes in values
# are escaped. Each pattern below is one whole construct of it, so that nothing inside a value is taken for one.
_QUOTED = r'"(?:\\.|[^"\\])*"'
_ELEMENT = rf'(?:[^;"]|{_QUOTED})*'
_CLASSES = r'(?:\.[^.;"]*)*'
_ATTRIBUTES = rf'(?:[^=;"]*={_QUOTED})*'
_NAME = r"(?:[\w-]|\\.)+"
_TOKEN = re.compile(
    rf"""(?P<combinator>\s*>\s*|\s+)
    | (?P<tag>\*|{_NAME})
    | \#(?P<id>{_NAME})
    | \.(?P<class>{_NAME})
    | \[\s*(?P<name>[\w:.-]+)\s*(?:=\s*(?P<value>"[^"]*"|'[^']*'|[^\]"'\s]+)\s*)?\]
    | :(?P<nth>nth-child|nth-of-type)\(\s*(?P<number>[0-9]+)\s*\)""",
    re.VERBOSE,
)


@dataclass(slots=True)
class _Compound:
    """What a selector demands of one element. `child`: of the parent named before it, not any ancestor."""

    tag: str = ""
    child: bool = False
    classes: set[str] = field(default_factory=set)
    attributes: dict[str, str | None] = field(default_factory=dict)

    def pattern(self) -> str:
        tag = re2.escape(self.tag) if self.tag not in ("", "*") else r'[^.:;"]*'
        classes = "".join(_CLASSES + re2.escape("." + name) for name in sorted(self.classes))
        attributes = "".join(
            _ATTRIBUTES + re2.escape(name) + "=" + (_QUOTED if value is None else _quoted(value))
            for name, value in sorted(self.attributes.items())
        )
        rest = f":{attributes}{_ELEMENT}" if attributes else f"(?::{_ELEMENT})?"
        return tag + classes + _CLASSES + rest


def _chain_pattern(compounds: list[_Compound]) -> str:
    """The pattern that finds the last compound in an elements chain and those before it further out."""
    pattern = rf"(?s)^(?:{_ELEMENT};)*" + compounds[-1].pattern()
    for inner, outer in zip(compounds[::-1], compounds[-2::-1], strict=False):
        pattern += (";" if inner.child else rf"(?:;{_ELEMENT})*;") + outer.pattern()
    return pattern + "(?:;|$)"


def _read(selector: str, attr: str | None) -> list[_Compound]:
    compounds = [_Compound()]
    at, fresh = 0, True
    while token := _TOKEN.match(selector, at):
        kind, last = token.lastgroup, compounds[-1]
        if (kind == "combinator" and fresh) or (kind == "tag" and not fresh):
            break
        match kind:
            case "combinator":
                compounds.append(_Compound(child=">" in token[0]))
            case "tag":
                last.tag = _unescaped(token["tag"])
            case "id":
                last.attributes["attr_id"] = _unescaped(token["id"])
            case "class":
                last.classes.add(_unescaped(token["class"]))
            case "name" | "value":
                stored = "attr_id" if token["name"] == "id" else "attr__" + token["name"]
                last.attributes[stored] = token["value"] and token["value"].strip("\"'")
            case "number":
                last.attributes[token["nth"]] = token["number"]
        at, fresh = token.end(), kind == "combinator"
    if fresh or at < len(selector) or len(selector) > MAX_SELECTOR:
        raise InvalidInput(f'"{selector[:100]}" is not a selector that can be matched', attr)
    return compounds


def _unescaped(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _quoted(value: str) -> str:
    return '"' + str(re2.escape(value.replace('"', '\\"'))) + '"'
