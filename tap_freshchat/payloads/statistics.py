"""How long things took in an open period of a conversation, by the calendar's clock. Pure.

Freshworks names seven such figures and publishes neither unit nor every definition. Seconds are
given, and each is defined here (docs/events.md); their twins by the business clock need calendars
that the API does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_freshchat.times import interaction_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.conversation_state import Timeline
    from tap_freshchat.activity.message_history import Dialogue


def statistics_at(moment: datetime, timeline: Timeline, dialogue: Dialogue) -> Mapping[str, float]:
    """The figures as they stood at a moment; one that had not happened yet is left out.

    Args:
        moment: the occurrence's.
        timeline: how the conversation stood then.
        dialogue: what was said; may be empty, then figures that rest on it are left out.
    """
    interaction_id = timeline.interaction_id or dialogue.interaction_at(moment)
    start = interaction_time(interaction_id)
    if start is None:
        return {}
    assigned = _within(timeline.first_agent_assigned_time, start)
    reassigned = _within(timeline.agent_assigned_time, start)
    group = _within(timeline.first_group_assigned_time, start)
    regrouped = _within(timeline.group_assigned_time, start)
    said = list(dialogue.said(interaction_id, moment))
    asked = next((message.time for message in said if message.said_by == "user"), None)
    answered = next((message.time for message in said if message.said_by == "agent"), None)
    # From the first assignment to the answer, or from the start without one before it (analytics
    # help of Freshworks).
    waited_from = assigned if assigned and answered and assigned <= answered else start
    spans = {
        "first_response_time": (waited_from, answered),
        "wait_time": (asked, answered),
        "resolution_time": (start, _within(timeline.resolved_time, start)),
        "first_agent_assignment_time": (start, assigned),
        "first_group_assignment_time": (start, group),
        "agent_reassignment_time": (assigned, reassigned if reassigned != assigned else None),
        "group_reassignment_time": (group, regrouped if regrouped != group else None),
    }
    return {
        f"{name}_chrs": round((end - begin).total_seconds(), 3)
        for name, (begin, end) in spans.items()
        if begin and end and end >= begin
    }


def _within(moment: datetime | None, start: datetime) -> datetime | None:
    return moment if moment and moment >= start else None
