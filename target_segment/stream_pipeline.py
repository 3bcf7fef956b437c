"""Pipeline of one stream's records: validate, map, check, encode; then queue, keep or count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from msgspec import structs

from target_segment.json_codec import NotEncodableError, encode
from target_segment.mapping.stream_mapping import Skipped, StreamInfo, StreamMapping
from target_segment.segment_spec import Event, InvalidEvent, Reason, validate_event, validate_size
from target_segment.truncation import truncate_to_limit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_segment.mapping.path_usage import StreamWatch
    from target_segment.run import Run
    from target_segment.singer.validation import RecordValidator

# Segment takes any time. A clock a few minutes ahead is common; more is a fault of the data.
_MAX_CLOCK_AHEAD = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_NOT_A_NUMBER = Reason("not_a_number", "holds NaN or Infinity, which JSON cannot represent")
_FILTERED = Skipped("filtered out by stream_maps")


@dataclass(eq=False)
class StreamPipeline:
    """Turns one stream's records into events and counts what becomes of each.

    Texts at the paths of `truncate` may be cut when an event is too large. Without a `validator`,
    records are not checked against their schema. `watch` notes which paths of the settings the
    records have.
    """

    stream: StreamInfo
    mapping: StreamMapping | Skipped
    run: Run
    truncate: Sequence[str] = ()
    validator: RecordValidator | None = None
    watch: StreamWatch | None = None

    def __post_init__(self) -> None:
        self._delivery = self.run.delivery
        self._stats = self.run.delivery.stats
        self._latest = self.run.clock.now() + _MAX_CLOCK_AHEAD

    def process(self, record: Mapping[str, Any]) -> None:
        """Turn a record into an event and queue it, or keep or count it.

        Raises `TargetSegmentError` if delivering or keeping fails.
        """
        if self.validator is not None and not self.validator.is_valid(record):
            self.reject(record, Reason("invalid_record", self.validator.describe_error(record)))
            return
        try:
            if self.watch is not None and not self.watch.observe(record):
                self.watch = None
            mapped = self.mapping.map(record)
            if isinstance(mapped, Skipped):
                self._skip(mapped)
                return
            if reason := validate_event(mapped.event):
                self.reject(record, reason)
                return
            payload = encode(mapped.event)
        except InvalidEvent as error:
            self.reject(record, error.reason)
            return
        except NotEncodableError:
            self.reject(record, _NOT_A_NUMBER)
            return
        if mapped.time is not None and not _EPOCH <= mapped.time <= self._latest:
            self._warn_about_time(mapped.time)
        self.enqueue(
            Event(
                payload=payload,
                message_id=mapped.event["messageId"],
                name=mapped.name,
                stream=self.stream.name,
                identity=mapped.identity,
            )
        )

    def count_filtered(self) -> None:
        """Count a record that stream maps have filtered out."""
        self._skip(self.mapping if isinstance(self.mapping, Skipped) else _FILTERED)

    def enqueue(self, event: Event) -> None:
        """Queue a valid event; cut it, or keep it as a dead letter, if it is too large."""
        too_large = validate_size(event.payload)
        if too_large is None:
            self._delivery.enqueue(event)
            return
        shorter = truncate_to_limit(event.payload, self.truncate) if self.truncate else None
        if shorter is not None:
            self._warn("cut to fit (truncate_properties)")
            self._delivery.enqueue(structs.replace(event, payload=shorter))
            return
        self.run.dead_letters.write_event(event, too_large)
        self._stats.dead_letters[self.stream.name, too_large.text] += 1

    def reject(self, record: Any, reason: Reason) -> None:
        """Keep a record that cannot become an event."""
        self.run.dead_letters.write_record(self.stream.name, self.stream.keys, record, reason)
        self._stats.dead_letters[self.stream.name, reason.text] += 1

    def _skip(self, skipped: Skipped) -> None:
        self._stats.skipped[self.stream.name, skipped.reason] += 1

    def _warn(self, text: str) -> None:
        self._stats.warnings[self.stream.name, text] += 1

    def _warn_about_time(self, time: datetime) -> None:
        """Count a time that cannot be right, as the clock says by now."""
        self._latest = self.run.clock.now() + _MAX_CLOCK_AHEAD
        if time < _EPOCH:
            self._warn("time before 1970")
        elif time > self._latest:
            self._warn("time more than 5 minutes in the future")
