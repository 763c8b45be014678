"""Results that are kept: found again in the same state only, and bounded by their size."""

from __future__ import annotations

from collections import OrderedDict

from hedgerow.services.results import RecentResults
from hypothesis import given
from hypothesis import strategies as st


def test_a_result_is_good_for_the_state_it_was_kept_for() -> None:
    kept: RecentResults[str] = RecentResults()
    kept.put("a", 1, "one", 10)
    assert (kept.get("a", 1), kept.get("a", 2), kept.get("b", 1)) == ("one", None, None)
    kept.put("a", 2, "two", 10)
    assert (kept.get("a", 1), kept.get("a", 2)) == (None, "two")


def test_the_one_asked_for_longest_ago_makes_room() -> None:
    kept: RecentResults[str] = RecentResults(max_bytes=20)
    for key in "ab":
        kept.put(key, 1, key, 10)
    kept.get("a", 1)
    kept.put("c", 1, "c", 10)
    assert [kept.get(key, 1) for key in "abc"] == ["a", None, "c"]


def test_what_is_larger_than_everything_is_not_kept_and_does_not_leave_an_older_result_behind() -> None:
    kept: RecentResults[str] = RecentResults(max_bytes=20)
    kept.put("a", 1, "small", 10)
    kept.put("a", 1, "large", 21)
    assert kept.get("a", 1) is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 25))))
def test_the_sizes_never_exceed_the_bound_and_the_newest_stay(puts: list[tuple[str, int]]) -> None:
    kept: RecentResults[int] = RecentResults(max_bytes=50)
    model: OrderedDict[str, int] = OrderedDict()
    for key, size in puts:
        kept.put(key, 0, size, size)
        model.pop(key, None)
        model[key] = size
        while sum(model.values()) > 50:
            model.popitem(last=False)
    assert {key: kept.get(key, 0) for key in "abcdef"} == {key: model.get(key) for key in "abcdef"}
