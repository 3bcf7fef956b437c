"""Metrics and outbound messages: numbers about the desk, as of a moment."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from freshchat_sandbox.desk import instants
from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.durations import first_responses, resolutions, responses
from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.instants import DAY, HOUR, MINUTE, SECOND, iso
from freshchat_sandbox.desk.lives import NEW, RATED
from freshchat_sandbox.desk.roster import AVAILABILITY
from freshchat_sandbox.desk.staff import AGENTS
from freshchat_sandbox.exchange import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.desk.lives import Life, Moment
    from freshchat_sandbox.exchange import Request

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
_MOST_POINTS = 2_000
_OUTBOUND_A_DAY = 6
_OUTBOUND_STEPS = (("Accepted", 0), ("Sent", 3 * SECOND), ("Delivered", 20 * SECOND))
_SATISFIED = 4  # stars


def _satisfied(life: Life) -> Iterator[tuple[Moment, int]]:
    for moment in life.moments:
        if moment.kind == RATED:
            yield moment, SECOND * (int(moment.detail[0]) >= _SATISFIED)


_HISTORICAL: dict[str, Callable[[Life], Iterator[tuple[Moment, int]]]] = {
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


def historical(desk: Desk, request: Request, now: int) -> dict[str, Any]:
    """Answer a metric over time; its values are texts.

    Raises:
        ApiError: 400 for an unknown metric, aggregator, interval or range.
    """
    metric = _choice(request, "metric", _HISTORICAL)
    aggregator = _choice(request, "aggregator", _AGGREGATORS, "avg")
    interval = _choice(request, "interval", _INTERVALS, "1d")
    start, end = instant_parameter(request, "start"), instant_parameter(request, "end")
    if start is None or end is None or start >= end:
        raise ApiError(400, "INVALID_VALUE", "start and end must be given, start before end")
    step = _INTERVALS[interval]
    if (end - start) // step > _MOST_POINTS:
        raise ApiError(400, "INVALID_VALUE", "The interval is too short for the range")
    by_group = request.parameter("group_by") is not None
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for life in desk.lives(start, min(end, now + 1)):
        for moment, value in _HISTORICAL[metric](life):
            if start <= moment.at < end and moment.at <= now:
                group = desk.group_id(moment.state.group) or "" if by_group else ""
                found[group][(moment.at - start) // step].append(value / SECOND)
    return {
        "metrics": [{"metric": metric, "aggregator": aggregator, "interval": interval}],
        "start": iso(start),
        "end": iso(end),
        "filters": {"metric_filters": []},
        "data": [
            {
                "groupings": [{"key": "group", "value": group}] if group else [],
                "series": [
                    {
                        "start": iso(start + point * step),
                        "end": iso(min(end, start + (point + 1) * step)),
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


def instant(desk: Desk, request: Request, now: int) -> dict[str, Any]:
    """Answer a metric of this moment, with the ids of what was counted.

    Raises:
        ApiError: 400 for an unknown metric.
    """
    metric = _choice(request, "metric", _INSTANT)
    ids = _INSTANT[metric](desk, request, now)
    value = {"key": metric, "count": len(ids), "resources": [{"id": one} for one in ids]}
    return {
        "metric": metric,
        "filters": {"metric_filters": []},
        "data": [{"groupings": [], "values": [value]}],
    }


def _online(desk: Desk, _: Request, now: int) -> list[str]:
    flips = (desk.roster.latest(index, AVAILABILITY, now) for index in range(len(AGENTS)))
    return [desk.agent_ids[flip.agent] for flip in flips if flip is not None and flip.on]


def _created_and_unassigned(desk: Desk, request: Request, now: int) -> list[str]:
    text = request.parameter("x_time") or "60"
    if not (text.isascii() and text.isdecimal() and int(text) * MINUTE <= DAY):
        raise ApiError(400, "INVALID_VALUE", "x_time must be minutes, at most a day")
    since = now - int(text) * MINUTE
    lives = [life for life in desk.lives(since, now + 1) if since <= life.began <= now]
    return [
        desk.conversation_id(life.place)
        for life in lives
        if life.until(now)[-1].state == (NEW, None, None)
    ]


_INSTANT: dict[str, Callable[[Desk, Request, int], list[str]]] = {
    "team_presence.online": _online,
    "team_member.online": _online,
    "conversation_metrics.created_x_mins_ago_and_unassigned": _created_and_unassigned,
}


def outbound_messages(desk: Desk, request: Request, now: int) -> list[dict[str, Any]]:
    """Return the WhatsApp messages sent out of one request, or in a time window.

    Raises:
        ApiError: 400 without a request_id or a whole window.
    """
    request_id = request.parameter("request_id")
    if request_id is not None:
        found = desk.ids.parse_uuid(Kind.CAMPAIGN, request_id)
        messages = list(_sent_on(desk, found[0], now)) if found else []
        return [message for message in messages if message["request_id"] == request_id]
    start = instant_parameter(request, "created_from")
    end = instant_parameter(request, "created_to")
    if start is None or end is None or start >= end:
        raise ApiError(400, "INVALID_VALUE", "request_id, or created_from and created_to, needed")
    first = max(0, (start - desk.origin) // DAY)
    last = (min(end, now) - desk.origin) // DAY
    return [
        message
        for day in range(first, last + 1)
        for message in _sent_on(desk, day, now)
        if start <= message["created_on"] * SECOND < end
    ]


def _sent_on(desk: Desk, day: int, now: int) -> Iterator[dict[str, Any]]:
    for number in range(_OUTBOUND_A_DAY):
        dice = Dice(desk.options.seed, "outbound", day, number)
        created = desk.origin + day * DAY + dice.between(0, DAY // SECOND - 1) * SECOND
        failed = dice.chance(0.1)
        reached = [name for name, after in _OUTBOUND_STEPS if created + after <= now]
        if not reached:
            continue
        message: dict[str, Any] = {
            "message_id": desk.ids.uuid(Kind.OUTBOUND, day, number),
            "request_id": desk.ids.uuid(Kind.CAMPAIGN, day, number // 3),
            "provider": "whatsapp",
            "status": reached[-1],
            "created_on": created // SECOND,
            "from": {"phone_number": "+15550100200"},
            "to": [{"phone_number": f"+1555{dice.between(1_000_000, 9_999_999)}"}],
            "data": {"message_template": {"template_name": "parcel_on_its_way"}},
        }
        if failed and reached[-1] == "Delivered":
            message |= {
                "status": "Failed",
                "failure_code": "470",
                "failure_reason": "Outside of the 24-hour window",
            }
        yield message


def instant_parameter(request: Request, name: str) -> int | None:
    """Return a time given as a query parameter, or None.

    Raises:
        ApiError: 400 if it is no time.
    """
    text = request.parameter(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return instants.parse(text.replace(" ", "+") if text.count(" ") == 1 else text)
    except ValueError:
        raise ApiError(400, "INVALID_VALUE", f"{name} is not an ISO 8601 time") from None


def _choice(request: Request, name: str, known: dict[str, Any], default: str | None = None) -> str:
    value = request.parameter(name) or default
    if value not in known:
        raise ApiError(400, "INVALID_VALUE", f"{name} must be one of {', '.join(known)}")
    return value
