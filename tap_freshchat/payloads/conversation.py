"""The conversation in a payload: as it stood, completed by what only its present tells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.conversation_state import Timeline
from tap_freshchat.activity.message_history import Dialogue
from tap_freshchat.payloads.associations import pick
from tap_freshchat.payloads.statistics import statistics_at
from tap_freshchat.times import format_time, time_in

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.activity.message_history import Message, Snapshot
    from tap_freshchat.payloads.associations import Account, Customer

NO_DIALOGUE = Dialogue(complete=False)
_SNAPSHOT = (
    *("app_id", "channel_id", "user_id", "org_contact_id", "created_time"),
    *("assigned_org_agent_id", "assigned_org_group_id"),
)


def conversation_tree(  # noqa: PLR0913 - each is one source of the payload
    conversation_id: str,
    timeline: Timeline,
    customer: Customer,
    account: Account,
    snapshot: Snapshot | None,
    *,
    at: datetime,
) -> dict[str, Any]:
    """The conversation as it stood, completed by what only its present state tells."""
    now = snapshot.conversation if snapshot else {}
    channel_id = timeline.channel_id or now.get("channel_id")
    conversation: dict[str, Any] = {
        **pick(now, _SNAPSHOT),
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "user_id": customer.id,
        **timeline.known,
        **_times(timeline),
    }
    # A conversation is created once, and nothing tells when as well as its own record.
    if created := time_in(now.get("created_time")):
        conversation["created_time"] = format_time(created)
    for ours, theirs in (("agent", "assigned_agent_id"), ("group", "assigned_group_id")):
        # The organisation's id belongs to today's assignee, so only to an event that has the same.
        if conversation.get(theirs) != now.get(theirs):
            conversation.pop(f"assigned_org_{ours}_id", None)
    if "app_id" not in conversation and account.configuration.get("app_id"):
        conversation["app_id"] = str(account.configuration["app_id"])
    dialogue = snapshot.dialogue if snapshot else NO_DIALOGUE
    source = account.channels.get(channel_id or "", {}).get("source") or dialogue.source
    if source:
        conversation["source"] = source
    if properties := now.get("properties"):
        conversation["properties"] = as_object(properties)
    if due := dialogue.response_due(at):
        conversation["response_due_type"] = due
    if figures := statistics_at(at, timeline, dialogue):
        conversation["statistics"] = figures
    return conversation


def _times(timeline: Timeline) -> dict[str, str]:
    times: dict[str, datetime | None] = {
        "created_time": timeline.created_time,
        "assigned_time": timeline.assigned_time,
        "first_agent_assigned_time": timeline.first_agent_assigned_time,
        "group_assigned_time": timeline.group_assigned_time,
        "first_group_assigned_time": timeline.first_group_assigned_time,
        "reopened_time": timeline.reopened_time,
        "resolved_time": timeline.resolved_time,
    }
    return {name: format_time(time) for name, time in times.items() if time}


def present_timeline(channel_id: str | None, snapshot: Snapshot | None) -> Timeline:
    """The present state of a conversation, for a moment of which nothing else is known."""
    now = snapshot.conversation if snapshot else {}
    return Timeline(
        known={
            name: now[name]
            for name in ("status", "assigned_agent_id", "assigned_group_id")
            if name in now
        },
        channel_id=channel_id,
    )


def message_element(message: Message, dialogue: Dialogue) -> dict[str, Any]:
    """One element of `messages`: everything REST tells of it, and its place in the dialogue."""
    return {
        **message.content,
        "created_time": format_time(message.time),
        **dialogue.places(message),
    }


def as_object(properties: Any) -> Any:
    """Properties as one object; some accounts give a list of `{name, value}`."""
    if not isinstance(properties, list):
        return properties
    named = (each for each in properties if isinstance(each, dict))
    return {each["name"]: each.get("value") for each in named if isinstance(each.get("name"), str)}
