"""Durations of a conversation: first response, responses and resolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshchat_sandbox.account.conversation_events import (
    AGENT,
    AGENT_ASSIGNED,
    BOT,
    MESSAGE,
    NORMAL,
    RESOLVED,
    USER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )


def first_responses(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    """Yield the first response of each interaction, with milliseconds since the assignment.

    Without an assignment it counts from the last message of a bot, else from the interaction start.
    """
    since: int | None = None
    assigned = False
    period = -1
    for event in timeline.events:
        if event.interaction_start != period:
            period, since = event.interaction_start, event.interaction_start
            assigned = False
        if event.kind == AGENT_ASSIGNED and not assigned:
            since, assigned = event.at, True
        if since is not None and not assigned and event.actor_type == BOT and _is_visible(event):
            since = event.at
        if since is not None and _is_reply(event):
            yield event, event.at - since
            since = None


def responses(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    """Yield each response, with milliseconds since the customer started to wait."""
    asked: int | None = None
    for event in timeline.events:
        if asked is not None and _is_reply(event):
            yield event, event.at - asked
            asked = None
        elif asked is None and event.actor_type == USER and event.message_type == NORMAL:
            asked = event.at


def resolutions(timeline: ConversationTimeline) -> Iterator[tuple[ConversationEvent, int]]:
    """Yield each resolution, with milliseconds since the interaction's first agent assignment.

    Without an assignment it counts from the interaction start.
    """
    since, period = 0, -1
    assigned = False
    for event in timeline.events:
        if event.interaction_start != period:
            period, since = event.interaction_start, event.interaction_start
            assigned = False
        if event.kind == AGENT_ASSIGNED and not assigned:
            since, assigned = event.at, True
        if event.kind == RESOLVED:
            yield event, event.at - since


def _is_visible(event: ConversationEvent) -> bool:
    return event.kind == MESSAGE and event.message_type == NORMAL


def _is_reply(event: ConversationEvent) -> bool:
    """Return whether it is a reply of an agent; the survey after a resolution is not."""
    return (
        event.actor_type == AGENT
        and event.message_type == NORMAL
        and event.state.status != RESOLVED
    )
