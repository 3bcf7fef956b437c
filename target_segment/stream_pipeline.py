"""One stream's records on their way in: mapped, checked and encoded, or refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from target_segment.json_codec import NotEncodableError, encode
from target_segment.mapping.stream_mapping import Skipped, StreamInfo, StreamMapping
from target_segment.segment_spec import Event, InvalidEvent, Reason, validate_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_segment.outlet import Outlet

# Segment takes any time. A clock a few minutes ahead is common; more is a fault of the data.
_TOLERATED_FUTURE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_NOT_A_NUMBER = Reason("not_a_number", "holds NaN or Infinity, which JSON cannot carry")

_FILTERED = Skipped("filtered out by stream_maps")


class StreamPipeline:
    """Takes the records of one stream.

    Args:
        stream: The stream.
        mapping: What its records become.
        outlet: Where its events go, and records that Segment would not accept.
        now: The time of day, in UTC.
    """

    def __init__(
        self,
        stream: StreamInfo,
        mapping: StreamMapping | Skipped,
        outlet: Outlet,
        now: Callable[[], datetime],
    ) -> None:
        self._stream = stream
        self._mapping = mapping
        self._outlet = outlet
        self._now = now
        self._latest = now() + _TOLERATED_FUTURE

    def count_filtered(self) -> None:
        """Count a record that stream maps have left out."""
        self._outlet.skip(self._mapping if isinstance(self._mapping, Skipped) else _FILTERED)

    def process(self, record: Mapping[str, Any]) -> None:
        """Turn a record into an event and hand it over.

        Raises:
            TargetSegmentError: The delivery has failed, or a dead letter cannot be kept.
        """
        try:
            mapped = self._mapping.map(record)
            if isinstance(mapped, Skipped):
                self._outlet.skip(mapped)
                return
            fault = validate_event(mapped.event)
            if fault is not None:
                self._outlet.reject(record, fault)
                return
            payload = encode(mapped.event)
        except InvalidEvent as caught:
            self._outlet.reject(record, caught.reason)
            return
        except NotEncodableError:
            self._outlet.reject(record, _NOT_A_NUMBER)
            return
        if mapped.moment is not None and not _EPOCH <= mapped.moment <= self._latest:
            self._warn_about_time(mapped.moment)
        self._outlet.enqueue(
            Event(
                payload=payload,
                message_id=mapped.event["messageId"],
                name=mapped.name,
                stream=self._stream.name,
                identity=mapped.identity,
            )
        )

    def _warn_about_time(self, moment: datetime) -> None:
        """Count a time that cannot be right; a long run outlives the moment it began at."""
        self._latest = self._now() + _TOLERATED_FUTURE
        if moment < _EPOCH:
            self._outlet.warn("time before 1970")
        elif moment > self._latest:
            self._outlet.warn("time more than 5 minutes in the future")
