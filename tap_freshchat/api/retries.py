"""Budget of retries of one request: a number of failures, and rate limits for an hour in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenacity import RetryCallState, wait_exponential_jitter

from tap_freshchat.api.rate_limiting import MAX_PAUSE_SECONDS
from tap_freshchat.errors import RateLimitError

if TYPE_CHECKING:
    from tap_freshchat.clock import Clock

# Waits of 1, 2, 4 … seconds with jitter (tenacity's defaults), never above a minute: about two
# minutes in all, by which time a temporary fault of a hosted service is usually over. Waits that
# the service asks for (429) are added by the rate limiter.
MAX_ATTEMPTS = 8
MAX_BACKOFF_SECONDS = 60.0


class RetryBudget:
    """Budget of retries of one request, in the form that tenacity asks for."""

    def __init__(self, attempts: int, clock: Clock) -> None:
        self._attempts = attempts
        self._clock = clock
        self._failures = 0
        self._limited_since: float | None = None
        self._pause = 0.0
        self._backoff = wait_exponential_jitter(max=MAX_BACKOFF_SECONDS)

    def is_spent(self, state: RetryCallState) -> bool:
        """Count a failed attempt; returns whether it was the last."""
        error = state.outcome.exception() if state.outcome else None
        self._pause = error.pause if isinstance(error, RateLimitError) else 0.0
        if not isinstance(error, RateLimitError):
            self._failures += 1
            return self._failures >= self._attempts
        now = self._clock.monotonic()
        if self._limited_since is None:
            self._limited_since = now
        return now + self._pause - self._limited_since > MAX_PAUSE_SECONDS

    def wait(self, state: RetryCallState) -> float:
        """Seconds to wait besides the pause of the rate limiter."""
        return 0.0 if self._pause else self._backoff(state)

    def describe(self) -> str:
        """What comes next, for the log."""
        if self._limited_since is not None and not self._failures:
            return f"Waiting {self._pause:.0f} s for the rate limit." if self._pause else "Waiting."
        return f"Attempt {self._failures} of {self._attempts}."
