"""What `refresh` may say."""

from __future__ import annotations

import pytest
from hedgerow.domain.errors import InvalidInput
from hedgerow.domain.refresh import Refresh, read_refresh


@pytest.mark.parametrize("value", [None, False, 0, "false", "0", "no", "async", "lazy_async"])
def test_what_leaves_a_fresh_result_as_it_is(value: object) -> None:
    assert read_refresh(value) is Refresh.IF_STALE


@pytest.mark.parametrize("value", [True, 1, "", "true", "TRUE", "yes", "blocking", "force_blocking", "force_async"])
def test_what_computes_anew(value: object) -> None:
    assert read_refresh(value) is Refresh.ALWAYS


def test_what_never_computes() -> None:
    assert read_refresh("force_cache") is Refresh.NEVER


@pytest.mark.parametrize("value", ["maybe", 2, [], {}, 1.5])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_refresh(value)
    assert caught.value.attr == "refresh"
