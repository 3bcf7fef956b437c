"""Errors that the tap raises, grouped by what the user or caller can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self


class FreshchatError(Exception):
    """Base of all: its text is one line that names the place and the remedy, never content."""

    def with_text(self, text: str) -> Self:
        """The same error with another text."""
        self.args = (text,)
        return self


class ConfigError(FreshchatError):
    """A setting is missing or cannot be used; the text names it. Nothing was requested."""


class AuthorizationError(FreshchatError):
    """The account, token or host has no access (401, 403, a web page); retries cannot help.

    `forbidden` marks a valid token without this right (403).
    """

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


class NotFoundError(FreshchatError):
    """The thing requested does not exist (any more); a caller may skip it."""


class RequestRejectedError(FreshchatError):
    """The service rejected the request (another 4xx).

    `reason` is the service's own short message. It may name values that we sent, so it is
    for decisions (such as halving a report's window), not for logs.
    """

    def __init__(self, message: str, *, reason: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class IncompleteListError(FreshchatError):
    """A list ended before the service's own total or link said; a part of it may be complete."""


class EndlessListError(FreshchatError):
    """The pages of a list link to each other without end; what was read so far is usable."""


class RetryableError(FreshchatError):
    """An error that may be gone at the next attempt (429, 5xx)."""


class ConnectionFailedError(RetryableError):
    """The connection failed before or during the response."""


class RateLimitError(RetryableError):
    """Rate limit of the account (429); `pause` is in seconds, 0 if the response has no hint."""

    def __init__(self, message: str, *, pause: float) -> None:
        super().__init__(message)
        self.pause = pause


class ResourceRateLimitError(RetryableError):
    """Rate limit of one resource; `wait` is in seconds, None if the response has no hint."""

    def __init__(self, message: str, *, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


class StreamsFailedError(FreshchatError):
    """Some streams failed, each logged as one line; `errors` has the cause by stream."""

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__(
            f"Failed streams: {', '.join(errors)}. The next run continues each where "
            f"it stopped. All other streams are complete."
        )
        self.errors = errors


class ReportError(FreshchatError):
    """A raw report that failed, never finished, or whose file cannot be read."""


class RowError(ReportError):
    """One row that cannot be used; its text is a clause, without content, after "line 7 …"."""
