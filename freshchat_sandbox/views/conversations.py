"""REST representations of conversations and messages at a given time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account.conversation_events import BOT, SYSTEM, SYSTEM_MESSAGE, USER
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.message_parts import detailed_type, message_parts, reply_parts
from freshchat_sandbox.account.staff import CHANNELS
from freshchat_sandbox.account.timestamps import format_iso
from freshchat_sandbox.http_messages import API_HOST
from freshchat_sandbox.readings import in_case

if TYPE_CHECKING:
    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )


def conversation(
    account: SandboxAccount, timeline: ConversationTimeline, now: int
) -> dict[str, Any]:
    """Return a conversation; many accounts return only the first five fields."""
    events = timeline.until(now)
    state = events[-1].state
    record: dict[str, Any] = {
        "conversation_id": account.conversation_id(timeline.key),
        "app_id": account.app_id,
        "status": state.status,
        "channel_id": account.channel_ids[timeline.channel],
        "skill_id": 0,
    }
    if is_sparse(account, timeline):
        return record
    customer = account.customers.get(timeline.customer_key)
    user_id = account.user_id(timeline.customer_key)
    properties = timeline.properties(now)
    # By default both forms occur, as in live accounts.
    form = account.readings.properties
    record |= {
        "conversation_internal_id": account.internal_id(timeline.key),
        "user_id": user_id,
        "org_contact_id": contact_number(account, timeline.customer_key),
        "created_by": user_id if customer.exists(now) else None,
        "created_time": format_iso(timeline.started_at),
        "updated_time": format_iso(events[-1].at),
        "url": conversation_url(account, timeline),
        "properties": properties
        if form == "object" or (form == "mixed" and timeline.key.number % 2)
        else [{"name": name, "value": value} for name, value in properties.items()],
    }
    assignees = {
        "assigned_agent_id": account.agent_id(state.agent),
        "assigned_org_agent_id": agent_number(account, state.agent),
        "assigned_group_id": account.group_id(state.group),
        "assigned_org_group_id": _number(account, Kind.GROUP, state.group),
    }
    absent_when_empty = timeline.key.number % 4 in (1, 2)
    for name, value in assignees.items():
        if value is not None or not absent_when_empty:
            record[name] = value
    return record


def is_sparse(account: SandboxAccount, timeline: ConversationTimeline) -> bool:
    """Return whether GET returns five fields only: by default for a third of the conversations."""
    mode = account.readings.sparse_conversations
    return mode == "all" or (mode == "some" and (timeline.key.day + timeline.key.number) % 3 == 0)


def conversation_url(account: SandboxAccount, timeline: ConversationTimeline) -> str:
    """Return the URL of a conversation in the agent inbox."""
    account_number = account.ids.internal(Kind.ACCOUNT)
    return f"https://{API_HOST}/a/{account_number}/inbox/0/conversation/{account.internal_id(timeline.key)}"


def message(
    account: SandboxAccount, timeline: ConversationTimeline, event: ConversationEvent
) -> dict[str, Any]:
    """Return a message."""
    readings = account.readings
    markers = {
        name: _marker(event, readings.flags)
        for name in event.detail
        if name.startswith("is") and readings.flags != "none"
    }
    record: dict[str, Any] = {
        "id": account.message_id(timeline, event),
        "conversation_id": account.conversation_id(timeline.key),
        "channel_id": account.channel_ids[timeline.channel],
        "app_id": account.app_id,
        "freshchat_conversation_id": str(account.internal_id(timeline.key)),
        "freshchat_channel_id": str(account.ids.internal(Kind.CHANNEL, 0, timeline.channel)),
        "actor_id": account.actor_id(timeline, event),
        "user_id": account.user_id(timeline.customer_key),
        "message_type": detailed_type(event)
        if readings.rest_message_type == "detailed"
        else in_case(event.message_type, readings.rest_message_type),
        "message_source": message_source(timeline, event),
        "created_time": format_iso(event.at),
        "message_parts": message_parts(event),
        "restrictResponse": False,
        "botsPrivateNote": False,
        "isBotsInput": event.detail[:1] == ("in_reply_to",),
    }
    if readings.rest_interactions:
        record["interaction_id"] = account.shown_interaction_id(timeline, event)
    if event.actor_type != SYSTEM or readings.rest_system_actor:
        record["actor_type"] = in_case(event.actor_type, readings.rest_actor_type)
    if event.actor_type == USER:
        record["org_contact_id"] = contact_number(account, timeline.customer_key)
    if event.actor is not None:
        record["org_actor_id"] = agent_number(account, event.actor)
    replies = reply_parts(event)
    if replies is not None:
        record["reply_parts"] = replies
        record["stepId"] = f"step-{event.position}"
    if event.detail[:1] == ("in_reply_to",):
        question = timeline.events[int(event.detail[1])]
        record["in_reply_to"] = {"message_id": account.message_id(timeline, question)}
    if markers:
        record["meta_data"] = markers
    return record


def message_source(timeline: ConversationTimeline, event: ConversationEvent) -> str:
    """Return the `message_source`: where a message was written."""
    if event.message_type == SYSTEM_MESSAGE:
        return "system"
    if event.actor_type == BOT:
        return "api"
    return CHANNELS[timeline.channel].message_source if event.actor_type == USER else "web"


def agent_number(account: SandboxAccount, agent: int | None) -> str | None:
    """Return the organisation-wide id of an agent."""
    return _number(account, Kind.AGENT, agent)


def contact_number(account: SandboxAccount, customer: tuple[int, int]) -> str:
    """Return the organisation-wide id of a customer."""
    return f"1{account.ids.internal(Kind.CUSTOMER, *customer)}"


def _number(account: SandboxAccount, kind: Kind, index: int | None) -> str | None:
    return None if index is None else f"1{account.ids.internal(kind, 0, index)}"


def _marker(event: ConversationEvent, style: str) -> bool | str | int:
    """Return a flag as a boolean or as a string: both occur in live accounts."""
    if style == "number":
        return 1
    return "True" if style == "title" else bool(event.at % 2) or "true"
