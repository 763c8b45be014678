"""Whether an answer may come from what was computed before."""

from __future__ import annotations

from enum import StrEnum

from .errors import InvalidInput


class Refresh(StrEnum):
    """`IF_STALE`: compute unless a fresh result is there; `ALWAYS`: compute; `NEVER`: a fresh result or none."""

    IF_STALE = "if_stale"
    ALWAYS = "always"
    NEVER = "never"


# PostHog's words. All computing is done before the answer, so `async` differs in nothing.
_WORDS = {
    **dict.fromkeys(("false", "0", "no", "async", "lazy_async"), Refresh.IF_STALE),
    **dict.fromkeys(("", "true", "1", "yes", "blocking", "force_blocking", "force_async"), Refresh.ALWAYS),
    "force_cache": Refresh.NEVER,
}


def read_refresh(value: object) -> Refresh:
    """The meaning of a request's `refresh`, None if it has none. Raises `InvalidInput` for unknown words."""
    if value is None:
        return Refresh.IF_STALE
    found = _WORDS.get(str(value).lower()) if isinstance(value, str | int) else None
    if found is None:
        raise InvalidInput(f"Must be one of {', '.join(filter(None, _WORDS))}.", "refresh", "invalid_choice")
    return found
