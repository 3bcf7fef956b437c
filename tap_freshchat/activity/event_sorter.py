"""Occurrences of one window, each once and in order of time, on disk once they are many."""

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

# From some 10,000 occurrences on the rest goes to disk; four times as much was no faster.
CACHE_KIB = 4 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TABLES = f"""
    PRAGMA cache_size = -{CACHE_KIB};
    PRAGMA journal_mode = OFF;
    CREATE TABLE told (id BLOB UNIQUE, time, place, conversation_id, content);
    CREATE TABLE begun (id BLOB UNIQUE, time, place, conversation_id, content);
"""


def sorted_conversation_events(
    rows: Mapping[str, Iterable[Mapping[str, str]]], since: datetime
) -> Iterator[ConversationEvent]:
    """Occurrences told by the conversation reports, in order of time, each once.

    All rows are read before the first occurrence is known; memory does not grow with them.

    Args:
        rows: by report, with the columns' known names.
        since: an interaction that began at or after it counts as begun even when only a later
            row speaks of it.

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
    """The occurrences; of several with one id, the first that was added stays."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(ConversationEvent).decode

    def add(self, events: Iterable[ConversationEvent], table: str = "told") -> None:
        """Keep occurrences."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?)",  # noqa: S608 - ours
                map(self._row, events),
            )

    def add_inferred_starts(self, since: datetime) -> None:
        """Keep created or reopened, of interactions that only later rows speak of.

        They go by the earliest row that speaks of them.
        """
        reported = self._database.execute(
            "SELECT content, min(time) OVER (PARTITION BY conversation_id) "
            "FROM told ORDER BY time, rowid"
        )
        rows_in_order = (
            infer_interaction_start(self._decode(content), first_seen=_moment(first), since=since)
            for content, first in reported
        )
        # Not at once among the others, which are being read.
        self.add(filter(None, rows_in_order), "begun")
        self._database.execute("INSERT OR IGNORE INTO told SELECT * FROM begun ORDER BY rowid")

    def in_order(self) -> Iterator[ConversationEvent]:
        """All of them, by time; in one moment, as a conversation can pass through them."""
        rows_in_order = self._database.execute("SELECT content FROM told ORDER BY time, place, id")
        for (content,) in rows_in_order:
            yield self._decode(content)

    def _row(self, event: ConversationEvent) -> tuple[bytes, int, int, str, bytes]:
        moment = (event.time - _EPOCH) // timedelta(microseconds=1)
        position = ORDER[event.kind]
        return bytes.fromhex(event.id), moment, position, event.conversation_id, self._encode(event)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
