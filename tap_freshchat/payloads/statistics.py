"""Durations within one interaction of a conversation, in calendar time. Pure.

Freshworks names seven such figures. Its analytics help defines three: the first response, the
resolution and the first assignment to a group. These have its names; its unit is not published, and
seconds are given. The others have names of the tap's own. All are defined in docs/events.md. Their
twins by the business clock need calendars that the API does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_freshchat.times import interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.conversation_state import ConversationState
    from tap_freshchat.activity.message_history import MessageHistory

    Span = tuple[datetime | None, datetime | None]


def compute_statistics(
    time: datetime, state: ConversationState, history: MessageHistory
) -> Mapping[str, float]:
    """The durations at a time; one that is not complete yet, or not known, is absent.

    Durations that need messages are absent if `history` is empty or has gaps.
    """
    interaction_id = state.interaction_id or history.interaction_at(time)
    start = interaction_start_time(interaction_id)
    if start is None:
        return {}
    assigned = _within(state.first_agent_assigned_time, start)
    reassigned = _within(state.agent_assigned_time, start)
    group = _within(state.first_group_assigned_time, start)
    group_reassigned = _within(state.group_assigned_time, start)
    resolved = _within(state.resolved_time, start)
    spans: dict[str, Span] = {
        "first_group_assignment_time_chrs": (start, group),
        "time_to_first_agent_seconds": (start, assigned),
        "time_to_resolution_seconds": (start, resolved),
        "first_to_last_agent_seconds": _unless_equal(assigned, reassigned),
        "first_to_last_group_seconds": _unless_equal(group, group_reassigned),
    }
    # Without any assignment, both count from an earlier time: only if none can be missing.
    is_known = assigned is not None or (not reassigned and _assignments_are_known(state, start))
    if is_known:
        spans["resolution_time_chrs"] = (assigned or start, resolved)
    if history.is_whole_since(start):
        first: dict[str | None, datetime] = {}
        handed_over = start
        for message in history.visible_messages(interaction_id, time):
            first.setdefault(message.author_type, message.time)
            if message.author_type == "bot" and "agent" not in first:
                handed_over = message.time
        responded = first.get("agent")
        spans["customer_wait_seconds"] = (first.get("user"), responded)
        if is_known and responded:
            is_earlier = assigned is not None and assigned <= responded
            spans["first_response_time_chrs"] = (assigned if is_earlier else handed_over, responded)
    return {
        name: round((end - begin).total_seconds(), 3)
        for name, (begin, end) in spans.items()
        if begin and end and end >= begin
    }


def interaction_seconds(
    interaction_id: str | None, time: datetime, history: MessageHistory
) -> float | None:
    """Seconds from the start of an interaction to a time in it; None if the start is not known.

    Without an id, the messages show the interaction, if none of it is missing.
    """
    if interaction_id is None and history.covers(time) and not history.has_gaps:
        interaction_id = history.interaction_at(time)
    start = interaction_start_time(interaction_id)
    return None if start is None or start > time else round((time - start).total_seconds(), 3)


def _assignments_are_known(state: ConversationState, start: datetime) -> bool:
    """Whether the source lists assignments, and was read from the interaction's start on."""
    starts = (state.created_time, state.reopened_time)
    return state.lists_assignments and any(_within(time, start) for time in starts)


def _unless_equal(first: datetime | None, latest: datetime | None) -> Span:
    return first, latest if latest != first else None


def _within(time: datetime | None, start: datetime) -> datetime | None:
    return time if time and time >= start else None
