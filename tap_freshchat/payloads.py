"""Occurrences and look-ups → records shaped as Freshworks' product events. Pure.

Spelling and nesting are the original's, so that the warehouse columns come out alike. What no
polling source tells is left out, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat import activity
from tap_freshchat.associations import actor_of, agent_actor, associations_of, pick
from tap_freshchat.report_columns import INTELLIASSIGN
from tap_freshchat.timelines import Timeline
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_freshchat.activity import Occurrence
    from tap_freshchat.agent_activity import AgentOccurrence
    from tap_freshchat.associations import Account, Customer
    from tap_freshchat.identity import Snapshot
    from tap_freshchat.timelines import Changes

# Versions that the product events themselves carry.
CONVERSATION_VERSION = "1.0.0"
AGENT_ACTIVITY_VERSION = "2.0.0"

_SNAPSHOT = (
    *("app_id", "channel_id", "user_id", "org_contact_id", "created_time"),
    *("assigned_org_agent_id", "assigned_org_group_id"),
)


def conversation_event(  # noqa: PLR0913 - each is one source of the payload
    occurrence: Occurrence,
    changes: Changes,
    timeline: Timeline,
    *,
    account: Account,
    customer: Customer,
    snapshot: Snapshot | None,
) -> dict[str, Any]:
    """The record of one occurrence: onConversationCreate or onConversationUpdate.

    Args:
        occurrence: what happened.
        changes: what it changed.
        timeline: how the conversation stood after it.
        account: to join agents, groups and channels with.
        customer: whom the conversation belongs to.
        snapshot: how the conversation stands now, when that is wanted.
    """
    created = occurrence.kind == activity.CREATED
    conversation = _conversation(occurrence.conversation_id, timeline, customer, account, snapshot)
    record = {
        "id": occurrence.id,
        "event": "onConversationCreate" if created else "onConversationUpdate",
        "type": occurrence.kind,
        "created_time": format_time(occurrence.time),
        **_customer_ids(customer),
        "source": "report",
        "observed": False,
        "snapshot_time": _snapshot_time(snapshot),
        **_envelope(account, CONVERSATION_VERSION),
        "conversation_id": occurrence.conversation_id,
        "interaction_id": occurrence.interaction_id,
        "channel_id": conversation.get("channel_id"),
        "agent_id": conversation.get("assigned_agent_id"),
        "group_id": conversation.get("assigned_group_id"),
        "previous_known": changes.previous_known,
        "actor": (
            actor_of("user", customer.id, account, customer)
            if created
            else actor_of(occurrence.actor_type, occurrence.actor_id, account, customer)
        ),
        "associations": associations_of(conversation, account, customer),
        "conversation": conversation,
    }
    if not created:
        record["changes"] = {"model_changes": {k: list(v) for k, v in changes.pairs.items()}}
    return record


def message_event(
    message: Mapping[str, Any],
    *,
    account: Account,
    customer: Customer,
    snapshot: Snapshot | None,
) -> dict[str, Any]:
    """The record of one message: onMessageCreate.

    As in the original, `message` is the conversation and the message itself is its only element
    of `messages`.

    Args:
        message: a plain row as of the stream `messages`.
        account: to join agents, groups and channels with.
        customer: whom the conversation belongs to.
        snapshot: how the conversation stands now, when that is wanted.
    """
    now = snapshot.conversation if snapshot else {}
    timeline = Timeline(
        known={
            name: now[name]
            for name in ("status", "assigned_agent_id", "assigned_group_id")
            if name in now
        },
        channel_id=message["channel_id"],
    )
    conversation = _conversation(message["conversation_id"], timeline, customer, account, snapshot)
    return {
        "id": activity.digest("message", message["conversation_id"], message["id"]),
        "event": "onMessageCreate",
        "created_time": message["created_time"],
        **_customer_ids(customer),
        "source": "report",
        "observed": False,
        "snapshot_time": _snapshot_time(snapshot),
        **_envelope(account, CONVERSATION_VERSION),
        "conversation_id": message["conversation_id"],
        "interaction_id": message["interaction_id"],
        "channel_id": conversation.get("channel_id"),
        "agent_id": conversation.get("assigned_agent_id"),
        "group_id": conversation.get("assigned_group_id"),
        "message_id": message["id"],
        "message_type": message["message_type"],
        "message_text": message_text(message["message_parts"]),
        "actor": actor_of(message["actor_type"], message["actor_id"], account, customer),
        "associations": associations_of(conversation, account, customer),
        "message": {**conversation, "messages": [dict(message)]},
    }


def agent_event(
    occurrence: AgentOccurrence, previous: AgentOccurrence | None, *, account: Account
) -> dict[str, Any]:
    """The record of one change of an agent's availability: onAgentActivityCreate.

    Args:
        occurrence: what happened.
        previous: the one before it, of the same agent and kind, when known.
        account: to join the agent with.
    """
    agent = account.agents.get(occurrence.agent_id, {})
    general = occurrence.report != INTELLIASSIGN
    return {
        "id": occurrence.id,
        "event": "onAgentActivityCreate",
        "created_time": format_time(occurrence.time),
        "user_id": None,
        "user_reference_id": None,
        "source": "report",
        "observed": False,
        "snapshot_time": None,
        **_envelope(account, AGENT_ACTIVITY_VERSION),
        "agent_id": occurrence.agent_id,
        "actor": agent_actor(occurrence.agent_id, agent),
        "agent_activity": {
            "status": occurrence.status,
            "prev_status": previous.status if previous else None,
            "availability_event_type": "General" if general else "Intelliassign",
            "status_change_timestamp": format_time(occurrence.time),
            "prev_status_change_timestamp": format_time(previous.time) if previous else None,
            "email": agent.get("email") or occurrence.agent_email,
        },
    }


def message_text(parts: Iterable[Mapping[str, Any]]) -> str | None:
    """What a person reads in a message's parts, joined by line breaks; None without any text."""
    texts = [
        str(content)
        for part in parts
        for variant in (part.get("text"), part.get("email"))
        if isinstance(variant, dict) and (content := variant.get("content"))
    ]
    return "\n".join(texts) or None


def _conversation(
    conversation_id: str,
    timeline: Timeline,
    customer: Customer,
    account: Account,
    snapshot: Snapshot | None,
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
    }
    times: dict[str, datetime | None] = {
        "created_time": timeline.created_time,
        "assigned_time": timeline.assigned_time,
        "first_agent_assigned_time": timeline.first_agent_assigned_time,
        "group_assigned_time": timeline.group_assigned_time,
        "first_group_assigned_time": timeline.first_group_assigned_time,
        "reopened_time": timeline.reopened_time,
        "resolved_time": timeline.resolved_time,
    }
    conversation.update({name: format_time(time) for name, time in times.items() if time})
    for ours, theirs in (("agent", "assigned_agent_id"), ("group", "assigned_group_id")):
        # The organisation's id belongs to today's assignee, so only to an event that has the same.
        if conversation.get(theirs) != now.get(theirs):
            conversation.pop(f"assigned_org_{ours}_id", None)
    if "app_id" not in conversation and account.configuration.get("app_id"):
        conversation["app_id"] = str(account.configuration["app_id"])
    if source := account.channels.get(channel_id or "", {}).get("source"):
        conversation["source"] = source
    if properties := now.get("properties"):
        conversation["properties"] = as_object(properties)
    return conversation


def as_object(properties: Any) -> Any:
    """Properties as one object; some accounts give a list of `{name, value}`."""
    if not isinstance(properties, list):
        return properties
    return {each["name"]: each.get("value") for each in properties if "name" in each}


def _customer_ids(customer: Customer) -> dict[str, str | None]:
    return {"user_id": customer.id, "user_reference_id": customer.reference_id}


def _snapshot_time(snapshot: Snapshot | None) -> str | None:
    return format_time(snapshot.time) if snapshot and snapshot.conversation else None


def _envelope(account: Account, version: str) -> dict[str, str | None]:
    found = account.configuration
    # Organisation and account ids are numbers in the API and ids all the same.
    account_id = found.get("account_id")
    return {
        "account_id": None if account_id is None else str(account_id),
        "domain": found.get("account_domain"),
        "region": found.get("datacenter"),
        "version": version,
    }
