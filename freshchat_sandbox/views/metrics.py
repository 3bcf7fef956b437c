"""Metrics: figures of the account at a given time."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account import timestamps
from freshchat_sandbox.account.conversation_events import (
    AGENT,
    AGENT_ASSIGNED,
    CREATED,
    MESSAGE,
    NEW,
    NORMAL,
    RATED,
    REOPENED,
    RESOLVED,
)
from freshchat_sandbox.account.durations import first_responses, resolutions, responses
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
_SATISFIED = 4  # stars


def _satisfied(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    for event in timeline.events:
        if event.kind == RATED:
            yield event, SECOND * (int(event.detail[0]) >= _SATISFIED)


def _counted(
    kind: str,
) -> Callable[[ConversationTimeline], Iterator[tuple[ConversationEvent, int]]]:
    """Return a function that yields a value of one for each interaction with such an event."""

    def found(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
        counted = set()
        for event in timeline.events:
            starts = event.kind in {CREATED, REOPENED}
            is_one = starts if kind == CREATED else event.kind == kind
            if is_one and event.interaction_start not in counted:
                counted.add(event.interaction_start)
                yield event, SECOND

    return found


def _replies(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    for event in timeline.events:
        if (event.kind, event.actor_type, event.message_type) == (MESSAGE, AGENT, NORMAL):
            yield event, SECOND


_HISTORICAL: dict[
    str, Callable[[ConversationTimeline], Iterator[tuple[ConversationEvent, int]]]
] = {
    "conversation_metrics.wait_time": first_responses,
    "team_performance.first_response_time": first_responses,
    "team_performance.response_time": responses,
    "team_performance.resolution_time": resolutions,
    "conversation_metrics.created_interactions": _counted(CREATED),
    "conversation_metrics.assigned_interactions": _counted(AGENT_ASSIGNED),
    "conversation_metrics.resolved_interactions": _counted(RESOLVED),
    "team_performance.responses_sent": _replies,
    "csat_metrics.satisfactory_interactions": _satisfied,
}
# Counts of events: their values are added up, unless an aggregator is given.
_COUNTS = frozenset(
    {
        *(
            f"conversation_metrics.{kind}_interactions"
            for kind in ("created", "assigned", "resolved")
        ),
        "team_performance.responses_sent",
    }
)
# A current figure, requested over time.
_UNASSIGNED = "conversation_metrics.created_x_mins_ago_and_unassigned"
_AGGREGATORS: dict[str, Callable[[list[float]], float]] = {
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
    "median": lambda values: sorted(values)[len(values) // 2],
    "sum": sum,
    "90th_percentile": lambda values: sorted(values)[len(values) * 9 // 10],
}


def historical(account: SandboxAccount, request: Request, now: int) -> dict[str, Any]:
    """Return a metric over time; its values are strings.

    Raises:
        ApiError: 400 for an unknown metric, aggregator, interval or range.
    """
    if request.parameter("metric") == _UNASSIGNED:
        return _unassigned_now(account, request, now)
    metric = _choice(request, "metric", _HISTORICAL)
    usual = "sum" if metric in _COUNTS else "avg"
    aggregator = _choice(request, "aggregator", _AGGREGATORS, usual)
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


def _unassigned_now(account: SandboxAccount, request: Request, now: int) -> dict[str, Any]:
    count = len(_created_and_unassigned(account, request, now))
    point = {"values": [{"key": "count", "value": str(count)}]}
    return {
        "metrics": [_UNASSIGNED],
        "aggregator": "avg",
        "interval": "",
        "filters": {"metric_filters": []},
        "data": [{"groupings": [], "series": [point]}],
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
}


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
