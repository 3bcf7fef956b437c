"""What Segment's answers mean: accepted, refused, to be tried again, or the end of the run."""

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
# 511 asks for a new OAuth token, which a write key is not.
_NOT_RETRIED = frozenset({501, 505, 511})
# The event or the body is at fault: a smaller body tells which.
_REFUSED = frozenset({400, 413})

# The longest wait that an answer may ask for (the same rule).
MAX_RETRY_AFTER_SECONDS = 300.0


class Outcome(Enum):
    """What became of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True, slots=True)
class PostResult:
    """What became of a request, and at what cost.

    Attributes:
        outcome: What to do next.
        status: What was met, for messages: `HTTP 503`, `ConnectTimeout`.
        wait: Seconds the other side asks to wait, None if it asks nothing.
        body_bytes: The body's size.
        sent_bytes: Its size on the wire, compressed.
        clock_skew: Seconds by which our clock is ahead of the other side's; None if not told.
    """

    outcome: Outcome
    status: str
    wait: float | None = None
    body_bytes: int = 0
    sent_bytes: int = 0
    clock_skew: float | None = None


def classify_response(status: int, headers: Mapping[str, str], content: bytes) -> Outcome:
    """Tell what an answer means.

    Raises:
        DeliveryError: Nothing of this run can be delivered; the message says what to change.
    """
    if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
        if "html" in headers.get("Content-Type", ""):
            raise DeliveryError("api_url answered with a web page; it is not Segment's HTTP API")
        answer = _json(content)
        if not isinstance(answer, dict) or answer.get("success") is not False:
            return Outcome.ACCEPTED
        return _refused(answer)
    if status in _RETRIED or (status >= 500 and status not in _NOT_RETRIED):  # noqa: PLR2004
        return Outcome.RETRY
    if status in _REFUSED:
        return _refused(_json(content))
    if status in (401, 403):
        raise DeliveryError(f"Segment refused write_key (HTTP {status}); check it, and region")
    raise DeliveryError(f"api_url answered HTTP {status}; check api_url and region")


def _json(content: bytes) -> Any:
    try:
        return decode(content)
    except NotJSONError:
        return None


def _refused(answer: Any) -> Outcome:
    """Tell a refusal of the events from one of the key, which both come under one status.

    Raises:
        DeliveryError: It is the key.
    """
    message = answer.get("message") if isinstance(answer, dict) else None
    if isinstance(message, str) and "write key" in message.lower():
        raise DeliveryError("Segment says that write_key is not valid; check it")
    return Outcome.REFUSED


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read how long an answer asks to wait, in seconds, at most `MAX_RETRY_AFTER_SECONDS`.

    `Retry-After` in seconds or as an HTTP date, else `X-RateLimit-Reset` in seconds.
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
    """Tell by how many seconds our clock is ahead of the answer's `Date`."""
    date = _http_date(headers.get("Date", ""))
    return None if date is None else (now - date).total_seconds()


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
