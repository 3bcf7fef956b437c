"""Statistics of the events of a dry run, in constant memory."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_segment.preview.explanation import Explanation
    from target_segment.segment_spec import Event

# Names counted one by one; names from a field could be as many as there are events.
_MAX_NAMES = 50
OTHER_NAMES = "other events"
_LARGEST = 10
# Earlier times are errors, such as a zero read as 1970, and would compress the chart.
_EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc).timestamp()
# Columns of the chart: as many as a phone can show.
_MAX_BINS = 60
_DAY = 86_400
# Each width divides the next one, so that narrow columns add up to a wide one.
_WIDTHS = (60, 300, 900, 3_600, 10_800, 21_600, 43_200, _DAY, 7 * _DAY, 28 * _DAY, 364 * _DAY)

# Upper bounds of the sizes counted together, in bytes; the last is Segment's limit.
SIZE_BOUNDS = (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000)


class _TimestampOnly(msgspec.Struct, gc=False):
    """The one field of an event that is decoded."""

    timestamp: Any = None


@dataclass(kw_only=True, slots=True)
class NameCount:
    """Counts of the events of one name."""

    events: int = 0
    with_user: int = 0
    bytes: int = 0
    largest: int = 0


@dataclass
class TimeBins:
    """Counts by time and name, in columns that grow wider with the time span."""

    counts: dict[int, Counter[str]] = field(default_factory=dict)
    _step: int = 0

    @property
    def width(self) -> int:
        """Seconds a column spans."""
        over = self._step - len(_WIDTHS) + 1
        return int(_WIDTHS[-1] * 2**over) if over > 0 else _WIDTHS[self._step]

    def add(self, seconds: float, name: str) -> None:
        """Count an event at so many seconds since 1970."""
        self.counts.setdefault(int(seconds // self.width), Counter())[name] += 1
        while max(self.counts) - min(self.counts) >= _MAX_BINS:
            narrow = self.width
            self._step += 1
            merged: dict[int, Counter[str]] = {}
            for bin_, names in self.counts.items():
                merged.setdefault(bin_ * narrow // self.width, Counter()).update(names)
            self.counts = merged


@dataclass
class Preview:
    """Gathers what the page shows of the events that a dry run writes.

    Events a day or more after `started`, in UTC, are not in the chart. `largest` begins with the
    largest event; `explanations` holds, by stream, where the parts of its events come from.
    """

    started: datetime
    names: dict[str, NameCount] = field(default_factory=dict)
    times: TimeBins = field(default_factory=TimeBins)
    undated: int = 0
    far_off: int = 0
    sizes: Counter[int] = field(default_factory=Counter)
    samples: dict[str, Event] = field(default_factory=dict)
    largest: list[Event] = field(default_factory=list)
    explanations: dict[str, Explanation] = field(default_factory=dict)

    def add(self, events: Iterable[Event]) -> None:
        """Count events that were written."""
        for event in events:
            size = len(event.payload)
            known = event.name in self.names or len(self.names) < _MAX_NAMES
            name = event.name if known else OTHER_NAMES
            count = self.names.setdefault(name, NameCount())
            count.events += 1
            count.with_user += event.identity == "userId"
            count.bytes += size
            count.largest = max(count.largest, size)
            self.samples.setdefault(name, event)
            self.sizes[next(bound for bound in (*SIZE_BOUNDS, size) if size <= bound)] += 1
            seconds = _seconds(read_timestamp(event))
            if seconds is None:
                self.undated += 1
            elif not _EARLIEST <= seconds < self.started.timestamp() + _DAY:
                self.far_off += 1
            else:
                self.times.add(seconds, name)
            if len(self.largest) < _LARGEST or _size_and_id(event) > _size_and_id(self.largest[-1]):
                self.largest = heapq.nlargest(_LARGEST, [*self.largest, event], key=_size_and_id)


def _size_and_id(event: Event) -> tuple[int, str]:
    return len(event.payload), event.message_id


def read_timestamp(event: Event) -> str | None:
    """Return an event's timestamp; None without one, or if that of a dead letter is no string."""
    found = msgspec.json.decode(event.payload, type=_TimestampOnly).timestamp
    return found if isinstance(found, str) else None


def _seconds(time: str | None) -> float | None:
    try:
        # Python 3.10 reads neither `Z` nor more digits than six.
        parsed = msgspec.convert(time, datetime)
    except msgspec.ValidationError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).timestamp()
