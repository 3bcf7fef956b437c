"""Messages that campaigns sent out, such as WhatsApp notifications."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import pagination
from tap_freshchat.conform import shape
from tap_freshchat.errors import FreshchatError, MissingError
from tap_freshchat.ids import digest
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
# Whether bounds are inclusive is not documented: a little more is asked for than wanted.
MARGIN = timedelta(seconds=1)


class OutboundMessages(WindowedStream):
    """Messages sent out by the outbound API, each time their status changes within a day."""

    name = "outbound_messages"
    primary_keys = ("message_id",)
    reports = ()
    # A list is by the time of sending: a status that comes later shows in reading it again only.
    least_overlap = timedelta(days=1)

    @cached_property
    @override
    def windows(self) -> list[Window]:
        return plan_windows(self.since, self.service.period.present, OUTBOUND_WINDOW)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        properties = self.schema["properties"]
        for message in self._listed(window):
            created = sent_at(message)
            # That the service obeys the window is believed only.
            if not window.start <= created < window.end:
                continue
            told = (str(message.get(name)) for name in ("status", "failure_code"))
            if self.is_new(digest("outbound", message["message_id"], *told), created):
                yield {**shape(message, properties), "created_time": format_time(created)}

    def _listed(self, window: Window) -> Iterator[dict[str, Any]]:
        params = {
            "created_from": format_request_time(window.start - MARGIN),
            "created_to": format_request_time(window.end + MARGIN),
        }
        page_size = self.service.settings.page_size
        try:
            yield from pagination.collection(
                self.service.client,
                PATH,
                "outbound_messages",
                page_size=page_size,
                params=params,
                named="message_id",
            )
        except MissingError:
            # An account without outbound messages may have no such list at all.
            self.logger.warning("This account has no outbound messages for %s.", window)


def sent_at(message: dict[str, Any]) -> datetime:
    """When a message was accepted, told in epoch seconds or as a text.

    Raises:
        FreshchatError: it is not told in any known form.
    """
    told = message.get("created_on") or message.get("created_time")
    try:
        if isinstance(told, str) and not told.isdecimal():
            return parse_time(told)
        return from_epoch_ms(int(told or "none") * 1000)
    except ValueError:
        raise FreshchatError(
            f"An answer of {PATH} has a message without a readable created_on; leave the stream "
            f"outbound_messages out until Freshchat is asked."
        ) from None
