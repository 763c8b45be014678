"""Everything that can go wrong by a caller's doing, as facts. Statuses belong to the entrypoints.

HedgerowError
├── InvalidInput            a value is wrong: detail, attr, code
├── NotFound                there is no such thing: detail
├── PermissionDenied        the caller may not: detail
├── NotAuthenticated        no credentials were given
├── AuthenticationFailed    credentials were given and are wrong: detail
├── Conflict                the state does not allow it: detail
├── Throttled               too many requests: detail, wait
├── StoreUnavailable        a store cannot be reached, or another process holds it: detail
└── QueryTooLarge           the answer would cost more than allowed: detail
"""

from __future__ import annotations


class HedgerowError(Exception):
    """The base of every error that is a caller's or an operator's to mend."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(HedgerowError):
    """A value is wrong. `attr` names the field (nested names joined by `__`), or None."""

    def __init__(self, detail: str, attr: str | None = None, code: str = "invalid_input") -> None:
        super().__init__(detail)
        self.attr = attr
        self.code = code


class NotFound(HedgerowError):
    """There is no such thing, or not for this caller."""

    def __init__(self, detail: str = "Not found.") -> None:
        super().__init__(detail)


class PermissionDenied(HedgerowError):
    """The caller is known and may not do this."""

    def __init__(self, detail: str = "You do not have permission to perform this action.") -> None:
        super().__init__(detail)


class NotAuthenticated(HedgerowError):
    """No credentials were given."""

    def __init__(self, detail: str = "Authentication credentials were not provided.") -> None:
        super().__init__(detail)


class AuthenticationFailed(HedgerowError):
    """Credentials were given and are wrong."""


class Conflict(HedgerowError):
    """The present state does not allow it."""


class Throttled(HedgerowError):
    """Too many requests. `wait` is in whole seconds."""

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail)
        self.wait = wait


class StoreUnavailable(HedgerowError):
    """A store cannot be reached now, or another process holds it."""


class QueryTooLarge(HedgerowError):
    """The answer would cost more time or memory than a query is allowed."""
