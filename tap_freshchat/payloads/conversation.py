"""Builder of the conversation in an event: its tracked state, completed by a snapshot. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.payloads.associations import select_fields
from tap_freshchat.payloads.statistics import compute_statistics
from tap_freshchat.times import format_time, parse_time_or_none

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.activity.conversation_state import ConversationState
    from tap_freshchat.activity.message_history import Message, MessageHistory
    from tap_freshchat.payloads.associations import EventContext

_SNAPSHOT = (
    *("app_id", "channel_id", "user_id", "org_contact_id", "created_time"),
    *("assigned_org_agent_id", "assigned_org_group_id"),
)
_STATE_TIMES = (
    *("created_time", "assigned_time", "first_agent_assigned_time", "group_assigned_time"),
    *("first_group_assigned_time", "reopened_time", "resolved_time"),
)


def build_conversation(
    conversation_id: str, state: ConversationState, context: EventContext, *, at: datetime
) -> dict[str, Any]:
    """The conversation at a time, completed with fields that only the current record has."""
    history = context.history
    current = context.snapshot.conversation if context.snapshot else {}
    channel_id = state.channel_id or current.get("channel_id")
    conversation: dict[str, Any] = {
        **select_fields(current, _SNAPSHOT),
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "user_id": context.user_id,
        **state.values,
        **{name: format_time(time) for name in _STATE_TIMES if (time := getattr(state, name))},
    }
    # A conversation is created once, and its own record has the best time.
    if created := parse_time_or_none(current.get("created_time")):
        conversation["created_time"] = format_time(created)
    for kind, id_field in (("agent", "assigned_agent_id"), ("group", "assigned_group_id")):
        # The organisation's id belongs to today's assignee, so only to an event that has the same.
        if conversation.get(id_field) != current.get(id_field):
            conversation.pop(f"assigned_org_{kind}_id", None)
    if "app_id" not in conversation and context.configuration.get("app_id"):
        conversation["app_id"] = str(context.configuration["app_id"])
    source = context.channels.get(channel_id or "", {}).get("source") or history.source_at(at)
    if source:
        conversation["source"] = source
    if properties := current.get("properties"):
        conversation["properties"] = properties_as_dict(properties)
    if due := history.response_due(at):
        conversation["response_due_type"] = due
    if statistics := compute_statistics(at, state, history):
        conversation["statistics"] = statistics
    return conversation


def message_element(message: Message, history: MessageHistory) -> dict[str, Any]:
    """One element of `messages`: all fields of REST and the flags of its position."""
    return {
        **message.content,
        "created_time": format_time(message.time),
        **history.position_flags(message),
    }


def properties_as_dict(properties: Any) -> Any:
    """Properties as one object; some accounts give a list of `{name, value}`."""
    if not isinstance(properties, list):
        return properties
    items = (item for item in properties if isinstance(item, dict))
    return {item["name"]: item.get("value") for item in items if isinstance(item.get("name"), str)}
