"""Stream `messages`, and the iterator of new messages that `message_events` shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_freshchat.activity import rest_inference, transcript_rows
from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.windows import Window


class MessageWithContext(NamedTuple):
    """A message with its context.

    `reference_id` is the customer's, from a transcript's row; `snapshot` is the conversation, in
    REST mode.
    """

    message: dict[str, Any]
    time: datetime
    reference_id: str | None = None
    snapshot: Snapshot | None = None


def bookmark_id(key: tuple[str, str]) -> str:
    """The id of a message for the bookmark, from the ids of its conversation and its own."""
    return stable_id("message", *key)


class Messages(WindowedStream):
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
            # REST has more fields of a message than the schema; a transcript has just those.
            message = item.message
            yield {name: message[name] for name in columns} if item.snapshot else message


def new_messages(stream: WindowedStream, window: Window) -> Iterator[MessageWithContext]:
    """New messages of a window that belong to this run's shard."""
    run = stream.run
    app_id = run.directory.account.get("app_id")
    single_shard = run.config.shard_count == 1
    if stream.uses_rest:
        for snapshot in run.crawled_conversations():
            if not (single_shard or run.in_shard(snapshot.conversation["conversation_id"])):
                continue
            for message, time in rest_inference.message_records(snapshot, app_id):
                key = message["conversation_id"], message["id"]
                if time < window.end and stream.is_new(key, time):
                    yield MessageWithContext(message, time, snapshot=snapshot)
        return
    for row in stream.rows(catalog.TRANSCRIPT, window):
        conversation_id = row["conversation_id"]
        time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
        if not (single_shard or run.in_shard(conversation_id)):
            continue
        # Rows without an id must not be taken for one message.
        row["message_id"] = row["message_id"] or _row_id(row)
        if stream.is_new((conversation_id, row["message_id"]), time):
            message = transcript_rows.message_from_row(row, time, app_id=app_id)
            yield MessageWithContext(message, time, reference_id=row.get("reference_id") or None)


def _row_id(row: Mapping[str, str]) -> str:
    # Sorted: the service may order columns as it likes.
    return stable_id("row", *(text for cell in sorted(row.items()) for text in cell))
