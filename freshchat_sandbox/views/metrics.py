"""Metrics and outbound messages: figures of the account at a given time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account import timestamps
from freshchat_sandbox.account.conversation_events import NEW, RATED
from freshchat_sandbox.account.durations import first_responses, resolutions, responses
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.shifts import AVAILABILITY
from freshchat_sandbox.account.staff import AGENTS
from freshchat_sandbox.account.timestamps import DAY, HOUR, MINUTE, SECOND, format_iso
from freshchat_sandbox.http_messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )
    from freshchat_sandbox.http_messages import Request

_INTERVALS = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "1d": DAY,
    "1W": 7 * DAY,
    "1M": 30 * DAY,
}
_MAX_POINTS = 2_000
_OUTBOUND_PER_DAY = 6
_OUTBOUND_STEPS = (("Accepted", 0), ("Sent", 3 * SECOND), ("Delivered", 20 * SECOND))
_SATISFIED = 4  # stars


def _satisfied(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    for event in timeline.events:
        if event.kind == RATED:
            yield event, SECOND * (int(event.detail[0]) >= _SATISFIED)


_HISTORICAL: dict[
    str, Callable[[ConversationTimeline], Iterator[tuple[ConversationEvent, int]]]
] = {
    "conversation_metrics.wait_time": first_responses,
    "team_performance.first_response_time": first_responses,
    "team_performance.response_time": responses,
    "team_performance.resolution_time": resolutions,
    "csat_metrics.satisfactory_interactions": _satisfied,
}
_AGGREGATORS: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "median": lambda values: sorted(values)[len(values) // 2],
    "90th_percentile": lambda values: sorted(values)[len(values) * 9 // 10],
}


def historical(account: SandboxAccount, request: Request, now: int) -> dict[str, Any]:
    """Return a metric over time; its values are strings.

    Raises:
        ApiError: 400 for an unknown metric, aggregator, interval or range.
    """
    metric = _choice(request, "metric", _HISTORICAL)
    aggregator = _choice(request, "aggregator", _AGGREGATORS, "avg")
    interval = _choice(request, "interval", _INTERVALS, "1d")
    start, end = time_parameter(request, "start"), time_parameter(request, "end")
    if start is None or end is None or start >= end:
        raise ApiError(400, "INVALID_VALUE", "start and end must be given, start before end")
    step = _INTERVALS[interval]
    if (end - start) // step > _MAX_POINTS:
        raise ApiError(400, "INVALID_VALUE", "The interval is too short for the range")
    by_group = request.parameter("group_by") is not None
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for timeline in account.conversations(start, min(end, now + 1)):
        for event, value in _HISTORICAL[metric](timeline):
            if start <= event.at < end and event.at <= now:
                group = account.group_id(event.state.group) or "" if by_group else ""
                found[group][(event.at - start) // step].append(value / SECOND)
    return {
        "metrics": [{"metric": metric, "aggregator": aggregator, "interval": interval}],
        "start": format_iso(start),
        "end": format_iso(end),
        "filters": {"metric_filters": []},
        "data": [
            {
                "groupings": [{"key": "group", "value": group}] if group else [],
                "series": [
                    {
                        "start": format_iso(start + point * step),
                        "end": format_iso(min(end, start + (point + 1) * step)),
                        "values": [
                            {"key": metric, "value": f"{_AGGREGATORS[aggregator](values):.2f}"}
                        ],
                    }
                    for point, values in sorted(points.items())
                ],
            }
            for group, points in sorted(found.items())
        ],
    }


def instant(account: SandboxAccount, request: Request, now: int) -> dict[str, Any]:
    """Return the current value of a metric, with the ids of what it counts.

    Raises:
        ApiError: 400 for an unknown metric.
    """
    metric = _choice(request, "metric", _INSTANT)
    ids = _INSTANT[metric](account, request, now)
    value = {"key": metric, "count": len(ids), "resources": [{"id": one} for one in ids]}
    return {
        "metric": metric,
        "filters": {"metric_filters": []},
        "data": [{"groupings": [], "values": [value]}],
    }


def _online(account: SandboxAccount, _: Request, now: int) -> list[str]:
    changes = (
        account.shifts.latest_change(index, AVAILABILITY, now) for index in range(len(AGENTS))
    )
    return [
        account.agent_ids[change.agent] for change in changes if change is not None and change.on
    ]


def _created_and_unassigned(account: SandboxAccount, request: Request, now: int) -> list[str]:
    text = request.parameter("x_time") or "60"
    if not (text.isascii() and text.isdecimal() and int(text) * MINUTE <= DAY):
        raise ApiError(400, "INVALID_VALUE", "x_time must be minutes, at most a day")
    since = now - int(text) * MINUTE
    conversations = [
        timeline
        for timeline in account.conversations(since, now + 1)
        if since <= timeline.started_at <= now
    ]
    return [
        account.conversation_id(timeline.key)
        for timeline in conversations
        if timeline.until(now)[-1].state == (NEW, None, None)
    ]


_INSTANT: dict[str, Callable[[SandboxAccount, Request, int], list[str]]] = {
    "team_presence.online": _online,
    "team_member.online": _online,
    "conversation_metrics.created_x_mins_ago_and_unassigned": _created_and_unassigned,
}


def outbound_messages(account: SandboxAccount, request: Request, now: int) -> list[dict[str, Any]]:
    """Return the WhatsApp messages sent out of one request, or in a time window.

    Raises:
        ApiError: 400 without a request_id or a whole window.
    """
    request_id = request.parameter("request_id")
    if request_id is not None:
        found = account.ids.parse_uuid(Kind.CAMPAIGN, request_id)
        messages = list(_sent_on(account, found[0], now)) if found else []
        return [message for message in messages if message["request_id"] == request_id]
    start = time_parameter(request, "created_from")
    end = time_parameter(request, "created_to")
    if start is None or end is None or start >= end:
        raise ApiError(400, "INVALID_VALUE", "request_id, or created_from and created_to, needed")
    first = max(0, (start - account.origin) // DAY)
    last = (min(end, now) - account.origin) // DAY
    return [
        message
        for day in range(first, last + 1)
        for message in _sent_on(account, day, now)
        if start <= message["created_on"] * SECOND < end
    ]


def _sent_on(account: SandboxAccount, day: int, now: int) -> Iterator[dict[str, Any]]:
    for number in range(_OUTBOUND_PER_DAY):
        rng = SeededRandom(account.options.seed, "outbound", day, number)
        created = account.origin + day * DAY + rng.randint(0, DAY // SECOND - 1) * SECOND
        failed = rng.chance(0.1)
        reached = [name for name, after in _OUTBOUND_STEPS if created + after <= now]
        if not reached:
            continue
        message: dict[str, Any] = {
            "message_id": account.ids.uuid(Kind.OUTBOUND, day, number),
            "request_id": account.ids.uuid(Kind.CAMPAIGN, day, number // 3),
            "provider": "whatsapp",
            "status": reached[-1],
            "created_on": created // SECOND,
            "from": {"phone_number": "+15550100200"},
            "to": [{"phone_number": f"+1555{rng.randint(1_000_000, 9_999_999)}"}],
            "data": {"message_template": {"template_name": "parcel_on_its_way"}},
        }
        if failed and reached[-1] == "Delivered":
            message |= {
                "status": "Failed",
                "failure_code": "470",
                "failure_reason": "Outside of the 24-hour window",
            }
        yield message


def time_parameter(request: Request, name: str) -> int | None:
    """Return a time from a query parameter in epoch milliseconds, or None.

    Raises:
        ApiError: 400 if it is not an ISO 8601 time.
    """
    text = request.parameter(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return timestamps.parse_iso(text.replace(" ", "+") if text.count(" ") == 1 else text)
    except ValueError:
        raise ApiError(400, "INVALID_VALUE", f"{name} is not an ISO 8601 time") from None


def _choice(
    request: Request, name: str, choices: dict[str, Any], default: str | None = None
) -> str:
    value = request.parameter(name) or default
    if value not in choices:
        raise ApiError(400, "INVALID_VALUE", f"{name} must be one of {', '.join(choices)}")
    return value
