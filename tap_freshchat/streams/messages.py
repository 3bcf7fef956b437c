"""Stream `messages`, and the messages from which `message_events` is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity import rest_inference, transcript_rows
from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.activity.message_types import COLUMNS, RowTypes
from tap_freshchat.enumerations import ACTOR_TYPE, MESSAGE_TYPE
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.reports.columns import APPROXIMATE
from tap_freshchat.streams.event_stream import Occurrence
from tap_freshchat.streams.reports import row_digest
from tap_freshchat.streams.windowed import ReportStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_freshchat.windows import Window


CONTRADICTIONS = "messages with two types"
CONTRADICTED = (
    "Freshchat returned two types of one message, in message_type and detailed_message_type or in "
    "report and REST. The more private one counts: private, then system, then normal."
)


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
            if item.content["message_type"] is None:
                self.run.set_aside.item(
                    "messages without a type",
                    f"A message has no type: {' and '.join(COLUMNS)} of report "
                    f"{catalog.TRANSCRIPT} are blank or name the kind of its content. Its record "
                    f"has no message_type. If another column has it, name that in setting "
                    f"report_columns.",
                )
            # REST has more fields than the schema; a transcript row has exactly those.
            message = item.content
            yield {name: message[name] for name in columns} if item.snapshot else message


def new_messages(stream: ReportStream, window: Window) -> Iterator[Occurrence[dict[str, Any]]]:
    """New messages of a window that belong to this run's shard."""
    run = stream.run
    app_id = run.directory.account.get("app_id")
    if stream.uses_rest:
        for snapshot, since in stream.crawled_conversations():
            for message, time in rest_inference.message_records(snapshot, app_id):
                key = message["conversation_id"], message["id"]
                if time < window.end and stream.is_new(key, time, since=since):
                    run.unknown_values.check(ACTOR_TYPE, message["actor_type"])
                    run.unknown_values.check(MESSAGE_TYPE, message["message_type"])
                    yield Occurrence(
                        message, key[0], time, time, message["user_id"], None, snapshot
                    )
        return
    types = RowTypes()
    for row in run.reports.rows(catalog.TRANSCRIPT, window, stream.name):
        conversation_id = row["conversation_id"]
        time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
        # The row's own columns make the id of a message without one.
        is_approximate = bool(row.pop(APPROXIMATE, ""))
        if not run.in_shard(conversation_id):
            continue
        # Rows without an id must not be taken for one and the same message.
        row["message_id"] = row["message_id"] or row_digest("row", row)
        if stream.is_new((conversation_id, row["message_id"]), time):
            message_type, unknown = types.of(row)
            message = transcript_rows.message_from_row(
                row, time, message_type=message_type.name, app_id=app_id
            )
            run.unknown_values.check(ACTOR_TYPE, message["actor_type"])
            for column, value in unknown:
                run.unknown_values.add(column, value)
            if message_type.contradicted:
                run.set_aside.item(CONTRADICTIONS, CONTRADICTED)
            customer = message["user_id"], row.get("reference_id") or None
            yield Occurrence(
                message,
                conversation_id,
                time,
                time,
                *customer,
                time_is_approximate=is_approximate,
            )
