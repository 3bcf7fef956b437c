"""Builder of event records from events and look-ups, shaped as Freshworks' product events. Pure.

Names and nesting are those of the product events, so that warehouse columns are the same. Fields
that polling cannot provide are absent, never guessed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity import events as activity
from tap_freshchat.enumerations import ACTOR_TYPE
from tap_freshchat.ids import stable_id
from tap_freshchat.payloads.associations import agent_actor, build_actor, build_associations
from tap_freshchat.payloads.conversation import build_conversation, message_element
from tap_freshchat.payloads.statistics import interaction_seconds
from tap_freshchat.reports.catalog import INTELLIASSIGN
from tap_freshchat.times import format_time, interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_freshchat.activity.agent_status import AgentStatusChange
    from tap_freshchat.activity.conversation_state import ConversationState, EventWithState
    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Message
    from tap_freshchat.payloads.associations import EventContext

# Versions that the product events themselves carry.
CONVERSATION_VERSION = "1.0.0"
AGENT_ACTIVITY_VERSION = "2.0.0"
# The flag of the system message that posts a change.
_FLAGS = {activity.RESOLVED: "isResolved", activity.REOPENED: "isReopen"}


def conversation_event(step: EventWithState, context: EventContext) -> dict[str, Any]:
    """The record of one event: onConversationCreate or onConversationUpdate."""
    event, state = step.event, step.state
    created = event.kind == activity.CREATED
    conversation = build_conversation(event.conversation_id, state, context, at=event.time)
    history = context.history
    shown = history.first_visible_message if created else history.nearest_system_message(event.time)
    if shown:
        conversation["messages"] = [message_element(shown, history)]
    seconds = None
    # Via REST, a start without a time in its id has the time of its first message.
    has_start = state.lists_assignments or interaction_start_time(event.interaction_id)
    if event.kind in activity.START_KINDS and has_start:
        seconds = 0.0
    elif not (event.time_is_approximate or event.is_unclear):
        seconds = interaction_seconds(event.interaction_id, event.time, history)
    record = {
        "id": event.id,
        "event": "onConversationCreate" if created else "onConversationUpdate",
        "type": event.kind,
        "created_time": format_time(event.time),
        **origin(context, time_is_approximate=event.time_is_approximate or event.is_unclear),
        "state_is_provisional": state.is_provisional,
        **_conversation_ids(conversation, event.interaction_id),
        "message_id": shown.id if shown and (created or _posts(shown, event)) else None,
        "interaction_seconds": seconds,
        "previous_values_known": step.previous_values_known,
        "actor": _actor_of_change(event, shown, context),
        "associations": build_associations(conversation, context, state),
        "conversation": conversation,
    }
    if not created:
        record["changes"] = {"model_changes": {k: list(v) for k, v in step.changes.items()}}
    return record


def message_event(
    message: Mapping[str, Any],
    time: datetime,
    state: ConversationState,
    context: EventContext,
    *,
    time_is_approximate: bool = False,
) -> dict[str, Any]:
    """The record of one message, a row of the stream `messages`: onMessageCreate.

    As in the original, `message` is the conversation and the message itself is its only element
    of `messages`.
    """
    history = context.history
    if state.channel_id is None:
        state = replace(state, channel_id=message["channel_id"])
    conversation = build_conversation(message["conversation_id"], state, context, at=time)
    # REST has more fields of a message than a transcript's row.
    full_message = history.by_id.get(message["id"])
    element = {**message, **(message_element(full_message, history) if full_message else {})}
    # REST may write them in another way.
    element |= {name: message[name] for name in ("message_type", "actor_type") if message[name]}
    return {
        "id": stable_id("message", message["conversation_id"], message["id"]),
        "event": "onMessageCreate",
        "created_time": message["created_time"],
        **origin(context, time_is_approximate=time_is_approximate),
        "state_is_provisional": state.is_provisional,
        **_conversation_ids(conversation, element["interaction_id"]),
        "interaction_seconds": None
        if time_is_approximate
        else interaction_seconds(element["interaction_id"], time, history),
        "message_id": message["id"],
        "message_type": message["message_type"],
        "message_text": message_text(message["message_parts"]),
        "actor": build_actor(message["actor_type"], message["actor_id"], context, element),
        "associations": build_associations(conversation, context, state),
        "message": {**conversation, "messages": [element]},
    }


def agent_event(
    event: AgentStatusChange,
    previous: AgentStatusChange | None,
    *,
    configuration: Mapping[str, Any],
    agent: Mapping[str, Any],
    custom_status_id: str | None,
) -> dict[str, Any]:
    """The record of one change of an agent's availability: onAgentActivityCreate.

    `previous` is the last change of the same agent and kind; `agent` is empty if it is gone.
    """
    general = event.report != INTELLIASSIGN
    return {
        "id": event.id,
        "event": "onAgentActivityCreate",
        "created_time": format_time(event.time),
        "user_id": None,
        "user_reference_id": None,
        "source": "rest" if event.time_is_approximate else "report",
        "time_is_approximate": event.time_is_approximate or event.is_unclear,
        "enriched_at": None,
        **_envelope(configuration, AGENT_ACTIVITY_VERSION),
        "agent_id": event.agent_id,
        "actor": agent_actor(event.agent_id, agent),
        "agent_activity": {
            "status": event.status,
            "prev_status": previous.status if previous else event.previous_status,
            "availability_event_type": "General" if general else "Intelliassign",
            "status_change_timestamp": format_time(event.time),
            "prev_status_change_timestamp": format_time(previous.time) if previous else None,
            "custom_status_id": custom_status_id if general else None,
            "email": agent.get("email") or event.agent_email,
        },
    }


def message_text(parts: Iterable[Mapping[str, Any]]) -> str | None:
    """The visible text of a message's parts, joined by line breaks; None without text."""
    texts = [
        str(content)
        for part in parts
        for variant in (part.get("text"), part.get("email"))
        if isinstance(variant, dict) and (content := variant.get("content"))
    ]
    return "\n".join(texts) or None


def _actor_of_change(
    event: ConversationEvent, system_message: Message | None, context: EventContext
) -> dict[str, Any] | None:
    """The actor: the customer who started it, or the one in the row or system message."""
    if event.kind == activity.CREATED:
        return build_actor("user", context.user_id, context)
    content = system_message.content if system_message else {}
    actor_type, actor_id = event.actor_type, event.actor_id
    if actor_type is None and actor_id is None:
        actor_type = ACTOR_TYPE.read(content.get("actor_type"))
        actor_id = content.get("actor_id")
    elif content.get("actor_id") != actor_id:
        content = {}
    return build_actor(actor_type, actor_id, context, content)


def _posts(message: Message, event: ConversationEvent) -> bool:
    """Whether a system message says that it posts the change, not just one at the same time."""
    flag = _FLAGS.get(event.kind)
    return flag is not None and message.has_flag(flag)


def origin(context: EventContext, *, time_is_approximate: bool) -> dict[str, Any]:
    """The customer, where the event comes from, and the envelope."""
    snapshot = context.snapshot
    enriched = snapshot is not None and snapshot.has_record and bool(snapshot.conversation)
    return {
        "user_id": context.user_id,
        "user_reference_id": context.user_reference_id,
        "source": context.source,
        "time_is_approximate": time_is_approximate,
        "enriched_at": format_time(snapshot.time) if snapshot and enriched else None,
        **_envelope(context.configuration, CONVERSATION_VERSION),
    }


def _conversation_ids(
    conversation: Mapping[str, Any], interaction_id: str | None
) -> dict[str, str | None]:
    return {
        "conversation_id": conversation["conversation_id"],
        "interaction_id": interaction_id,
        "channel_id": conversation.get("channel_id"),
        "agent_id": conversation.get("assigned_agent_id"),
        "group_id": conversation.get("assigned_group_id"),
    }


def _envelope(configuration: Mapping[str, Any], version: str) -> dict[str, str | None]:
    # Organisation and account ids are numbers in the API and ids all the same.
    account_id = configuration.get("account_id")
    return {
        "account_id": None if account_id is None else str(account_id),
        "domain": configuration.get("account_domain"),
        "region": configuration.get("datacenter"),
        "version": version,
    }
