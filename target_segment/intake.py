"""One stream's records into the shared delivery: mapped, checked, encoded, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.encoding import NotEncodableError, encode
from target_segment.events import Event, EventFault, Reason, fault_of, size_fault
from target_segment.mapping import Skipped, Stream, StreamMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_segment.dead_letters import DeadLetters
    from target_segment.delivery import Delivery

_NOT_A_NUMBER = Reason("not_a_number", "holds NaN or Infinity, which JSON cannot carry")


class Intake:
    """Takes the records of one stream.

    Args:
        stream: The stream.
        mapping: What its records become.
        delivery: Where its events go.
        dead_letters: Where records go that Segment would not accept.
    """

    def __init__(
        self,
        stream: Stream,
        mapping: StreamMapping | Skipped,
        delivery: Delivery,
        dead_letters: DeadLetters,
    ) -> None:
        self._stream = stream
        self._mapping = None if isinstance(mapping, Skipped) else mapping
        self._skipped = mapping if isinstance(mapping, Skipped) else None
        self._delivery = delivery
        self._dead_letters = dead_letters

    def skips(self) -> bool:
        """Count a record of a stream that is no event; False if the stream is one."""
        if self._skipped is None:
            return False
        self._skip(self._skipped)
        return True

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
        self._dead_letters.keep_event(event, too_large)
        self._count(too_large)

    def refuse(self, record: Any, reason: Reason) -> None:
        """Keep a record that cannot become an event."""
        self._dead_letters.keep_record(self._stream.name, self._stream.keys, record, reason)
        self._count(reason)

    def _skip(self, skipped: Skipped) -> None:
        self._delivery.report.skipped[self._stream.name, skipped.reason] += 1

    def _count(self, reason: Reason) -> None:
        self._delivery.report.dead_letters[self._stream.name, reason.text] += 1
