"""Answers kept in one process, and as what they are kept."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

import pytest
from hedgerow.adapters.answers import ProcessAnswerCache
from hedgerow.domain.aggregation import Cell, CellKind
from hedgerow.domain.answers import Answers, packed
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.answer_cache import AnswerCacheContract

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.none() | st.text(), min_size=2, max_size=2).map(tuple)
PLAIN = st.builds(Cell, st.integers(0, 99), NUMBERS)
VALUED = st.builds(Cell, st.integers(0, 99), NUMBERS, VALUES)
OTHER = st.builds(Cell, st.integers(0, 99), NUMBERS, st.just(()), st.just(CellKind.OTHER))


class TestProcessAnswerCache(AnswerCacheContract):
    @pytest.fixture
    def cache(self) -> ProcessAnswerCache:
        return ProcessAnswerCache()


def test_the_one_asked_for_longest_ago_makes_room() -> None:
    cache = ProcessAnswerCache(max_bytes=20)
    for key in "ab":
        cache.put(key, bytes(10))
    cache.get("a")
    cache.put("c", bytes(10))
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 25))))
def test_the_sizes_never_exceed_the_bound_and_the_newest_stay(puts: list[tuple[str, int]]) -> None:
    cache = ProcessAnswerCache(max_bytes=50)
    model: OrderedDict[str, int] = OrderedDict()
    for key, size in puts:
        cache.put(key, bytes(size))
        model.pop(key, None)
        model[key] = size
        while sum(model.values()) > 50:
            model.popitem(last=False)
    found = {key: cache.get(key) for key in "abcdef"}
    assert {key: None if kept is None else len(kept) for key, kept in found.items()} == {
        key: model.get(key) for key in "abcdef"
    }


@given(st.lists(st.lists(PLAIN) | st.lists(VALUED | OTHER), max_size=3), st.none() | st.just(NOW))
def test_answers_are_read_as_they_were_kept(cells: list[list[Cell]], earliest: datetime | None) -> None:
    kept = Answers(NOW, earliest, [packed(each) for each in cells]).kept("state")
    assert kept is not None
    read = Answers.from_kept(kept, "state")
    assert read is not None
    assert (read.computed_at, read.earliest, [*read.cells()]) == (NOW, earliest, cells)


def test_answers_are_good_for_the_state_they_were_kept_for() -> None:
    kept = Answers(NOW, None, []).kept("one state")
    assert kept is not None
    assert Answers.from_kept(kept, "another") is Answers.from_kept(kept, "one") is None


def test_what_no_text_can_tell_is_not_kept() -> None:
    assert Answers(NOW, None, [packed([Cell(0, float("inf"))])]).kept("state") is None
