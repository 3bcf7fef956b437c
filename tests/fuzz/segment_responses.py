"""Responses of Segment and of proxies in its place: statuses, headers, bodies."""

from __future__ import annotations

import contextlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from target_segment.delivery.responses import (
    MAX_RETRY_AFTER_SECONDS,
    classify_response,
    clock_skew,
    retry_after,
)
from target_segment.errors import DeliveryError

from .freshchat_responses import headers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


def response(data: bytes) -> None:
    """A status, lines of headers, a blank line and a body."""
    text, _, body = data[1:].partition(b"\n\n")
    headers = headers_of(text.decode("latin-1"))
    with contextlib.suppress(DeliveryError):
        classify_response(200 + 2 * (data[0] if data else 0), headers, body)
    wait = retry_after(headers, NOON)
    if wait is not None and not 0 <= wait <= MAX_RETRY_AFTER_SECONDS:
        raise AssertionError(wait)
    clock_skew(headers, NOON)


TARGETS: Mapping[str, Callable[[bytes], None]] = {"segment_response": response}
