"""Log of the events of one run, on disk, so that memory does not grow with them."""

from __future__ import annotations

import sqlite3
import weakref
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from tap_freshchat.activity.agent_status import AgentStatusChange
    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.windows import Window

E = TypeVar("E", bound="ConversationEvent | AgentStatusChange")

# SQLite's page cache: holds some 10,000 events; four times as much was no faster.
CACHE_KIB = 4 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TABLE = f"""
    PRAGMA cache_size = -{CACHE_KIB};
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE events (id BLOB UNIQUE, key, time, rank, reported_at, inferred, content);
    CREATE INDEX by_key ON events (key, time);
    CREATE INDEX by_report_time ON events (reported_at);
"""
# Of two events with one id the first stays. A row replaces an inferred event, though, and of two
# inferred events the one that was reported first stays.
_INSERT = """
    INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
        time = excluded.time, rank = excluded.rank, reported_at = excluded.reported_at,
        inferred = excluded.inferred, content = excluded.content
    WHERE inferred AND (NOT excluded.inferred OR excluded.reported_at < reported_at)
"""


class EventLog(Generic[E]):
    """Events by key and by report time; each event id once.

    `path` is the new database file.
    """

    def __init__(self, path: Path, event_type: type[E]) -> None:
        # The garbage collector may close it in another thread.
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLE)
        weakref.finalize(self, self._database.close)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode: Callable[[bytes], E] = msgspec.msgpack.Decoder(event_type).decode

    def add(self, events: Iterable[E]) -> None:
        """Add events; of those with one id, the log keeps one."""
        self._database.execute("BEGIN")
        try:
            self._database.executemany(_INSERT, map(self._row, events))
        finally:
            # Without a journal there is no way back, and each event is kept once anyway.
            self._database.execute("COMMIT")

    def reported_in(self, window: Window) -> Iterator[E]:
        """Events whose row is in a window, in order of time."""
        rows = self._database.execute(
            "SELECT content FROM events WHERE reported_at >= ? AND reported_at < ? "
            "ORDER BY time, rank, id",
            (_microseconds(window.start), _microseconds(window.end)),
        )
        for (content,) in rows:
            yield self._decode(content)

    def of_keys(self, keys: Collection[str], window: Window) -> dict[str, list[E]]:
        """Events in a window of time by key, each list in order of time and rank."""
        marks = ", ".join("?" * len(keys))
        rows = self._database.execute(
            f"SELECT key, content FROM events WHERE key IN ({marks}) "  # noqa: S608 - only marks
            f"AND time >= ? AND time < ? ORDER BY key, time, rank, id",
            (*keys, _microseconds(window.start), _microseconds(window.end)),
        )
        found: dict[str, list[E]] = {key: [] for key in keys}
        for key, content in rows:
            found[key].append(self._decode(content))
        return found

    def _row(self, event: E) -> tuple[object, ...]:
        return (
            bytes.fromhex(event.id),
            event.key,
            _microseconds(event.time),
            event.rank,
            _microseconds(event.reported_at),
            event.is_inferred,
            self._encode(event),
        )


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)
