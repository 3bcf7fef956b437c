"""Beginnings that no row tells: inferred from later rows, and told apart from reopenings. Pure."""

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

# How far the record of a conversation, its first message and its first interaction may lie apart.
CREATION_TIME_TOLERANCE = timedelta(seconds=5)
# Beginnings kept in mind, some 10 MB of their ids: those of a day, of which the next window may
# speak as well.
MAX_SEEN_STARTS = 50_000
# What a beginning that turns out to be a reopening changed, as far as can be told.
REOPENED_CHANGES = Changes(pairs={"status": (RESOLVED, "new")}, previous_values_known=True)


def infer_interaction_start(
    event: ConversationEvent, *, first_seen: datetime, since: datetime
) -> ConversationEvent | None:
    """Created or reopened, of the interaction that a later occurrence speaks of.

    Args:
        event: any.
        first_seen: when its conversation is first spoken of.
        since: an interaction that began before it is known to have begun: None.
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
    """Beginnings that were told, so that a later window does not infer them again.

    Above a bound the oldest are forgotten; told again, they would have the same id.

    Args:
        max_known: how many are kept in mind.
    """

    def __init__(self, max_known: int = MAX_SEEN_STARTS) -> None:
        self._max_known = max_known
        self._known: dict[str, None] = {}

    def is_new(self, event: ConversationEvent) -> bool:
        """Whether this is no beginning, or one that was not met before; it is remembered now."""
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
    """A beginning that was inferred, as a reopening where earlier windows knew the conversation.

    Args:
        event: any.
        before: how the conversation stood when it happened; None when it was never spoken of.
    """
    return _reopened(event) if is_inferred_creation(event) and before else event


def reclassify_start(
    event: ConversationEvent,
    changes: Changes,
    state: ConversationState,
    conversation: Mapping[str, Any],
    history: MessageHistory,
) -> tuple[ConversationEvent, Changes, ConversationState]:
    """A beginning that was inferred, as a reopening where the conversation is older than it.

    Args:
        event: any.
        changes: what it changed.
        state: how the conversation stood after it.
        conversation: as the service tells it now; its record may lack a readable
            `created_time`.
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
    """Whether it is only by what one window told that a conversation was created here."""
    return event.inferred_from is not None and event.kind == CREATED


def _reopened(event: ConversationEvent) -> ConversationEvent:
    return replace(event, kind=REOPENED)
