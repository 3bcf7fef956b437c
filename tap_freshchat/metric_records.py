"""Parser of metric settings and metric responses: one record for each value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tap_freshchat.conform import cast_value
from tap_freshchat.ids import stable_id
from tap_freshchat.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

# Metrics known from other connectors and from Freshworks' own client; Freshchat has more.
HISTORICAL = (
    "conversation_metrics.wait_time",
    "conversation_metrics.created_interactions",
    "conversation_metrics.assigned_interactions",
    "conversation_metrics.resolved_interactions",
    "team_performance.first_response_time",
    "team_performance.response_time",
    "team_performance.resolution_time",
    "team_performance.responses_sent",
    "csat_metrics.satisfactory_interactions",
)
INSTANT = (
    "team_presence.online",
    "team_member.online",
    "conversation_metrics.created_x_mins_ago_and_unassigned?x_time=60",
)
# Current figures that Freshworks' own client requests from /metrics/historical, with the present as
# both start and end. The points of such a response have no times.
INSTANT_AT_HISTORICAL = frozenset({"conversation_metrics.created_x_mins_ago_and_unassigned"})
# Interval of a figure over the whole range of the request.
WHOLE_RANGE = "range"
# Those that divide a day. Where the service's weeks and months begin is not documented.
INTERVALS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
# What the service takes beside the metric, its range and interval.
_PARAMETERS = ("aggregator", "group_by", "filter_by", "x_time")
_NUMBER = {"type": ["number", "null"]}
_INTERVAL = ("start", "end")


@dataclass(frozen=True)
class Metric:
    """One metric as it is asked for.

    `text` is the setting's own text, which distinguishes two queries of one metric.
    """

    text: str
    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Metric:
        """Read `name` or `name?parameter=value&…`; ValueError says what is wrong with the text."""
        name, separator, query = text.strip().partition("?")
        parameters = tuple(parse_qsl(query, keep_blank_values=True))
        if not name or (separator and not parameters):
            raise ValueError("a metric must have the form name or name?parameter=value")
        for parameter, _ in parameters:
            if parameter not in _PARAMETERS:
                raise ValueError(
                    f"unknown parameter {parameter}, not one of {', '.join(_PARAMETERS)}"
                )
        return cls(text.strip(), name, parameters)

    @property
    def query(self) -> dict[str, str]:
        """Query parameters of the request."""
        return {"metric": self.name, **dict(self.parameters)}


def historical_records(
    metric: Metric, response: Mapping[str, Any], *, interval: str
) -> Iterator[dict[str, Any]]:
    """A record for each interval, grouping and key of a response over time.

    Raises:
        ValueError: an interval has no readable start or end, or the response has another shape.
    """
    metrics = response.get("metrics") or response.get("metric")
    described = metrics[0] if isinstance(metrics, list) else None
    aggregator = (described if isinstance(described, dict) else response).get("aggregator")
    for data in _object_list(response, "data"):
        series = [(interval, point) for point in _object_list(data, "series")]
        if not series and (summary := _summary(data) or _summary(response)):
            bounds = {name: response.get(name) for name in _INTERVAL}
            series = [(WHOLE_RANGE, {**bounds, **summary})]
        for length, point in series:
            start, end = (format_time(parse_time(str(point.get(name)))) for name in _INTERVAL)
            for value, record in _values(metric, data, point, length, start):
                yield {
                    **record,
                    "aggregator": metric.query.get("aggregator") or aggregator,
                    "interval": length,
                    "start_time": start,
                    "end_time": end,
                    "value": _parse_number(value.get("value")),
                }


def instant_records(
    metric: Metric, response: Mapping[str, Any], *, now: datetime
) -> Iterator[dict[str, Any]]:
    """A record for each grouping and key of a response about the present; ValueError as above."""
    for data in _object_list(response, "data"):
        points = _object_list(data, "series")
        # One point, if it comes as a figure over time.
        for value, record in _values(metric, data, points[-1] if points else data):
            resources = _object_list(value, "resources")
            yield {
                **record,
                "snapshot_time": format_time(now),
                "value": _parse_number(value.get("count", value.get("value"))),
                "resource_ids": [str(each["id"]) for each in resources if each.get("id")],
            }


def _values(
    metric: Metric, data: Mapping[str, Any], holder: Mapping[str, Any], *id_parts: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each value with the part of its record that says what it is the value of."""
    groupings = [
        {name: _text(each.get(name)) for name in ("key", "value")}
        for each in _object_list(data, "groupings")
    ]
    pairs = sorted((each["key"] or "", each["value"] or "") for each in groupings)
    flat = [text for pair in pairs for text in pair]
    for value in _object_list(holder, "values"):
        key = value.get("key")
        yield (
            value,
            {
                "id": stable_id("metric", metric.text, str(key), *id_parts, *flat),
                "metric": metric.name,
                "groupings": groupings,
                "key": _text(key),
            },
        )


def _summary(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The summary of a response, as an object with `values`.

    Its form is not documented: it may be such an object, or the list of its values.
    """
    summary = holder.get("summary")
    if isinstance(summary, list):
        return {"values": summary} if summary else None
    return summary if isinstance(summary, dict) and summary.get("values") else None


def _object_list(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list of a response; none when it is absent."""
    items = holder.get(key) or []
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise ValueError(f"{key} is not a list of objects")
    return items


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _parse_number(value: Any) -> float | None:
    """A number, which comes as a string; null if it is not a number."""
    try:
        return cast_value(value, _NUMBER) if value != "" else None
    except ValueError:
        return None
