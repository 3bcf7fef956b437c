"""Rate limits: calls in a clock minute, report jobs in a minute and on a day."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from freshchat_sandbox.account.timestamps import DAY, MINUTE, SECOND
from freshchat_sandbox.http_messages import ApiError


@dataclass(frozen=True)
class RateLimitStatus:
    """Rate limit after one call; `reset` is in epoch seconds."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return the rate-limit headers of every response."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class CallLimit:
    """Limit of API calls in each clock minute; invalid calls count too."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._minute = -1
        self._calls = 0
        self._lock = threading.Lock()

    def count(self, now: int) -> RateLimitStatus:
        """Count a call."""
        minute = now // MINUTE
        with self._lock:
            if minute != self._minute:
                self._minute, self._calls = minute, 0
            self._calls += 1
            calls = self._calls
        return RateLimitStatus(
            limit=self._per_minute,
            remaining=max(0, self._per_minute - calls),
            reset=(minute + 1) * MINUTE // SECOND,
            exceeded=calls > self._per_minute,
        )


class JobLimit:
    """Limit of jobs for each report type, or for all together; rejected jobs do not count."""

    def __init__(self, per_minute: int, per_day: int, *, is_shared: bool = False) -> None:
        self._is_shared = is_shared
        self._per_minute = per_minute
        self._per_day = per_day
        self._accepted: dict[str, list[int]] = {}
        self._lock = threading.Lock()

    def count(self, event: str, now: int) -> None:
        """Count a job.

        Raises:
            ApiError: 429 if there were too many in the last minute or on this UTC day.
        """
        event = "all reports" if self._is_shared else event
        with self._lock:
            today = [at for at in self._accepted.get(event, []) if at >= now - DAY]
            minute = [at for at in today if at > now - MINUTE]
            if len(minute) >= self._per_minute:
                wait = minute[-self._per_minute] + MINUTE - now
                raise _too_many(f"{self._per_minute} report(s) a minute for {event}", wait)
            if sum(at >= now - now % DAY for at in today) >= self._per_day:
                raise _too_many(f"{self._per_day} reports a day for {event}", DAY - now % DAY)
            self._accepted[event] = [*today, now]


def _too_many(what: str, wait: int) -> ApiError:
    return ApiError(429, "TOO_MANY_REQUESTS", f"Limit reached: {what}", retry_after=wait)
