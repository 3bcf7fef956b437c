"""Classification of responses: acknowledged, rejected, retry, or the end of the run."""

from __future__ import annotations

import re
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
# 206 and the like say that something is missing.
_ACKNOWLEDGING = frozenset({200, 201, 202, 204})

# The longest wait that a response may ask for (the same rule).
MAX_RETRY_AFTER_SECONDS = 300.0

# How Jitsu names a rejected event (jitsucom/bulker, ingest/router_batch_handler.go, 2026).
_JITSU_REJECTED = re.compile(r"Message ID: (\S+): ")
# What RudderStack writes (https://www.rudderstack.com/docs/api/http-api/), and nothing at all.
_BARE_TEXTS = frozenset({b"", b"ok", b'"ok"'})
# Texts that some services write for a boolean.
_NEGATIVE_TEXTS = frozenset({"", "0", "false", "no", "null", "none"})


class Outcome(Enum):
    """Result class of a request."""

    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly accepted"
    REFUSED = "refused"
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True, slots=True)
class PostResult:
    """Result of one request; `status` is for messages: `HTTP 503`, `ConnectTimeout`.

    `rejected` are the message ids of the events that a partly accepted request lost. `wait` is the
    seconds that the receiver asks to wait, `clock_skew` those by which our clock is ahead of its
    own. `sent_bytes` is the size of the compressed body.
    """

    outcome: Outcome
    status: str
    rejected: frozenset[str] = frozenset()
    wait: float | None = None
    body_bytes: int = 0
    sent_bytes: int = 0
    clock_skew: float | None = None


def classify_response(
    status: int, headers: Mapping[str, str], content: bytes, *, at_segment: bool = True
) -> Outcome:
    """Classify a response; raises `DeliveryError` if nothing in this run can be delivered.

    Segment acknowledges with 200 and `success: true`. Other receivers, not `at_segment`, may also
    return nothing, the text OK, or a JSON object that reports no error.
    """
    if status in _RETRIED or (status >= 500 and status not in _NOT_RETRIED):  # noqa: PLR2004
        # Also with a web page: gateways and load balancers report an outage with one.
        return Outcome.RETRY
    if is_web_page(headers, content):
        raise DeliveryError(
            f"api_url returned a web page (HTTP {status}); it is not an events API, or a proxy or "
            "firewall responded: check api_url"
        )
    if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
        return _classify_success(status, content, at_segment=at_segment)
    if status in _REFUSED:
        _check_key_error(_json(content))
        return Outcome.REFUSED
    if status in (401, 403):
        raise DeliveryError(
            f"write_key was rejected (HTTP {status}); check write_key, region and api_url"
        )
    raise DeliveryError(f"api_url returned HTTP {status}; check api_url and region")


def is_web_page(headers: Mapping[str, str], content: bytes) -> bool:
    """Return whether a response is markup: a page of a website, portal, proxy or firewall."""
    if "html" in headers.get("Content-Type", "").lower():
        return True
    # No acknowledgement starts like this, of any type.
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def rejected_ids(content: bytes) -> frozenset[str]:
    """Return the message ids that a partly accepted request lost; empty if one is not named."""
    body = _json(content)
    errors = body.get("errors") if isinstance(body, dict) else None
    matches = [_JITSU_REJECTED.match(str(each)) for each in errors or ()]
    return frozenset(match[1] for match in matches if match) if all(matches) else frozenset()


def _classify_success(status: int, content: bytes, *, at_segment: bool) -> Outcome:
    body = _json(content)
    if isinstance(body, dict) and _denies(body, "success"):
        _check_key_error(body)
        return Outcome.RETRY
    if at_segment:
        is_acknowledged = status == 200 and isinstance(body, dict) and body.get("success") is True  # noqa: PLR2004
    elif isinstance(body, dict):
        errors = body.get("errors")
        if body.get("ok") is False and isinstance(errors, list) and errors:
            # Jitsu keeps the other events of the request.
            return Outcome.PARTLY_ACCEPTED if rejected_ids(content) else Outcome.REFUSED
        has_error = body.get("error") or errors or _denies(body, "ok")
        is_acknowledged = status in _ACKNOWLEDGING and not has_error
    else:
        is_acknowledged = status in _ACKNOWLEDGING and content.strip().lower() in _BARE_TEXTS
    return Outcome.ACCEPTED if is_acknowledged else Outcome.RETRY


def _denies(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, True)
    return value.strip().lower() in _NEGATIVE_TEXTS if isinstance(value, str) else not value


def _json(content: bytes) -> Any:
    try:
        return decode(content)
    except NotJSONError:
        return None


def _check_key_error(body: Any) -> None:
    """Raise `DeliveryError` if a rejection is about the write key."""
    message = body.get("message") if isinstance(body, dict) else None
    if isinstance(message, str) and "write key" in message.lower():
        raise DeliveryError("write_key was rejected as invalid; check it")


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
