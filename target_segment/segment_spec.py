"""Segment's specification: limits, reserved names, and the checks of an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

# Limits of the HTTP API (segment.com docs, "HTTP API", read 2026): 32 KB an event, 500 KB a body.
# The official libraries disagree whether K is 1000 or 1024; 1000 is right under both readings.
MAX_EVENT_BYTES = 32_000
MAX_BODY_BYTES = 500_000
# With more than 2,500 events, Segment returns 200 and drops the batch (same page).
MAX_BODY_EVENTS = 2_500
# "Fewer than 100 characters" on one page, "100" on another; longer ids are lost behind a 200.
MAX_MESSAGE_ID_CHARS = 99

CALL_TYPES = ("track", "identify", "group")

# Columns that Segment's warehouses write themselves; a property of that name is lost or renamed
# (segment.com docs, "Warehouse schemas").
RESERVED_COLUMNS = frozenset(
    {
        *("id", "uuid", "uuid_ts", "event", "event_text", "user_id", "anonymous_id"),
        *("timestamp", "original_timestamp", "received_at", "sent_at", "loaded_at"),
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an event is not sent: a code, and a sentence without content."""

    code: str
    text: str


class InvalidEvent(Exception):  # noqa: N818 - the vocabulary of this package
    """A record or event that Segment would reject or silently drop."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.reason = Reason(code, text)


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event ready to be sent; `payload` is its JSON.

    The summary counts it by `name` (the event's, or the call) and by `identity`: `userId`,
    `anonymousId`, or `anonymousId from <path>` for a fallback.
    """

    payload: bytes
    message_id: str
    name: str
    stream: str
    identity: str


def payload_field_names(call: str) -> tuple[str, str]:
    """Return the payload field of a call, and that of the other calls."""
    return ("properties", "traits") if call == "track" else ("traits", "properties")


def default_name(stream: str) -> str:
    """Return the event name of a stream whose mapping has none."""
    return stream.replace("_", " ").title()


_ID_TYPES = (str, type(None))
NO_IDENTITY = "neither userId nor anonymousId: Segment would return 200 and drop it"
NO_EVENT_NAME = "a track call needs an event name that is a string"


def validate_event(event: Mapping[str, Any]) -> Reason | None:
    """Return why Segment would reject or drop an event (a batch item), except for its size."""
    call = event.get("type")
    if call not in CALL_TYPES:
        return Reason("unknown_call", f"'type' must be one of {', '.join(CALL_TYPES)}")
    user, anonymous = event.get("userId"), event.get("anonymousId")
    if not (user or anonymous):
        return Reason("no_identity", NO_IDENTITY)
    if call == "track":
        name = event.get("event")
        if not isinstance(name, str) or not name.strip():
            return Reason("no_event_name", NO_EVENT_NAME)
    elif call == "group" and not event.get("groupId"):
        return Reason("no_group", "a group call needs a groupId")
    return _validate_ids(event.get("messageId"), user, anonymous)


def _validate_ids(message_id: Any, user: Any, anonymous: Any) -> Reason | None:
    if not isinstance(message_id, str) or not 0 < len(message_id) <= MAX_MESSAGE_ID_CHARS:
        return Reason("bad_message_id", f"messageId must have 1 to {MAX_MESSAGE_ID_CHARS} chars")
    if isinstance(user, _ID_TYPES) and isinstance(anonymous, _ID_TYPES):
        return None
    return Reason("bad_identity", "userId and anonymousId must be strings")


def validate_size(payload: bytes) -> Reason | None:
    """Return the reason if an encoded event is over Segment's limit."""
    if len(payload) <= MAX_EVENT_BYTES:
        return None
    return Reason("too_large", f"over Segment's limit of {MAX_EVENT_BYTES} bytes an event")
