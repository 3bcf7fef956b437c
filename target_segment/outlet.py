"""Where one stream's events and refused records go: the shared delivery, or the dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from target_segment.segment_spec import validate_size
from target_segment.truncation import truncate_to_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_segment.mapping.stream_mapping import Skipped, StreamInfo
    from target_segment.run import Run
    from target_segment.segment_spec import Event, Reason


class Outlet:
    """Takes what has become of one stream's records, and counts it.

    Args:
        stream: The stream.
        run: Where its events go, and records that Segment would not accept.
        truncate: Paths of texts that may be cut when an event is too large.
    """

    def __init__(self, stream: StreamInfo, run: Run, *, truncate: Sequence[str] = ()) -> None:
        self._stream = stream
        self._delivery = run.delivery
        self._dead_letters = run.dead_letters
        self._truncate = truncate

    def enqueue(self, event: Event) -> None:
        """Deliver an event that has no fault but, perhaps, its size."""
        too_large = validate_size(event.payload)
        if too_large is None:
            self._delivery.enqueue(event)
            return
        shorter = truncate_to_limit(event.payload, self._truncate) if self._truncate else None
        if shorter is not None:
            self.warn("cut to fit (truncate_properties)")
            self._delivery.enqueue(structs.replace(event, payload=shorter))
            return
        self._dead_letters.write_event(event, too_large)
        self._count(too_large)

    def reject(self, record: Any, reason: Reason) -> None:
        """Keep a record that cannot become an event."""
        self._dead_letters.write_record(self._stream.name, self._stream.keys, record, reason)
        self._count(reason)

    def skip(self, skipped: Skipped) -> None:
        """Count a record that is no event."""
        self._delivery.stats.skipped[self._stream.name, skipped.reason] += 1

    def warn(self, text: str) -> None:
        """Count an event that is sent but looks wrong."""
        self._delivery.stats.warnings[self._stream.name, text] += 1

    def _count(self, reason: Reason) -> None:
        self._delivery.stats.dead_letters[self._stream.name, reason.text] += 1
