"""Search for the agent's first response of an interaction among its messages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.activity.message_history import Message, MessageHistory


def find_first_response(
    history: MessageHistory, interaction_id: str | None, time: datetime
) -> tuple[Message | None, bool]:
    """The first response that a report row is about, and whether the messages show it.

    Private notes are no responses. With the whole interaction at hand, its first message of an
    agent is the response, and without one there is none. Else it is the message at the time of the
    row, if there is one.
    """
    interaction_id = interaction_id or history.interaction_at(time)
    by_agents = [message for message in history.messages if message.author_type == "agent"]
    is_whole = history.covers(time) and not (history.has_gaps or history.cut)
    if is_whole and interaction_id in {message.interaction_id for message in history.messages} - {
        None
    }:
        within = (message for message in by_agents if message.interaction_id == interaction_id)
        return next(within, None), True
    response = next((message for message in by_agents if message.time == time), None)
    return response, response is not None
