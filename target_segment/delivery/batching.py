"""Events to request bodies, in order and under every limit."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypeAlias

from target_segment.json_codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from target_segment.segment_spec import Event

# A run of events that travels in one request.
Batch: TypeAlias = "list[Event]"

_OPENING = b'{"batch":['


def build_body(payloads: Sequence[bytes], sent_at: str, write_key: str | None) -> bytes:
    """Join encoded events to one `/batch` body.

    Args:
        payloads: Events as JSON, one at least.
        sent_at: The moment of this very attempt: Segment corrects all times by it.
        write_key: Left out when None.
    """
    parts = list(payloads)
    parts[0] = _OPENING + parts[0]
    parts[-1] += _closing(sent_at, write_key)
    # One copy of half a megabyte, not two: it is made while all other threads wait.
    return b",".join(parts)


def envelope_size(write_key: str | None) -> int:
    """Count the bytes of a body around its events, the commas between them apart."""
    return len(_OPENING) + len(_closing("2026-01-01T00:00:00.000Z", write_key))


def _closing(sent_at: str, write_key: str | None) -> bytes:
    key = b',"writeKey":' + encode(write_key) if write_key else b""
    return b'],"sentAt":"%b"%b}' % (sent_at.encode(), key)


def iso_milliseconds(moment: datetime) -> str:
    """Write a UTC time as Segment's own libraries do: `2026-11-22T10:55:22.220Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def gzip_body(body: bytes) -> bytes:
    """Compress a body at level 1: on JSON, higher levels cost thrice the time for a tenth less."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, wbits=31)
    return compressor.compress(body) + compressor.flush()


class Batcher:
    """Gathers events until one more would pass a limit.

    Args:
        max_events: Most events in a batch.
        max_bytes: Most bytes of the whole body.
        envelope: Bytes of the body around its events.
    """

    def __init__(self, max_events: int, max_bytes: int, envelope: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._envelope = envelope
        self._events: Batch = []
        self._ids: set[str] = set()
        self._size = envelope

    def contains(self, message_id: str) -> bool:
        """Tell whether an event of this id waits in the unfinished batch."""
        return message_id in self._ids

    def add(self, event: Event) -> Batch | None:
        """Add an event; return the batch that had to be closed to make room for it, if any."""
        closed = None
        size = self._size + len(event.payload) + 1
        if size > self._max_bytes or len(self._events) >= self._max_events:
            closed = self.flush()
            size = self._size + len(event.payload) + 1
        self._events.append(event)
        self._ids.add(event.message_id)
        self._size = size
        return closed

    def flush(self) -> Batch | None:
        """End the unfinished batch and return it; None when nothing waits."""
        events = self._events
        self._events = []
        self._ids = set()
        self._size = self._envelope
        return events or None
