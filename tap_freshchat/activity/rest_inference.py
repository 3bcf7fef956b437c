"""Inference of events from what REST returns: messages and present conversations. Pure.

A conversation's messages show exactly when it was created, resolved and reopened. Its assignee is
only in the present conversation, so an assignment has the time of the look-up.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.events import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    CREATED,
    REOPENED,
    RESOLVED,
    STARTED,
    UNKNOWN_CHANGE,
    ConversationEvent,
)
from tap_freshchat.activity.message_history import SYSTEM_MESSAGE_TOLERANCE
from tap_freshchat.activity.message_types import type_from_text
from tap_freshchat.enumerations import ACTOR_TYPE, CONVERSATION_STATUS
from tap_freshchat.times import format_time, interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.activity.message_history import Message, Snapshot

# Assignments stored in state, of the conversations that changed last: 250 kB at most.
MAX_STORED_ASSIGNEES = 2500


def events_from_snapshot(snapshot: Snapshot) -> list[ConversationEvent]:
    """Events of one conversation in order of time, as far back as its messages were fetched.

    Those that messages show have the same ids as from reports.
    """
    events = _events_from_messages(snapshot)
    latest = next((event.interaction_id for event in reversed(events)), None)
    return [*events, *_assignments(snapshot, latest)]


def merge_events(
    reported: Sequence[ConversationEvent], snapshot: Snapshot
) -> list[ConversationEvent]:
    """Reported events of a conversation, in order, completed by what its messages show.

    Messages show a start or a resolution whose row is missing or late. A system message that no
    event explains shows that something changed, such as an assignment without a row.
    """
    if not snapshot.conversation:
        return list(reported)
    conversation_id = str(snapshot.conversation["conversation_id"])
    events = {event.id: event for event in reported}
    for event in _events_from_messages(snapshot):
        events.setdefault(event.id, event)
    known = sorted(event.time for event in events.values())
    for message in snapshot.history.messages:
        time = message.time
        first = bisect_left(known, time - SYSTEM_MESSAGE_TOLERANCE)
        explained = first < len(known) and known[first] <= time + SYSTEM_MESSAGE_TOLERANCE
        if message.is_system_message and not explained:
            change = ConversationEvent(
                kind=UNKNOWN_CHANGE, time=time, conversation_id=conversation_id
            )
            events[change.id] = change
    return sorted(events.values(), key=lambda event: event.sort_key)


def _events_from_messages(snapshot: Snapshot) -> list[ConversationEvent]:
    """Starts and resolutions that the messages of a conversation show, in order of time."""
    history, conversation = snapshot.history, snapshot.conversation
    events: dict[str, ConversationEvent] = {}

    def add(kind: str, time: datetime, interaction_id: str | None, message: Message) -> None:
        event = ConversationEvent(
            kind=kind,
            time=time,
            conversation_id=str(conversation["conversation_id"]),
            interaction_id=interaction_id,
            channel_id=conversation.get("channel_id"),
            actor_id=message.content.get("actor_id"),
            actor_type=ACTOR_TYPE.read(message.content.get("actor_type")),
        )
        events.setdefault(event.id, event)

    # Messages have interaction ids, if at all, from the first message of the customer on.
    with_id = any(message.interaction_id for message in history.messages)
    with_customer = any(message.author_type == "user" for message in history.messages)
    has_interaction_ids = with_id or not with_customer
    # A message that is missing may be older.
    first_kind = STARTED if history.has_gaps else CREATED if history.complete else REOPENED
    latest = None
    for number, message in enumerate(history.messages):
        # A message may lack the id, such as one before the customer's first message.
        if message.interaction_id and message.interaction_id != latest:
            first, latest = latest is None, message.interaction_id
            start = interaction_start_time(latest) or message.time
            if not (first and history.cut):
                add(first_kind if first else REOPENED, start, latest, message)
        elif not has_interaction_ids and number == 0 and history.complete:
            add(first_kind, message.time, None, message)
        elif not has_interaction_ids and message.has_flag("isReopen"):
            add(REOPENED, message.time, None, message)
        if message.has_flag("isResolved"):
            add(RESOLVED, message.time, latest, message)
    return sorted(events.values(), key=lambda event: event.time)


def _assignments(snapshot: Snapshot, interaction_id: str | None) -> Iterator[ConversationEvent]:
    """The present assignments, at the time of the look-up."""
    conversation = snapshot.conversation
    fields = {ASSIGNED_TO_GROUP: "assigned_group_id", ASSIGNED_TO_AGENT: "assigned_agent_id"}
    for kind, name in fields.items():
        if conversation.get(name):
            yield ConversationEvent(
                kind=kind,
                time=snapshot.time,
                conversation_id=str(conversation["conversation_id"]),
                interaction_id=interaction_id,
                channel_id=conversation.get("channel_id"),
                agent_id=conversation.get("assigned_agent_id"),
                has_agent_column="assigned_agent_id" in conversation,
                group_id=conversation.get("assigned_group_id"),
                has_group_column="assigned_group_id" in conversation,
                observed_status=CONVERSATION_STATUS.read(conversation.get("status")) or "",
            )


class LastSeenAssignees:
    """Last seen assignee of each conversation, so that the same one is not emitted again.

    Segment deduplicates ids for about a day only, and every later message causes a new snapshot.
    `known` is `latest` of the previous run.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._seen = dict(known)

    def is_new(self, event: ConversationEvent) -> bool:
        """Whether this is not an inferred assignment, or differs from the last one seen."""
        if not event.time_is_approximate:
            return True
        key = f"{event.conversation_id} {event.kind}"
        last = self._seen.pop(key, None)
        self._seen[key] = event.id
        return last != event.id

    @property
    def latest(self) -> Mapping[str, str]:
        """Ids of the latest assignments by conversation and kind, up to the bound."""
        return dict(list(self._seen.items())[-MAX_STORED_ASSIGNEES:])


def message_records(
    snapshot: Snapshot, app_id: str | None
) -> Iterator[tuple[dict[str, Any], datetime]]:
    """Records of the stream `messages` with their times, for one conversation; oldest first."""
    for message in snapshot.history.messages:
        content = message.content
        row = {
            **content,
            "id": message.id,
            "conversation_id": snapshot.conversation["conversation_id"],
            "channel_id": content.get("channel_id") or snapshot.conversation.get("channel_id"),
            "interaction_id": message.interaction_id,
            "app_id": content.get("app_id") or app_id,
            "created_time": format_time(message.time),
            "actor_type": ACTOR_TYPE.read(content.get("actor_type")),
            "actor_id": content.get("actor_id") or None,
            "user_id": content.get("user_id") or snapshot.user_id,
            "message_type": type_from_text(content.get("message_type")),
            "message_source": content.get("message_source") or None,
            "message_parts": _parts(content.get("message_parts")),
        }
        yield row, message.time


def _parts(value: object) -> list[dict[str, Any]]:
    """The parts of a message; a bare text becomes one part, anything else none."""
    if isinstance(value, str):
        return [{"text": {"content": value}}] if value else []
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
