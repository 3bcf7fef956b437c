"""Report requests: parses and validates event, format and time range."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from freshchat_sandbox.account import timestamps
from freshchat_sandbox.account.timestamps import DAY, HOUR
from freshchat_sandbox.http_messages import ApiError
from freshchat_sandbox.reports.catalog import REPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK_BACK = 456 * DAY  # reference: reports API, start no earlier than 15 months ago


class ReportRequest(NamedTuple):
    """Valid report request; its range is [start, end) in epoch milliseconds."""

    event: str
    start: int
    end: int
    with_pii: bool


def parse_report_request(body: bytes, now: int, *, is_short: bool) -> ReportRequest:
    """Parse the body of a report request; `is_short` allows for shorter ranges only.

    Raises:
        ApiError: 400 INVALID_VALUE, naming the invalid part.
    """
    try:
        content = json.loads(body)
    except ValueError:
        raise _invalid("The body is not JSON") from None
    if not isinstance(content, dict):
        raise _invalid("The body is not an object")
    if content.get("event") not in REPORTS:
        raise _invalid(f"event must be one of {', '.join(REPORTS)}")
    if content.get("format") != "csv":
        raise _invalid("format must be csv")
    without_pii = content.get("should_exclude_pii", False)
    if not isinstance(without_pii, bool):
        raise _invalid("should_exclude_pii must be true or false")
    request = ReportRequest(
        content["event"], _time(content, "start"), _time(content, "end"), not without_pii
    )
    longest = REPORTS[request.event].longest
    _check_range(request, now, min(longest // 2, DAY) if is_short else longest)
    return request


def _check_range(request: ReportRequest, now: int, longest: int) -> None:
    if request.start >= request.end:
        raise _invalid("Invalid date range: start must be before end")
    if request.start < now - LOOK_BACK:
        raise _invalid("Invalid date range: start is over 15 months ago")
    if request.end - request.start > longest:
        raise _invalid(
            "Invalid date range: the interval between start and end exceeds "
            f"{longest // HOUR} hours for {request.event}"
        )


def _time(content: Mapping[str, Any], name: str) -> int:
    try:
        return timestamps.parse_iso(str(content.get(name)))
    except ValueError:
        raise _invalid(f"{name} is not an ISO 8601 time") from None


def _invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_VALUE", message)
