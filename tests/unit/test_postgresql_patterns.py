"""RE2's patterns in PostgreSQL's notation."""

from __future__ import annotations

import pytest
from hedgerow.adapters.events.dialects.postgresql_patterns import replacement, translated
from hedgerow.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", ""),
        ("abc", "abc"),
        (r"^/a\.b$", r"^\/a\.b$"),
        ("a.c", "a[\\x01-\\x09\\x0b-\U0010ffff]c"),
        ("(?s)a.c", "a[\\x01-\U0010ffff]c"),
        ("(?i)a1", "[Aa]1"),
        ("(?i:a)b", "(?:[Aa])b"),
        ("(a|(?i)b)a", "(?:a|[Bb])a"),
        ("(?i)k", "[Kk\u212a]"),
        ("(?P<name>a)(?:b)", "(?:a)(?:b)"),
        (r"\d+?\s*", r"[0-9]+[\x09-\x0a\x0c-\x0d\x20]*"),
        ("[^a-c]", "[\\x01-`d-\U0010ffff]".replace("`", "\\`")),
        (r"[]\]-]", r"[\]\]\-]"),
        ("[[:digit:]x]", "[0-9x]"),
        (r"\x41\x{1F33F}", "A\U0001f33f"),
        ("a{2,5}", "a{2,5}"),
        ("a{,5}", r"a\{\,5\}"),
        (r"\bfoo\b", r"\yfoo\y"),
        ("ü", "ü"),
    ],
)
def test_what_both_engines_know_is_written_in_the_others_words(pattern: str, expected: str) -> None:
    assert translated(pattern) == expected


@pytest.mark.parametrize("pattern", [r"\pL", r"\Qa\E", "(?m)^a", "(?U)a+", "a{300}", r"\C", "a" * 1001])
def test_what_only_re2_knows_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        translated(pattern)


def test_a_replacement_names_the_match_and_its_groups() -> None:
    assert replacement("/([0-9]+)-(a?)b", r"\0<\1>\\&") == (r"\/([0-9]+)\-(a?)b", r"\&<\1>\\&")


@pytest.mark.parametrize("pattern", ["a|ab", "a*ab", "a*", "(ab)*c", "a?(ab)?", "a+?b", "^a", r"[a-c]{1,2}b", r"\ba"])
def test_a_replacement_that_could_go_two_ways_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        replacement(pattern, "x")
