"""Every error this tap raises, grouped by what can be done about it.

FreshchatError              one sentence for the user: what happened, where, what to change
├── SettingError            a setting is missing or wrong; nothing was requested
├── AccessError             401, 403 or a portal host: the account, the token or the plan
├── MissingError            404: the thing is gone, a caller may skip it
├── RefusedError            400 and its like: the service understood and said no
├── PassingError            429, 5xx, network: worth another try
│   └── LimitError          429 of one resource's own limit, apart from the account's
└── ReportError             a report job or file that cannot be used
"""

from __future__ import annotations


class FreshchatError(Exception):
    """Base of all: its text is one line that names the place and the remedy, never content."""


class ConfigError(FreshchatError):
    """A setting is missing or cannot be used; the text names it."""


class AuthorizationError(FreshchatError):
    """The service will not let us in; trying again cannot help.

    `forbidden` tells a valid token without this right (403) from everything else.
    """

    def __init__(self, message: str, *, forbidden: bool = False) -> None:
        super().__init__(message)
        self.forbidden = forbidden


class NotFoundError(FreshchatError):
    """The thing asked for does not exist (any more)."""


class RequestRejectedError(FreshchatError):
    """The service refused the request as it stands.

    `reason` is the service's own short message. It may name values that we sent, so it is
    for decisions (such as halving a report's window), not for logs.
    """

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class RetryableError(FreshchatError):
    """A fault that may be gone at the next attempt."""


class ConnectionFailedError(RetryableError):
    """Nothing answers, or not to the end."""


class ResourceRateLimitError(RetryableError):
    """One resource takes no more for now; `wait` is how many seconds, None if it did not say."""

    def __init__(self, message: str, *, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


class ReportError(FreshchatError):
    """A raw report that failed, never finished, or whose file cannot be read."""
