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
        self._mapping = mapping
        self._delivery = run.delivery
        self._dead_letters = run.dead_letters
        self._now = run.now
        self._latest = run.now() + _TOLERATED_FUTURE
        self._truncate = truncate

    def take(self, record: Mapping[str, Any]) -> None:
        """Turn a record into an event and hand it over.

        Raises:
            TargetSegmentError: The delivery has failed, or a dead letter cannot be kept.
        """
        try:
            mapped = self._mapping.map(record)
            if isinstance(mapped, Skipped):
                self._delivery.report.skipped[self._stream.name, mapped.reason] += 1
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

    def _count(self, reason: Reason) -> None:
        self._delivery.report.dead_letters[self._stream.name, reason.text] += 1
