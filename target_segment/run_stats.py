"""Run statistics: counts of what became of the records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from target_segment.segment_spec import CALL_TYPES, default_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from collections.abc import Set as AbstractSet

    from target_segment.segment_spec import Event


@dataclass(kw_only=True)
class RunStats:
    """Counts that grow during a run.

    Acknowledged events are in `sent` by name, or by stream if records bring the name, in
    `identities` by what identifies them, and in `streams` by stream; `skipped`, `dead_letters` and
    `warnings` are by stream and reason. `merged` are events whose id was already in the same
    request. `requests` include retries; `sent_bytes` is the compressed size of the bodies.
    """

    sent: Counter[str] = field(default_factory=Counter)
    identities: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    dead_letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    merged: int = 0
    requests: int = 0
    retries: int = 0
    body_bytes: int = 0
    sent_bytes: int = 0

    def count_sent(self, events: Collection[Event], known_event_names: AbstractSet[str]) -> None:
        """Count acknowledged events; names other than `known_event_names` are record content."""
        self.identities.update([event.identity for event in events])
        self.streams.update([event.stream for event in events])
        names = Counter([event.name for event in events])
        if names.keys() <= known_event_names:
            self.sent.update(names)
        else:
            self.sent.update([_shown_name(event, known_event_names) for event in events])

    def failed_streams(self, minimum: int) -> Iterator[tuple[str, int, str]]:
        """Yield streams of which nothing was sent and so many records are dead letters.

        With each, the number of its dead letters and their most frequent reason.
        """
        failed: dict[str, Counter[str]] = {}
        for (stream, reason), count in self.dead_letters.items():
            failed.setdefault(stream, Counter())[reason] += count
        for stream, reasons in failed.items():
            total = sum(reasons.values())
            if total >= minimum and not self.streams[stream]:
                yield stream, total, reasons.most_common(1)[0][0]

    def add(self, other: RunStats) -> None:
        """Add other counts to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


def _shown_name(event: Event, known_event_names: AbstractSet[str]) -> str:
    name = event.name
    if name in known_event_names or name in CALL_TYPES or name == default_name(event.stream):
        return name
    return f"{event.stream}: names from a field"
