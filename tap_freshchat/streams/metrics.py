"""Streams of Freshchat's own metrics: over time and at present."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import closing
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_freshchat.api.responses import require_object
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.errors import FreshchatError, NotFoundError, RequestRejectedError
from tap_freshchat.ids import stable_id
from tap_freshchat.metric_records import (
    INSTANT_AT_HISTORICAL,
    INTERVALS,
    Metric,
    historical_records,
    instant_records,
)
from tap_freshchat.streams.base import FreshchatStream, FullTableStream
from tap_freshchat.streams.windowed import WindowedStream
from tap_freshchat.times import floor_to, format_request_time, parse_time
from tap_freshchat.windows import Window, plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# What one request covers: connectors in the field ask for up to 31 days. If Freshchat rejects the
# range, each day is requested; one connector (Fivetran) never asks for more.
METRICS_WINDOW = timedelta(days=28)
METRICS_DAY = timedelta(days=1)
HISTORICAL_PATH = "/metrics/historical"
INSTANT_PATH = "/metrics/instant"


class MetricRequest(NamedTuple):
    """Where a metric is requested, and with which parameters besides its own."""

    path: str
    query: Mapping[str, str]


class MetricStream(FreshchatStream):
    """Stream of the metrics in the setting of its name; logs each rejected metric once."""

    _any_succeeded = False
    _rejected: frozenset[Metric] = frozenset()

    @abstractmethod
    def requests_for(self, metric: Metric, window: Window) -> Iterator[list[MetricRequest]]:
        """Alternatives of requests for one metric: the next one if one is rejected."""

    def read_metrics(
        self,
        metrics: Sequence[Metric],
        window: Window,
        parse: Callable[[Metric, Mapping[str, Any]], Iterable[dict[str, Any]]],
    ) -> Iterator[dict[str, Any]]:
        """Records that `parse` builds from each metric's responses; requests run concurrently.

        Raises:
            FreshchatError: Freshchat has rejected every metric, or a response cannot be read.
        """

        def fetch(metric: Metric) -> list[Mapping[str, Any] | MetricRequest]:
            results: list[Mapping[str, Any] | MetricRequest] = []
            for requests in self.requests_for(metric, window):
                results = [self._fetch(metric, request) for request in requests]
                if not all(isinstance(result, MetricRequest) for result in results):
                    break
            return results

        fetched = ordered_map(fetch, metrics, in_flight=self.run.client.max_concurrency)
        with closing(fetched):
            for metric, results in fetched:
                for result in results:
                    if isinstance(result, MetricRequest):
                        self._skip_metric(metric, result)
                        continue
                    self._any_succeeded = True
                    yield from self._parsed(parse, metric, result)
        if self._rejected and not self._any_succeeded:
            raise FreshchatError(
                f"Freshchat rejects every metric of setting {self.name}. Name metrics that the "
                f"account has, or deselect the stream {self.name}."
            )

    def _fetch(self, metric: Metric, request: MetricRequest) -> Mapping[str, Any] | MetricRequest:
        """The response to a request; the request itself if Freshchat rejects it."""
        try:
            response = self.run.client.get(request.path, {**request.query, **metric.query})
        except (RequestRejectedError, NotFoundError):
            return request
        return require_object(response, request.path)

    def _parsed(
        self,
        parse: Callable[[Metric, Mapping[str, Any]], Iterable[dict[str, Any]]],
        metric: Metric,
        response: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        try:
            return list(parse(metric, response))
        except ValueError as error:
            raise FreshchatError(
                f"The response for metric {metric.name} cannot be read: {error}. Remove the "
                f"metric from setting {self.name}."
            ) from None

    def _skip_metric(self, metric: Metric, request: MetricRequest) -> None:
        # It may be rejected for one window only: the next window requests it again.
        if metric not in self._rejected:
            self._rejected |= {metric}
            start = request.query.get("start")
            self.logger.warning(
                "Freshchat rejects metric %s%s; the metric is omitted where it is rejected. Check "
                "setting %s.",
                *(metric.text, f" from {start} on" if start else "", self.name),
            )


class HistoricalMetrics(MetricStream, WindowedStream):
    """Metrics over time: one value for each interval, grouping and key."""

    name = "historical_metrics"
    replication_key = "end_time"

    @cached_property
    @override
    def windows(self) -> list[Window]:
        step = INTERVALS[self.run.config.metrics_interval]
        start = floor_to(self.start_time, step)
        until = floor_to(self.run.time_range.report_end, step)
        # Windows end at midnight, so that each begins where an interval does.
        windows = plan_windows(floor_to(start, METRICS_DAY), until, METRICS_WINDOW)
        return [Window(max(start, each.start), each.end) for each in windows if start < each.end]

    @override
    def requests_for(self, metric: Metric, window: Window) -> Iterator[list[MetricRequest]]:
        """The whole window; then each of its days."""
        if metric not in self._by_day:
            yield [self._request(window)]
        self._by_day.add(metric)
        first = floor_to(window.start, METRICS_DAY)
        days = plan_windows(first, window.end, METRICS_DAY)
        yield [self._request(Window(max(day.start, window.start), day.end)) for day in days]

    def _request(self, window: Window) -> MetricRequest:
        query = {
            "start": format_request_time(window.start),
            "end": format_request_time(window.end),
            "interval": self.run.config.metrics_interval,
        }
        return MetricRequest(HISTORICAL_PATH, query)

    @cached_property
    def _by_day(self) -> set[Metric]:
        """Metrics for which Freshchat rejects a longer range than a day."""
        return set()

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        parse = partial(historical_records, interval=self.run.config.metrics_interval)
        for record in self.read_metrics(self.run.config.historical_metrics, window, parse):
            # Includes the value, so that a changed value is emitted again.
            key = stable_id(record["id"], str(record["value"]))
            end = parse_time(record["end_time"])
            if end <= window.end and self.is_new(key, end):
                yield record


class InstantMetrics(MetricStream, FullTableStream):
    """Current metrics, with the ids of the counted resources."""

    name = "instant_metrics"

    @override
    def requests_for(self, metric: Metric, window: Window) -> Iterator[list[MetricRequest]]:
        """The endpoint that is known to have the metric; then the other one."""
        start, end = format_request_time(window.start), format_request_time(window.end)
        requests = [
            MetricRequest(INSTANT_PATH, {}),
            MetricRequest(HISTORICAL_PATH, {"start": start, "end": end}),
        ]
        if metric.name in INSTANT_AT_HISTORICAL:
            requests.reverse()
        yield from ([request] for request in requests)

    @override
    def items(self) -> Iterator[Mapping[str, Any]]:
        now = self.run.clock.now()
        parse = partial(instant_records, now=now)
        return self.read_metrics(self.run.config.instant_metrics, Window(now, now), parse)
