"""Stream of outbound messages, such as WhatsApp notifications."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import pagination
from tap_freshchat.conform import conform_record
from tap_freshchat.errors import (
    AuthorizationError,
    FreshchatError,
    NotFoundError,
    RequestRejectedError,
)
from tap_freshchat.ids import stable_id
from tap_freshchat.streams.windowed import WindowedStream
from tap_freshchat.times import format_request_time, format_time, from_epoch_ms, parse_time
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.windows import Window

PATH = "/outbound-messages"
# No limit is documented; a week is well below the month that reports take, and 15 months of them
# are 66 requests.
OUTBOUND_WINDOW = timedelta(days=7)
# Whether bounds are inclusive is not documented: ask for a little more than the window.
MIN_OVERLAP = timedelta(days=1)
MARGIN = timedelta(seconds=1)
# A kind of what is set aside.
REFUSED = "lists of outbound messages refused"


class OutboundMessages(WindowedStream):
    """Messages sent out by the outbound API, each time their status changes within a day."""

    name = "outbound_messages"
    primary_keys = ("message_id",)

    @property
    @override
    def overlap(self) -> timedelta:
        # The list is by the time of sending: only reading it again shows a later status.
        return max(super().overlap, MIN_OVERLAP)

    @cached_property
    @override
    def windows(self) -> list[Window]:
        return plan_windows(self.start_time, self.run.time_range.rest_end, OUTBOUND_WINDOW)

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        try:
            yield from super().build_records()
        except (RequestRejectedError, NotFoundError, AuthorizationError) as error:
            if isinstance(error, AuthorizationError) and not error.forbidden:
                raise
            # Only `request_id` is documented. The bookmark stays, so that nothing is lost.
            self.run.set_aside.item(
                REFUSED,
                f"{error} Outbound messages are missing: Freshchat does not list them by time. "
                f"Deselect the stream {self.name}, or ask Freshchat's support.",
            )

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        properties = self.schema["properties"]
        inside = outside = 0
        for message in self._messages(window):
            try:
                created = sent_at(message)
            except FreshchatError as error:
                self.run.set_aside.item("outbound messages without a readable time", str(error))
                continue
            # The service may not obey the window.
            if not window.start <= created < window.end:
                outside += 1
                continue
            inside += 1
            version = (str(message.get(name)) for name in ("status", "failure_code"))
            if self.is_new(stable_id("outbound", message["message_id"], *version), created):
                yield {**conform_record(message, properties), "created_time": format_time(created)}
        if outside and not inside:
            self.run.set_aside.item(
                "periods without an outbound message of their own",
                f"Freshchat lists {outside} outbound messages for {window}, and none of that "
                f"period. If this is so for all periods, its times have another form: report it as "
                f"an issue of tap-freshchat.",
            )

    def _messages(self, window: Window) -> Iterator[dict[str, Any]]:
        params = {
            "created_from": format_request_time(window.start - MARGIN),
            "created_to": format_request_time(window.end + MARGIN),
        }
        on_odd = self.run.enrichment.odd_item("outbound messages without an id", PATH)
        yield from pagination.PagedList(
            *(self.run.client, PATH, "outbound_messages", params),
            id_field="message_id",
            on_odd=on_odd,
        ).items()


def sent_at(message: dict[str, Any]) -> datetime:
    """Time at which a message was accepted, in epoch seconds or ISO 8601, else FreshchatError."""
    version = message.get("created_on") or message.get("created_time")
    try:
        if isinstance(version, str) and not version.isdecimal():
            return parse_time(version)
        return from_epoch_ms(int(version or "none") * 1000)
    except ValueError:
        raise FreshchatError(
            f"A response of {PATH} has a message without a readable created_on."
        ) from None
