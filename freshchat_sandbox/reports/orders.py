"""Judges the body of a report request: event, format and range."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from freshchat_sandbox.desk import instants
from freshchat_sandbox.desk.instants import DAY, HOUR
from freshchat_sandbox.exchange import ApiError
from freshchat_sandbox.reports.catalog import REPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK_BACK = 456 * DAY  # reference: reports API, start no earlier than 15 months ago


class Order(NamedTuple):
    """A report that was asked for; its range is [start, end) in epoch milliseconds."""

    event: str
    start: int
    end: int
    with_pii: bool


def read_order(body: bytes, now: int) -> Order:
    """Read an order.

    Raises:
        ApiError: 400 INVALID_VALUE, saying which part is wrong.
    """
    try:
        asked = json.loads(body)
    except ValueError:
        raise _invalid("The body is not JSON") from None
    if not isinstance(asked, dict):
        raise _invalid("The body is not an object")
    if asked.get("event") not in REPORTS:
        raise _invalid(f"event must be one of {', '.join(REPORTS)}")
    if asked.get("format") != "csv":
        raise _invalid("format must be csv")
    without_pii = asked.get("should_exclude_pii", False)
    if not isinstance(without_pii, bool):
        raise _invalid("should_exclude_pii must be true or false")
    order = Order(asked["event"], _time(asked, "start"), _time(asked, "end"), not without_pii)
    _check_range(order, now)
    return order


def _check_range(order: Order, now: int) -> None:
    if order.start >= order.end:
        raise _invalid("Invalid date range: start must be before end")
    if order.start < now - LOOK_BACK:
        raise _invalid("Invalid date range: start is over 15 months ago")
    longest = REPORTS[order.event].longest
    if order.end - order.start > longest:
        raise _invalid(
            "Invalid date range: the interval between start and end exceeds "
            f"{longest // HOUR} hours for {order.event}"
        )


def _time(asked: Mapping[str, Any], name: str) -> int:
    try:
        return instants.parse(str(asked.get(name)))
    except ValueError:
        raise _invalid(f"{name} is not an ISO 8601 time") from None


def _invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_VALUE", message)
