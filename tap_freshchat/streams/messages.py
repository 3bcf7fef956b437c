"""The stream of plain messages, and the messages that the stream of events is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat import report_columns, transcripts
from tap_freshchat.activity import digest
from tap_freshchat.streams.windowed import WindowedStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_freshchat.windows import Window


class Messages(WindowedStream):
    """Messages as plain rows, for warehouses."""

    name = "messages"
    primary_keys = ("conversation_id", "id")
    reports = (report_columns.TRANSCRIPT,)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        for message, _ in new_messages(self, window):
            yield message


def new_messages(
    stream: WindowedStream, window: Window
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """New messages of a window, each with the customer's `reference_id` as the row gives it."""
    app_id = stream.service.directory.account.get("app_id")
    for row in stream.rows(report_columns.TRANSCRIPT, window):
        record_id = digest("message", row["conversation_id"], row["message_id"])
        if stream.is_new(record_id, transcripts.message_time(row)):
            yield transcripts.message_of(row, app_id=app_id), row.get("reference_id") or None
