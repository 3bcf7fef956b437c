"""Classification of Segment's responses: accepted, rejected, retry, or the end of the run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from target_segment.errors import DeliveryError
from target_segment.json_codec import NotJSONError, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

# Segment's rule for its own libraries since 2026 (segment-analytics-python 2.4.0): these, and 5xx
# but for those below. 460 is Segment's own code for a passing fault.
_RETRIED = frozenset({408, 410, 429, 460})
# 511 asks for a new OAuth token; a write key is none.
_NOT_RETRIED = frozenset({501, 505, 511})
# The event or the body is at fault; bisecting finds which.
_REFUSED = frozenset({400, 413})

# The longest wait that a response may ask for (the same rule).
MAX_RETRY_AFTER_SECONDS = 300.0


class Outcome(Enum):
    """Result class of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True, slots=True)
class PostResult:
    """Result of one request; `status` is for messages: `HTTP 503`, `ConnectTimeout`.

    `wait` is the seconds that Segment asks to wait, `clock_skew` those by which our clock is ahead
    of Segment's. `sent_bytes` is the size of the compressed body.
    """

    outcome: Outcome
    status: str
    wait: float | None = None
    body_bytes: int = 0
    sent_bytes: int = 0
    clock_skew: float | None = None


def classify_response(status: int, headers: Mapping[str, str], content: bytes) -> Outcome:
    """Classify a response; raises `DeliveryError` if nothing in this run can be delivered."""
    if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
        if "html" in headers.get("Content-Type", ""):
            raise DeliveryError("api_url returned a web page; it is not Segment's HTTP API")
        body = _json(content)
        if not isinstance(body, dict) or body.get("success") is not False:
            return Outcome.ACCEPTED
        return _rejected(body)
    if status in _RETRIED or (status >= 500 and status not in _NOT_RETRIED):  # noqa: PLR2004
        return Outcome.RETRY
    if status in _REFUSED:
        return _rejected(_json(content))
    if status in (401, 403):
        raise DeliveryError(
            f"Segment rejected write_key (HTTP {status}); check write_key and region"
        )
    raise DeliveryError(f"api_url returned HTTP {status}; check api_url and region")


def _json(content: bytes) -> Any:
    try:
        return decode(content)
    except NotJSONError:
        return None


def _rejected(body: Any) -> Outcome:
    """Return `REFUSED`; raises `DeliveryError` if the write key is at fault."""
    message = body.get("message") if isinstance(body, dict) else None
    if isinstance(message, str) and "write key" in message.lower():
        raise DeliveryError("Segment rejected write_key as invalid; check it")
    return Outcome.REFUSED


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a response asks to wait, at most `MAX_RETRY_AFTER_SECONDS`.

    Reads `Retry-After` in seconds or as an HTTP date, else `X-RateLimit-Reset` in seconds.
    """
    for name in ("Retry-After", "X-RateLimit-Reset"):
        text = headers.get(name, "").strip()
        try:
            seconds = float(text)
        except ValueError:
            date = _http_date(text)
            if date is None or name != "Retry-After":
                continue
            seconds = (date - now).total_seconds()
        if seconds == seconds:  # noqa: PLR0124 - "nan" is a float too
            return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
    return None


def clock_skew(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return by how many seconds our clock is ahead of the `Date` of the response."""
    date = _http_date(headers.get("Date", ""))
    return None if date is None else (now - date).total_seconds()


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
