"""Bookmark of a stream, per source: the end of its last complete window, and emitted ids.

Rows arrive late, so each run reads the time before its bookmark again. The ids emitted from that
overlap are stored with the bookmark and are not emitted again. Above a bound the oldest ids are
dropped; their records are then emitted again with the same ids, which Segment deduplicates.

Each source (`reports`, `rest`) has a sub-state of its own. REST lists less than reports do, so
reports resume from their own bookmark when they become available again.
A settling pass (`settling.py`) reads further back, and remembers more ids.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from datetime import timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_freshchat.times import before_zone_change, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, MutableMapping
    from datetime import datetime, timedelta, tzinfo

    from tap_freshchat.settling import SettlingPass

# At most some 170 kB of state for each stream.
MAX_OVERLAP_IDS = 5000

# The sources, which are the keys of the sub-states.
REPORTS = "reports"
REST = "rest"

# Part of the sub-state of reports: the reports that were read, which the account therefore has.
REPORTS_READ = "reports_read"

# Part of both sub-states: where the first run started.
START = "start"
_END = "end"
_IDS = "overlap_ids"
_SINCE = "overlap_since"


@dataclass(eq=False)
class Bookmark:
    """Bookmark of one stream for one source, stored in the stream's part of the Singer state.

    Args:
        state: the writable state of the stream.
        replication_key: its name, which Singer stores beside the value.
        source: `REPORTS` or `REST`, whichever this run reads.
        overlap: how much time before the bookmark is read again.
        lookback: how much of the overlap is read again even if it had more ids than are stored;
            the whole overlap by default.
        id_of: from the key given to `is_new` to the id that the state stores. A stream that emits
            many records, few of which are stored, saves the time to build the other ids.
        latest: a later bookmark, left by a wrong clock, is read as this time.
        settling: the settling pass of a stream of reports; it takes ids from `id_of`.
        zone: the zone of times in the source. A start near a change of its offset is moved to
            before the change.
    """

    state: MutableMapping[str, Any]
    replication_key: str
    source: str
    _: KW_ONLY
    overlap: timedelta
    lookback: timedelta | None = None
    id_of: Callable[[Any], str] = str
    latest: datetime | None = None
    settling: SettlingPass | None = None
    zone: tzinfo = timezone.utc
    _seen: dict[Hashable, datetime] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._started: datetime | None = None
        self._lookback = self.overlap if self.lookback is None else self.lookback
        self._known = frozenset(
            emitted for key in (REPORTS, REST) for emitted in self._of(key).get(_IDS, ())
        )

    @property
    def source_state(self) -> MutableMapping[str, Any]:
        """Sub-state of this run's source, for what a stream stores besides."""
        sub_state: MutableMapping[str, Any] = self.state.setdefault(self.source, {})
        return sub_state

    @property
    def value(self) -> datetime | None:
        """End of the last complete window; None before the first.

        REST continues where either source ended; reports continue where reports ended.
        """
        reports, rest = self._end(REPORTS), self._end(REST)
        if self.source == REPORTS:
            return reports
        return max(filter(None, (reports, rest)), default=None)

    @property
    def has_read_reports(self) -> bool:
        """Whether any run has read the stream from reports."""
        return self._end(REPORTS) is not None

    @property
    def reports_read(self) -> list[str]:
        """The reports that earlier runs have read for the stream, as far as they are stored."""
        return list(self._of(REPORTS).get(REPORTS_READ) or ())

    @property
    def resumes_reports_after_rest(self) -> bool:
        """Whether this run reads reports for a period that was read via REST meanwhile."""
        reports, rest = self._end(REPORTS), self._end(REST)
        return self.source == REPORTS and rest is not None and (not reports or reports < rest)

    def start_time(self, earliest: datetime, *, explicit: bool = True) -> datetime:
        """Where reading starts: the bookmark less the overlap; `earliest` without a bookmark.

        Args:
            earliest: the start date.
            explicit: whether the user set it. The default start (now - 7 days) moves forward
                between runs and must not skip past an old bookmark.
        """
        start = before_zone_change(self._start_time(earliest, explicit=explicit), self.zone)
        if self.value is None:
            self._started = start
        return start

    def can_advance(self, window_end: datetime) -> bool:
        """Whether the end of a window is not before the bookmark, or that is in the future."""
        return self.is_in_future or self.value is None or window_end >= self.value

    @property
    def covered_from(self) -> datetime | None:
        """Where the first run of this source started; None if that is not stored."""
        return parse_time(start) if (start := self._of(self.source).get(START)) else None

    @property
    def is_in_future(self) -> bool:
        """Whether the stored bookmark is later than `latest`."""
        ends = [self._stored_end(source) for source in (REPORTS, REST)]
        return self.latest is not None and any(end and end > self.latest for end in ends)

    def _start_time(self, earliest: datetime, *, explicit: bool) -> datetime:
        value = self.value
        if value is None:
            rest = self._end(REST)
            resumed = earliest if explicit or rest is None else min(earliest, rest - self.overlap)
            return self.settling.start_time(resumed, None) if self.settling else resumed
        start = value - self.overlap
        if dropped_before := self._of(self.source).get(_SINCE):
            start = max(start, min(parse_time(dropped_before), value - self._lookback))
        if self.settling:
            start = self.settling.start_time(start, value)
        return max(earliest, start) if explicit else start

    def is_new(self, key: Hashable, time: datetime) -> bool:
        """Whether a record was not emitted before, as far as ids are stored; stores its id."""
        if key in self._seen:
            return False
        self._seen[key] = time
        if len(self._seen) >= 2 * MAX_OVERLAP_IDS:
            self._seen = dict(self._newest())
        if not (self._known or self.settling):
            return True
        record_id = self.id_of(key)
        # Also an id that the state has already: the next settling pass must know it.
        is_settled = self.settling is not None and self.settling.add(record_id, time)
        return not (is_settled or record_id in self._known)

    def forget(self, key: Hashable) -> None:
        """Drop a record that was not emitted after all, so that a later run judges it again."""
        self._seen.pop(key, None)
        if self.settling:
            self.settling.discard(self.id_of(key))

    def advance(self, window_end: datetime) -> None:
        """Move to the end of a window whose records have all been emitted."""
        overlap_start = window_end - self.overlap
        self._seen = {key: time for key, time in self._newest() if time >= overlap_start}
        self._known = frozenset()
        state = self.source_state
        state[_END] = format_time(window_end)
        if self._started is not None:
            state[START] = format_time(min(filter(None, (self.covered_from, self._started))))
        state.pop(_SINCE, None)
        if len(self._seen) == MAX_OVERLAP_IDS and self._lookback < self.overlap:
            state[_SINCE] = format_time(min(self._seen.values()))
        state[_IDS] = [self.id_of(key) for key in self._seen]
        if self.settling:
            self.settling.save(state, window_end)
        self.state["replication_key"] = self.replication_key
        self.state["replication_key_value"] = state[_END]
        if self.source == REPORTS and not self.resumes_reports_after_rest:
            self.state.pop(REST, None)

    def _end(self, source: str) -> datetime | None:
        end = self._stored_end(source)
        return end if end is None or self.latest is None else min(end, self.latest)

    def _stored_end(self, source: str) -> datetime | None:
        ends = {key: end for key in (REPORTS, REST) if (end := self._of(key).get(_END))}
        if not ends and (value := self.state.get("replication_key_value")):
            # A state that another program wrote has only Singer's own key.
            ends[self.source] = value
        return parse_time(ends[source]) if source in ends else None

    def _of(self, source: str) -> MutableMapping[str, Any]:
        sub_state: MutableMapping[str, Any] = self.state.get(source) or {}
        return sub_state

    def _newest(self) -> list[tuple[Hashable, datetime]]:
        """The newest seen keys with their times, up to the bound, in order of time."""
        return sorted(self._seen.items(), key=itemgetter(1))[-MAX_OVERLAP_IDS:]
