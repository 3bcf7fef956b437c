"""Rate limiter for the whole tap, and the times in response headers."""

from __future__ import annotations

import re
import threading
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.clock import Clock

# Without a hint in a 429: Freshworks counts by the minute or the hour; half a minute asks again
# soon enough for the one and rarely enough for the other.
DEFAULT_PAUSE_SECONDS = 30.0
# The longest pause obeyed: an hour is the longest period Freshworks counts over (Suite plans).
MAX_PAUSE_SECONDS = 3600.0
# Smaller numbers are seconds until the reset, as the IETF's drafts have them; as a time, they would
# be before 2001. From the second on, milliseconds: as seconds, they would be after 5138.
MIN_UNIX_TIME = 1e9
MIN_UNIX_MILLISECONDS = 1e11
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_MAX_LIMIT_DIGITS = 9


def retry_after(
    headers: Mapping[str, str], now: datetime, max_seconds: float = MAX_PAUSE_SECONDS
) -> float | None:
    """Seconds to wait by `Retry-After`, given in seconds or as an HTTP date; None without one."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = _parse_date(text)
        except (TypeError, ValueError, OverflowError):
            return None
        # By the clock of the service, which set both.
        seconds = (date - now).total_seconds() + seconds_ahead(headers, now)
    # NaN compares false with everything, so it falls to the lower bound.
    return min(seconds, max_seconds) if seconds > 0 else 0.0


def seconds_until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until `X-RateLimit-Reset`; None without a usable one.

    It is a Unix time, in seconds or milliseconds, or the number of seconds until then.
    """
    text = headers.get("X-RateLimit-Reset", "").strip()
    if not _NUMBER.fullmatch(text):
        return None
    # More digits than a float holds are infinity, and thus the longest pause.
    reset = float(text)
    if reset >= MIN_UNIX_TIME:
        reset = reset / 1000 if reset >= MIN_UNIX_MILLISECONDS else reset
        reset += seconds_ahead(headers, now) - now.timestamp()
    return min(max(0.0, reset), MAX_PAUSE_SECONDS)


def seconds_ahead(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds from `Date` to `now`, negative if `now` is behind; 0 without a valid date."""
    try:
        return (now - _parse_date(headers.get("Date", ""))).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _parse_date(text: str) -> datetime:
    date = parsedate_to_datetime(text)
    # RFC 5322: `-0000` is UTC without a zone, for which Python returns a naive time.
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def pause_after(status: int, headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to pause after a response before any further request.

    A 429 always pauses; any other response only if nothing remains of the limit.
    """
    hint = retry_after(headers, now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        if hint is None:
            hint = seconds_until_reset(headers, now)
        return DEFAULT_PAUSE_SECONDS if hint is None else hint
    if headers.get("X-RateLimit-Remaining", "").strip() == "0":
        return seconds_until_reset(headers, now) or 0.0
    return hint or 0.0


class RateLimiter:
    """Rate limiter shared by all threads that send requests.

    `stated_limit` is the number of requests that the latest response to state one allows a period.
    """

    stated_limit: int | None = None

    def __init__(self, clock: Clock, requests_per_minute: int | None = None) -> None:
        self._clock = clock
        self._spacing = 60.0 / requests_per_minute if requests_per_minute else 0.0
        self._lock = threading.Lock()
        self._open_at = clock.monotonic()

    def acquire(self) -> None:
        """Wait until the next request may be sent."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                remaining = self._open_at - now
                if remaining <= 0:
                    self._open_at = max(self._open_at, now - self._spacing) + self._spacing
                    return
            self._clock.sleep(remaining)

    def update_from_response(self, status: int, headers: Mapping[str, str]) -> None:
        """Pause all requests for as long as a response asks."""
        limit = headers.get("X-RateLimit-Limit", "").strip()
        if limit.isascii() and limit.isdigit():
            self.stated_limit = int(limit[:_MAX_LIMIT_DIGITS])
        pause = pause_after(status, headers, self._clock.now())
        if pause > 0:
            with self._lock:
                self._open_at = max(self._open_at, self._clock.monotonic() + pause)
