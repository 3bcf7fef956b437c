"""How far a stream has come: the end of its last whole window, and what the overlap already gave.

Each run reads the last stretch before its bookmark again, because rows arrive late. What was
emitted from that stretch is remembered with the bookmark, id by id, so that it is not emitted
twice; above a bound the oldest ids are forgotten and their records come again, which the stable
ids make harmless.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from tap_freshchat.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from datetime import datetime, timedelta

# Some 170 kB of state at the very most.
MAX_OVERLAP_IDS = 5000

_VALUE = "replication_key_value"
_IDS = "overlap_ids"


class Bookmark:
    """The bookmark of one stream, kept in its part of the Singer state.

    Args:
        state: the stream's own, writable part of the state; holds strings only.
        replication_key: its name, which Singer keeps beside the value.
        overlap: how much before the bookmark is read again.
    """

    def __init__(
        self, state: MutableMapping[str, Any], replication_key: str, overlap: timedelta
    ) -> None:
        self._state = state
        self._replication_key = replication_key
        self._overlap = overlap
        self._known = frozenset(state.get(_IDS, ()))
        self._recent: set[str] = set()
        self._latest: list[tuple[datetime, str]] = []

    @property
    def value(self) -> datetime | None:
        """The end of the last whole window; None before the first."""
        text = self._state.get(_VALUE)
        return parse_time(text) if text else None

    def start(self, earliest: datetime) -> datetime:
        """Where reading begins: the bookmark less the overlap, but never before `earliest`."""
        value = self.value
        return earliest if value is None else max(earliest, value - self._overlap)

    def is_new(self, record_id: str, moment: datetime) -> bool:
        """Whether this was not emitted yet, as far as is remembered; it is remembered now."""
        if record_id in self._recent:
            return False
        self._recent.add(record_id)
        if len(self._latest) < MAX_OVERLAP_IDS:
            heapq.heappush(self._latest, (moment, record_id))
        else:
            _, forgotten = heapq.heappushpop(self._latest, (moment, record_id))
            self._recent.remove(forgotten)
        return record_id not in self._known

    def advance(self, window_end: datetime) -> None:
        """Move to the end of a window whose records have all been emitted."""
        since = window_end - self._overlap
        self._latest = sorted(entry for entry in self._latest if entry[0] >= since)
        ids = [record_id for _, record_id in self._latest]
        self._recent = set(ids)
        self._known = frozenset()
        self._state["replication_key"] = self._replication_key
        self._state[_VALUE] = format_time(window_end)
        if ids:
            self._state[_IDS] = ids
        else:
            self._state.pop(_IDS, None)
