"""Stream `messages`, and the messages from which `message_events` is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_freshchat.activity import rest_inference, transcript_rows
from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.streams.reports import row_digest
from tap_freshchat.streams.windowed import ReportStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.windows import Window


class MessageWithContext(NamedTuple):
    """A message, and what its source says besides.

    `reference_id` is the customer's, from the transcript row; `snapshot` the conversation, where
    the source has it too.
    """

    message: dict[str, Any]
    time: datetime
    reference_id: str | None = None
    snapshot: Snapshot | None = None

    @property
    def conversation_id(self) -> str:
        """Id of its conversation."""
        return str(self.message["conversation_id"])


def bookmark_id(key: tuple[str, str]) -> str:
    """The id that bookmarks store for a message, from those of its conversation and its own."""
    return stable_id("message", *key)


class Messages(ReportStream):
    """Messages as plain rows, for warehouses."""

    name = "messages"
    primary_keys = ("conversation_id", "id")
    reports = (catalog.TRANSCRIPT,)
    supports_rest = True
    bookmark_id = staticmethod(bookmark_id)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        columns = self.schema["properties"]
        for item in new_messages(self, window):
            # REST has more fields than the schema; a transcript row has exactly those.
            message = item.message
            yield {name: message[name] for name in columns} if item.snapshot else message


def new_messages(stream: ReportStream, window: Window) -> Iterator[MessageWithContext]:
    """New messages of a window that belong to this run's shard."""
    run = stream.run
    app_id = run.directory.account.get("app_id")
    whole = run.config.shard_count == 1
    if stream.uses_rest:
        for snapshot in run.crawled_conversations():
            if not (whole or run.in_shard(snapshot.conversation["conversation_id"])):
                continue
            for message, time in rest_inference.message_records(snapshot, app_id):
                key = message["conversation_id"], message["id"]
                if time < window.end and stream.is_new(key, time):
                    yield MessageWithContext(message, time, snapshot=snapshot)
        return
    for row in stream.rows(catalog.TRANSCRIPT, window):
        conversation_id = row["conversation_id"]
        time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
        if not (whole or run.in_shard(conversation_id)):
            continue
        # Rows without an id must not be taken for one and the same message.
        row["message_id"] = row["message_id"] or row_digest("row", row)
        if stream.is_new((conversation_id, row["message_id"]), time):
            message = transcript_rows.message_from_row(row, time, app_id=app_id)
            yield MessageWithContext(message, time, reference_id=row.get("reference_id") or None)
