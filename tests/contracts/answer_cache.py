"""What every `AnswerCache` promises. A subclass gives the fixture `cache`, which keeps nothing yet."""

from __future__ import annotations

from hedgerow.domain.answers import AnswerCache


class AnswerCacheContract:
    """See the module."""

    def test_what_was_kept_last_is_found_by_its_key(self, cache: AnswerCache) -> None:
        assert cache.get("a") is None
        cache.put("a", b"one")
        cache.put("b", b"\0\xff")
        assert (cache.get("a"), cache.get("b"), cache.get("c")) == (b"one", b"\0\xff", None)
        cache.put("a", b"two")
        assert cache.get("a") == b"two"

    def test_what_is_too_large_is_not_kept_and_leaves_nothing_older_behind(self, cache: AnswerCache) -> None:
        cache.put("a", b"small")
        cache.put("a", bytes(65 * 1024 * 1024))
        assert cache.get("a") is None

    def test_nothing_is_left_when_it_is_cleared(self, cache: AnswerCache) -> None:
        cache.put("a", b"one")
        cache.put("b", b"two")
        cache.clear()
        assert cache.get("a") is cache.get("b") is None
        cache.put("a", b"three")
        assert cache.get("a") == b"three"
