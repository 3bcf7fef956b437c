"""External sorter of one window's events: each once, by time, on disk when there are many."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import msgspec

from tap_freshchat.activity.events import ORDER, ConversationEvent, event_from_row
from tap_freshchat.activity.interaction_starts import infer_interaction_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Holds some 10,000 events, the rest goes to disk; four times as much was no faster.
CACHE_KIB = 4 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TABLES = f"""
    PRAGMA cache_size = -{CACHE_KIB};
    PRAGMA journal_mode = OFF;
    CREATE TABLE events (id BLOB UNIQUE, time, position, conversation_id, content);
    CREATE TABLE inferred (id BLOB UNIQUE, time, position, conversation_id, content);
"""


def sorted_conversation_events(
    rows: Mapping[str, Iterable[Mapping[str, str]]], since: datetime
) -> Iterator[ConversationEvent]:
    """Sort the events of the conversation reports by time, each once.

    All rows are read before the first event is known; memory does not grow with them.

    Args:
        rows: by report, with the columns' known names.
        since: the start of an interaction at or after it is inferred when only later rows mention
            the interaction.

    Raises:
        ReportError: a row has no readable time.
    """
    # A database without a name lives in its cache and, past that, in a file that goes with it.
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(_TABLES)
        sorter = _EventSorter(database)
        for report, report_rows in rows.items():
            sorter.add(event_from_row(report, row) for row in report_rows)
        sorter.add_inferred_starts(since)
        yield from sorter.in_order()


class _EventSorter:
    """SQLite table of events; of several with one id, the first that was added stays."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ConversationEvent).decode

    def add(self, events: Iterable[ConversationEvent], table: str = "events") -> None:
        """Insert events."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - ours
                map(self._row, events),
            )

    def add_inferred_starts(self, since: datetime) -> None:
        """Add the starts of interactions that only later rows mention.

        Each is inferred from the earliest row that mentions it.
        """
        reported = self._database.execute(
            "SELECT content, min(time) OVER (PARTITION BY conversation_id) "
            "FROM events ORDER BY time, rowid"
        )
        rows_in_order = (
            infer_interaction_start(self._decode(content), first_seen=_moment(first), since=since)
            for content, first in reported
        )
        # Into a table of its own first: the other one is being read.
        self.add(filter(None, rows_in_order), "inferred")
        self._database.execute("INSERT OR IGNORE INTO events SELECT * FROM inferred ORDER BY rowid")

    def in_order(self) -> Iterator[ConversationEvent]:
        """All events by time; events of one millisecond in the order in which they can happen."""
        rows_in_order = self._database.execute(
            "SELECT content FROM events ORDER BY time, position, id"
        )
        for (content,) in rows_in_order:
            yield self._decode(content)

    def _row(self, event: ConversationEvent) -> tuple[bytes, int, int, str, bytes]:
        moment = (event.time - _EPOCH) // timedelta(microseconds=1)
        position = ORDER[event.kind]
        return bytes.fromhex(event.id), moment, position, event.conversation_id, self._encode(event)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
