"""Classification of interaction starts: whether each created or reopened its conversation. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_freshchat.activity.conversation_history import context_start
from tap_freshchat.activity.events import CREATED, REOPENED, STARTED
from tap_freshchat.times import parse_time_or_none

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot

# Largest difference between a conversation's created_time, its first message and its first
# interaction's start: seconds, as seen in the sandbox's sources; unknown for Freshchat.
CREATION_TIME_TOLERANCE = timedelta(seconds=5)


def classify_starts(
    events: Sequence[ConversationEvent], snapshot: Snapshot
) -> list[ConversationEvent]:
    """The events of one conversation with each `STARTED` as `CREATED` or `REOPENED`.

    The conversation's own record decides, then its messages, then earlier events. Without any of
    these, a start that has a row of the created report created the conversation, and one that has
    none reopened it. `events` are in order.
    """
    classified = list(events)
    for position, event in enumerate(events):
        if event.kind == STARTED:
            # Only events of the start's own context, so that every run decides alike.
            earlier = events[:position]
            is_first = all(other.time < context_start(event.time) for other in earlier)
            kind = _kind_of(event, snapshot, is_first=is_first)
            classified[position] = replace(event, kind=kind)
    return classified


def messages_needed(events: Sequence[ConversationEvent], snapshot: Snapshot) -> datetime | None:
    """From when on messages are needed to classify the starts; None if no messages are needed."""
    if not snapshot.conversation or _created_time(snapshot):
        return None
    times = [event.time - CREATION_TIME_TOLERANCE for event in events if event.kind == STARTED]
    unknown = (time for time in times if snapshot.history.has_messages_before(time) is None)
    return min(unknown, default=None)


def _kind_of(event: ConversationEvent, snapshot: Snapshot, *, is_first: bool) -> str:
    time = event.time - CREATION_TIME_TOLERANCE
    if created := _created_time(snapshot):
        return CREATED if created >= time else REOPENED
    if (older := snapshot.history.has_messages_before(time)) is not None:
        return REOPENED if older else CREATED
    return CREATED if is_first and not event.is_inferred else REOPENED


def _created_time(snapshot: Snapshot) -> datetime | None:
    return parse_time_or_none(snapshot.conversation.get("created_time"))
