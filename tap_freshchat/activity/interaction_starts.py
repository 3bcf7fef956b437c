"""Inference of interaction starts that no row reports, and of whether they are reopenings. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.conversation_state import Changes, ConversationState
from tap_freshchat.activity.events import CREATED, REOPENED, RESOLVED, ConversationEvent
from tap_freshchat.times import interaction_start_time, parse_time_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.activity.message_history import MessageHistory

# Largest difference between creation, first message and first interaction of a conversation.
CREATION_TIME_TOLERANCE = timedelta(seconds=5)
# Interaction starts remembered (10 MB of ids): those of a day, which the next window may mention
# again.
MAX_SEEN_STARTS = 50_000
# Changes of an inferred start that turns out to be a reopening.
REOPENED_CHANGES = Changes(pairs={"status": (RESOLVED, "new")}, previous_values_known=True)


def infer_interaction_start(
    event: ConversationEvent, *, first_seen: datetime, since: datetime
) -> ConversationEvent | None:
    """Infer the start of the interaction that a later event mentions.

    Args:
        event: any.
        first_seen: time of the first row of its conversation.
        since: interactions that started before it are ignored: returns None.
    """
    started = interaction_start_time(event.interaction_id)
    if started is None or started < since or event.kind in {CREATED, REOPENED}:
        return None
    return ConversationEvent(
        kind=REOPENED if first_seen < started else CREATED,
        time=started,
        conversation_id=event.conversation_id,
        interaction_id=event.interaction_id,
        channel_id=event.channel_id,
        inferred_from=event.time,
    )


class SeenInteractionStarts:
    """Bounded set of interaction starts seen, so that a later window does not infer them again.

    Above the bound the oldest are dropped; emitted again, they would have the same id.

    Args:
        max_known: how many are remembered.
    """

    def __init__(self, max_known: int = MAX_SEEN_STARTS) -> None:
        self._max_known = max_known
        self._known: dict[str, None] = {}

    def is_new(self, event: ConversationEvent) -> bool:
        """Whether this is not a start, or one not seen before; adds it to the set."""
        interaction_id = event.interaction_id
        if event.kind not in {CREATED, REOPENED} or not interaction_id:
            return True
        if interaction_id in self._known:
            return False
        self._known[interaction_id] = None
        if len(self._known) > self._max_known:
            del self._known[next(iter(self._known))]
        return True


def as_reopened_if_known_earlier(
    event: ConversationEvent, before: ConversationState | None
) -> ConversationEvent:
    """Turn an inferred creation into a reopening if earlier windows had the conversation.

    Args:
        event: any.
        before: state of the conversation at that time; None if no earlier row mentions it.
    """
    return _reopened(event) if is_inferred_creation(event) and before else event


def reclassify_start(
    event: ConversationEvent,
    changes: Changes,
    state: ConversationState,
    conversation: Mapping[str, Any],
    history: MessageHistory,
) -> tuple[ConversationEvent, Changes, ConversationState]:
    """Turn an inferred creation into a reopening if the conversation is older.

    Args:
        event: any.
        changes: what it changed.
        state: state of the conversation after it.
        conversation: its current record, which may lack a readable `created_time`.
        history: its messages, as far as they were read.
    """
    if not is_inferred_creation(event):
        return event, changes, state
    earliest = event.time - CREATION_TIME_TOLERANCE
    created_time = parse_time_or_none(conversation.get("created_time"))
    older = created_time < earliest if created_time else history.has_messages_before(earliest)
    if not older:
        return event, changes, state
    reopened = replace(state, created_time=None, reopened_time=event.time)
    return _reopened(event), REOPENED_CHANGES, reopened


def is_inferred_creation(event: ConversationEvent) -> bool:
    """Whether the creation was inferred from a single window."""
    return event.inferred_from is not None and event.kind == CREATED


def _reopened(event: ConversationEvent) -> ConversationEvent:
    return replace(event, kind=REOPENED)
