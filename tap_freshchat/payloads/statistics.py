"""Durations within one interaction of a conversation, in calendar time. Pure.

Freshworks names seven such figures and publishes neither unit nor every definition. Seconds are
given, and each is defined here (docs/events.md); their twins by the business clock need calendars
that the API does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_freshchat.times import interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.conversation_state import ConversationState
    from tap_freshchat.activity.message_history import MessageHistory


def compute_statistics(
    time: datetime, state: ConversationState, history: MessageHistory
) -> Mapping[str, float]:
    """The durations at a time; one that is not complete yet is absent.

    Durations that need messages are absent if `history` is empty.
    """
    interaction_id = state.interaction_id or history.interaction_at(time)
    start = interaction_start_time(interaction_id)
    if start is None:
        return {}
    assigned = _within(state.first_agent_assigned_time, start)
    reassigned = _within(state.agent_assigned_time, start)
    group = _within(state.first_group_assigned_time, start)
    group_reassigned = _within(state.group_assigned_time, start)
    first_message: dict[str | None, datetime] = {}
    for message in history.visible_messages(interaction_id, time):
        first_message.setdefault(message.author_type, message.time)
    asked, responded = first_message.get("user"), first_message.get("agent")
    # From the first assignment to the response, or from the start without one before it (analytics
    # help of Freshworks).
    waited_from = assigned if assigned and responded and assigned <= responded else start
    spans = {
        "first_response_time": (waited_from, responded),
        "wait_time": (asked, responded),
        "resolution_time": (start, _within(state.resolved_time, start)),
        "first_agent_assignment_time": (start, assigned),
        "first_group_assignment_time": (start, group),
        "agent_reassignment_time": (assigned, reassigned if reassigned != assigned else None),
        "group_reassignment_time": (group, group_reassigned if group_reassigned != group else None),
    }
    return {
        f"{name}_chrs": round((end - begin).total_seconds(), 3)
        for name, (begin, end) in spans.items()
        if begin and end and end >= begin
    }


def _within(time: datetime | None, start: datetime) -> datetime | None:
    return time if time and time >= start else None
