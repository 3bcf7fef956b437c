"""One stream's records into the shared delivery: mapped, checked, encoded, or refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from msgspec import structs

from target_segment.encoding import NotEncodableError, encode
from target_segment.events import Event, EventFault, Reason, fault_of, size_fault
from target_segment.mapping import Skipped, Stream, StreamMapping
from target_segment.truncation import cut_to_fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_segment.wiring import Run

# Segment takes any time. A clock a few minutes ahead is common; more is a fault of the data.
_TOLERATED_FUTURE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_NOT_A_NUMBER = Reason("not_a_number", "holds NaN or Infinity, which JSON cannot carry")

_FILTERED = Skipped("filtered out by stream_maps")


class Intake:
    """Takes the records of one stream.

    Args:
        stream: The stream.
        mapping: What its records become.
        run: Where its events go, and records that Segment would not accept.
        truncate: Paths of texts that may be cut when an event is too large.
    """

    def __init__(
        self,
        stream: Stream,
        mapping: StreamMapping | Skipped,
        run: Run,
        *,
        truncate: Sequence[str] = (),
    ) -> None:
        self._stream = stream
        self._mapping = None if isinstance(mapping, Skipped) else mapping
        self._skipped = mapping if isinstance(mapping, Skipped) else None
        self._delivery = run.delivery
        self._dead_letters = run.dead_letters
        self._now = run.now
        self._latest = run.now() + _TOLERATED_FUTURE
        self._truncate = truncate

    def skips(self) -> bool:
        """Count a record of a stream that is no event; False if the stream is one."""
        if self._skipped is None:
            return False
        self._skip(self._skipped)
        return True

    def leave_out(self) -> None:
        """Count a record that stream maps have left out."""
        self._skip(self._skipped or _FILTERED)

    def take(self, record: Mapping[str, Any]) -> None:
        """Turn a record into an event and hand it over.

        Raises:
            TargetSegmentError: The delivery has failed, or a dead letter cannot be kept.
        """
        if self._mapping is None:
            self.skips()
            return
        try:
            mapped = self._mapping.map(record)
            if isinstance(mapped, Skipped):
                self._skip(mapped)
                return
            fault = fault_of(mapped.event)
            if fault is not None:
                self.refuse(record, fault)
                return
            payload = encode(mapped.event)
        except EventFault as caught:
            self.refuse(record, caught.reason)
            return
        except NotEncodableError:
            self.refuse(record, _NOT_A_NUMBER)
            return
        if mapped.moment is not None and not _EPOCH <= mapped.moment <= self._latest:
            self._look_at_clock(mapped.moment)
        self.hand_over(
            Event(
                payload=payload,
                message_id=mapped.event["messageId"],
                name=mapped.name,
                stream=self._stream.name,
                identity=mapped.identity,
            )
        )

    def hand_over(self, event: Event) -> None:
        """Deliver an event that has no fault but, perhaps, its size."""
        too_large = size_fault(event.payload)
        if too_large is None:
            self._delivery.hand_over(event)
            return
        shorter = cut_to_fit(event.payload, self._truncate) if self._truncate else None
        if shorter is not None:
            self._warn("cut to fit (truncate_properties)")
            self._delivery.hand_over(structs.replace(event, payload=shorter))
            return
        self._dead_letters.keep_event(event, too_large)
        self._count(too_large)

    def refuse(self, record: Any, reason: Reason) -> None:
        """Keep a record that cannot become an event."""
        self._dead_letters.keep_record(self._stream.name, self._stream.keys, record, reason)
        self._count(reason)

    def _look_at_clock(self, moment: datetime) -> None:
        """Count a time that cannot be right; a long run outlives the moment it began at."""
        self._latest = self._now() + _TOLERATED_FUTURE
        if moment < _EPOCH:
            self._warn("time before 1970")
        elif moment > self._latest:
            self._warn("time more than 5 minutes in the future")

    def _warn(self, text: str) -> None:
        self._delivery.report.warnings[self._stream.name, text] += 1

    def _skip(self, skipped: Skipped) -> None:
        self._delivery.report.skipped[self._stream.name, skipped.reason] += 1

    def _count(self, reason: Reason) -> None:
        self._delivery.report.dead_letters[self._stream.name, reason.text] += 1
