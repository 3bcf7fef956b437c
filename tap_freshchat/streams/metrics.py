"""Streams of Freshchat's own metrics: over time and at present."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api.responses import require_object
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.errors import FreshchatError, RequestRejectedError
from tap_freshchat.ids import stable_id
from tap_freshchat.metric_records import INTERVALS, Metric, historical_records, instant_records
from tap_freshchat.streams.base import FreshchatStream, FullTableStream
from tap_freshchat.streams.windowed import WindowedStream
from tap_freshchat.times import floor_to, format_request_time, parse_time
from tap_freshchat.windows import Window, plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# What one request covers: the only range that a connector in the field asks for (Fivetran).
METRICS_WINDOW = timedelta(days=1)


class MetricStream(FreshchatStream):
    """Stream of the metrics in the setting of its name; logs each rejected metric once."""

    _any_succeeded = False

    @cached_property
    def _rejected(self) -> set[Metric]:
        return set()

    def read_metrics(
        self,
        metrics: Sequence[Metric],
        path: str,
        query: Mapping[str, str],
        parse: Callable[[Metric, Mapping[str, Any]], Iterable[dict[str, Any]]],
    ) -> Iterator[dict[str, Any]]:
        """Records that `parse` builds from each metric's response; requests run concurrently.

        Raises:
            FreshchatError: Freshchat has rejected every metric, or a response cannot be read.
        """
        client = self.run.client

        def fetch(metric: Metric) -> Mapping[str, Any] | None:
            try:
                return require_object(client.get(path, {**query, **metric.query}), path)
            except RequestRejectedError:
                return None

        for metric, response in ordered_map(fetch, metrics, in_flight=client.max_concurrency):
            if response is None:
                self._skip_metric(metric, query)
                continue
            self._any_succeeded = True
            try:
                yield from list(parse(metric, response))
            except ValueError as error:
                raise FreshchatError(
                    f"The response for metric {metric.name} cannot be read: {error}. "
                    f"Remove the metric from setting {self.name}."
                ) from None
        if self._rejected and not self._any_succeeded:
            raise FreshchatError(
                f"Freshchat rejects every metric of setting {self.name}. Name metrics that the "
                f"account has, or deselect the stream {self.name}."
            )

    def _skip_metric(self, metric: Metric, query: Mapping[str, str]) -> None:
        # It may be rejected for one window only: the next window requests it again.
        if metric not in self._rejected:
            self._rejected.add(metric)
            self.logger.warning(
                "Freshchat rejects metric %s%s; the metric is omitted where it is rejected. Check "
                "setting %s.",
                *(metric.text, f" from {query['start']} on" if query else "", self.name),
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
        days = plan_windows(floor_to(start, METRICS_WINDOW), until, METRICS_WINDOW)
        return [Window(max(start, day.start), day.end) for day in days if start < day.end]

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        interval = self.run.config.metrics_interval
        query = {
            "start": format_request_time(window.start),
            "end": format_request_time(window.end),
            "interval": interval,
        }
        parse = partial(historical_records, interval=interval)
        metrics = self.run.config.historical_metrics
        for record in self.read_metrics(metrics, "/metrics/historical", query, parse):
            # Includes the value, so that a changed value is emitted again.
            key = stable_id(record["id"], str(record["value"]))
            end = parse_time(record["end_time"])
            if end <= window.end and self.is_new(key, end):
                yield record


class InstantMetrics(MetricStream, FullTableStream):
    """Current metrics, with the ids of the counted resources."""

    name = "instant_metrics"

    @override
    def items(self) -> Iterator[Mapping[str, Any]]:
        parse = partial(instant_records, now=self.run.clock.now())
        return self.read_metrics(self.run.config.instant_metrics, "/metrics/instant", {}, parse)
