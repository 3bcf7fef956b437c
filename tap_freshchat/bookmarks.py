"""Bookmark of a stream: the end of its last whole window, and the ids emitted from the overlap.

Each run reads an overlap before its bookmark again, because rows arrive late. The state holds the
ids of the records emitted from that overlap, so that they are not emitted twice. Above a bound the
oldest ids are dropped and their records come again; their stable ids make that harmless.

REST reports less than raw reports do. While REST replaces them, the state keeps the bookmark of the
reports, from which they are read when they are available again.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_freshchat.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, MutableMapping
    from datetime import datetime, timedelta

# 170 kB of state at most.
MAX_OVERLAP_IDS = 5000

_VALUE = "replication_key_value"
_IDS = "overlap_ids"
_SINCE = "overlap_since"
_SOURCE = "source"
_REPORTS_VALUE = "reports_value"

# Sources of a stream that has two.
REPORTS = "reports"
REST = "rest"


class Bookmark:
    """The bookmark of one stream, kept in its part of the Singer state.

    Args:
        state: the stream's own, writable part of the state; holds strings only.
        replication_key: its name, which Singer keeps beside the value.
        overlap: how much before the bookmark is read again.
        lookback: the part of the overlap that is always read again, even if it has more ids than
            the bound; the whole overlap if absent.
        id_of: makes the id for the state from the key given to `is_new`, only for keys that are
            kept.
        source: `REPORTS` or `REST`, whichever this run reads; None for streams with one source.
    """

    def __init__(  # noqa: PLR0913 - what its streams differ in
        self,
        state: MutableMapping[str, Any],
        replication_key: str,
        overlap: timedelta,
        id_of: Callable[[Any], str] = str,
        source: str | None = None,
        *,
        lookback: timedelta | None = None,
    ) -> None:
        self._state = state
        self._source = source
        self._replication_key = replication_key
        self._overlap = overlap
        self._lookback = overlap if lookback is None else lookback
        self._id_of = id_of
        self._known = frozenset(state.get(_IDS, ()))
        self._seen: dict[Hashable, datetime] = {}

    @property
    def value(self) -> datetime | None:
        """End of the last whole window of this source; None before the first."""
        text = self._state.get(_REPORTS_VALUE if self.resumes_reports_after_rest else _VALUE)
        return parse_time(text) if text else None

    @property
    def written_by_reports(self) -> bool:
        """Whether there is a bookmark and it is of reports."""
        return _VALUE in self._state and self._state.get(_SOURCE) != REST

    @property
    def resumes_reports_after_rest(self) -> bool:
        """Whether this run reads reports for the first time after REST replaced them."""
        return self._source == REPORTS and self._state.get(_SOURCE) == REST

    def start_time(self, earliest: datetime, *, explicit: bool = True) -> datetime:
        """Start of reading: the bookmark less the overlap; without a bookmark, `earliest`.

        Args:
            earliest: the start of a first run, and the lower bound if it is explicit.
            explicit: whether the user set it. False for the default start (7 days ago), which
                moves forward between runs and could otherwise skip past an old bookmark.
        """
        value = self.value
        if value is None:
            rest_value = self._state.get(_VALUE)
            if explicit or not rest_value:
                return earliest
            return min(earliest, parse_time(rest_value) - self._overlap)
        start = value - self._overlap
        if overlap_since := self._state.get(_SINCE):
            start = max(start, min(parse_time(overlap_since), value - self._lookback))
        return max(earliest, start) if explicit else start

    def is_new(self, key: Hashable, event_time: datetime) -> bool:
        """Whether this was not emitted yet, as far as known; remembers it.

        Args:
            key: the record's id, or the value from which `id_of` makes it.
            event_time: when it happened.
        """
        if key in self._seen:
            return False
        self._seen[key] = event_time
        if len(self._seen) >= 2 * MAX_OVERLAP_IDS:
            self._seen = dict(self._newest())
        return not (self._known and self._id_of(key) in self._known)

    def advance(self, window_end: datetime) -> None:
        """Set the bookmark to the end of a window whose records have all been emitted."""
        since = window_end - self._overlap
        self._seen = {key: event_time for key, event_time in self._newest() if event_time >= since}
        self._known = frozenset()
        if self._source == REST and self.written_by_reports:
            self._state[_REPORTS_VALUE] = self._state[_VALUE]
        elif self.resumes_reports_after_rest:
            self._state.pop(_REPORTS_VALUE, None)
        if self._source:
            self._state[_SOURCE] = self._source
        self._state["replication_key"] = self._replication_key
        self._state[_VALUE] = format_time(window_end)
        self._state.pop(_SINCE, None)
        if len(self._seen) == MAX_OVERLAP_IDS and self._lookback < self._overlap:
            self._state[_SINCE] = format_time(min(self._seen.values()))
        if self._seen:
            self._state[_IDS] = [self._id_of(key) for key in self._seen]
        else:
            self._state.pop(_IDS, None)

    def _newest(self) -> list[tuple[Hashable, datetime]]:
        """The newest remembered keys, up to the bound, by time."""
        return sorted(self._seen.items(), key=itemgetter(1))[-MAX_OVERLAP_IDS:]
