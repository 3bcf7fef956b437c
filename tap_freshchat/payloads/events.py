"""Occurrences and look-ups → records shaped as Freshworks' product events. Pure.

Spelling and nesting are the original's, so that the warehouse columns come out alike. What no
polling source tells is left out, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.activity import events as activity
from tap_freshchat.ids import digest
from tap_freshchat.payloads.associations import actor_of, agent_actor, associations_of
from tap_freshchat.payloads.conversation import (
    NO_DIALOGUE,
    conversation_tree,
    message_element,
    present_timeline,
)
from tap_freshchat.reports.catalog import INTELLIASSIGN
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_freshchat.activity.agent_status import AgentOccurrence
    from tap_freshchat.activity.conversation_state import Changes, Timeline
    from tap_freshchat.activity.events import Occurrence
    from tap_freshchat.activity.message_history import Message, Snapshot
    from tap_freshchat.payloads.associations import Account, Customer

# Versions that the product events themselves carry.
CONVERSATION_VERSION = "1.0.0"
AGENT_ACTIVITY_VERSION = "2.0.0"


def conversation_event(  # noqa: PLR0913 - each is one source of the payload
    occurrence: Occurrence,
    changes: Changes,
    timeline: Timeline,
    *,
    account: Account,
    customer: Customer,
    snapshot: Snapshot | None,
    source: str,
) -> dict[str, Any]:
    """The record of one occurrence: onConversationCreate or onConversationUpdate.

    Args:
        occurrence: what happened.
        changes: what it changed.
        timeline: how the conversation stood after it.
        account: to join agents, groups and channels with.
        customer: whom the conversation belongs to.
        snapshot: how the conversation stands now, when that is wanted.
        source: `report` or `rest`.
    """
    created = occurrence.kind == activity.CREATED
    conversation = conversation_tree(
        occurrence.conversation_id, timeline, customer, account, snapshot, at=occurrence.time
    )
    dialogue = snapshot.dialogue if snapshot else NO_DIALOGUE
    shown = dialogue.opening if created else dialogue.notice(occurrence.time)
    if shown:
        conversation["messages"] = [message_element(shown, dialogue)]
    record = {
        "id": occurrence.id,
        "event": "onConversationCreate" if created else "onConversationUpdate",
        "type": occurrence.kind,
        "created_time": format_time(occurrence.time),
        **_customer_ids(customer),
        "source": source,
        "observed": occurrence.observed,
        "snapshot_time": _snapshot_time(snapshot),
        **_envelope(account.configuration, CONVERSATION_VERSION),
        "conversation_id": occurrence.conversation_id,
        "interaction_id": occurrence.interaction_id,
        "channel_id": conversation.get("channel_id"),
        "agent_id": conversation.get("assigned_agent_id"),
        "group_id": conversation.get("assigned_group_id"),
        "previous_known": changes.previous_known,
        "actor": _actor_of_change(occurrence, shown, account, customer),
        "associations": associations_of(conversation, account, customer, timeline),
        "conversation": conversation,
    }
    if not created:
        record["changes"] = {"model_changes": {k: list(v) for k, v in changes.pairs.items()}}
    return record


def message_event(  # noqa: PLR0913 - each is one source of the payload
    message: Mapping[str, Any],
    moment: datetime,
    timeline: Timeline | None,
    *,
    account: Account,
    customer: Customer,
    snapshot: Snapshot | None,
    source: str,
) -> dict[str, Any]:
    """The record of one message: onMessageCreate.

    As in the original, `message` is the conversation and the message itself is its only element
    of `messages`.

    Args:
        message: a plain row as of the stream `messages`.
        moment: when it was posted.
        timeline: how the conversation stood when it was posted; when not known, its present
            state stands in, and `snapshot_time` says so.
        account: to join agents, groups and channels with.
        customer: whom the conversation belongs to.
        snapshot: how the conversation stands now, when that is wanted.
        source: `report` or `rest`.
    """
    timeline = timeline or present_timeline(message["channel_id"], snapshot)
    conversation = conversation_tree(
        message["conversation_id"],
        timeline,
        customer,
        account,
        snapshot,
        at=moment,
    )
    dialogue = snapshot.dialogue if snapshot else NO_DIALOGUE
    said = dialogue[message["id"]]
    # REST tells more of a message than a transcript's row does.
    element = {**message, **(message_element(said, dialogue) if said else {})}
    return {
        "id": digest("message", message["conversation_id"], message["id"]),
        "event": "onMessageCreate",
        "created_time": message["created_time"],
        **_customer_ids(customer),
        "source": source,
        "observed": False,
        "snapshot_time": _snapshot_time(snapshot),
        **_envelope(account.configuration, CONVERSATION_VERSION),
        "conversation_id": message["conversation_id"],
        "interaction_id": element["interaction_id"],
        "channel_id": conversation.get("channel_id"),
        "agent_id": conversation.get("assigned_agent_id"),
        "group_id": conversation.get("assigned_group_id"),
        "message_id": message["id"],
        "message_type": message["message_type"],
        "message_text": message_text(message["message_parts"]),
        "actor": actor_of(message["actor_type"], message["actor_id"], account, customer, element),
        "associations": associations_of(conversation, account, customer, timeline),
        "message": {**conversation, "messages": [element]},
    }


def agent_event(
    occurrence: AgentOccurrence,
    previous: AgentOccurrence | None,
    *,
    configuration: Mapping[str, Any],
    agent: Mapping[str, Any],
    custom_status_id: str | None,
) -> dict[str, Any]:
    """The record of one change of an agent's availability: onAgentActivityCreate.

    Args:
        occurrence: what happened.
        previous: the one before it, of the same agent and kind, when known.
        configuration: of the account.
        agent: whose status changed; empty for one who is gone.
        custom_status_id: that of the status, when the account lists it.
    """
    general = occurrence.report != INTELLIASSIGN
    return {
        "id": occurrence.id,
        "event": "onAgentActivityCreate",
        "created_time": format_time(occurrence.time),
        "user_id": None,
        "user_reference_id": None,
        "source": "rest" if occurrence.observed else "report",
        "observed": occurrence.observed,
        "snapshot_time": None,
        **_envelope(configuration, AGENT_ACTIVITY_VERSION),
        "agent_id": occurrence.agent_id,
        "actor": agent_actor(occurrence.agent_id, agent),
        "agent_activity": {
            "status": occurrence.status,
            "prev_status": previous.status if previous else occurrence.previous_status,
            "availability_event_type": "General" if general else "Intelliassign",
            "status_change_timestamp": format_time(occurrence.time),
            "prev_status_change_timestamp": format_time(previous.time) if previous else None,
            "custom_status_id": custom_status_id if general else None,
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


def _actor_of_change(
    occurrence: Occurrence, notice: Message | None, account: Account, customer: Customer
) -> dict[str, Any] | None:
    """Who caused a change: the customer who began it, or whom the row or the notice names."""
    if occurrence.kind == activity.CREATED:
        return actor_of("user", customer.id, account, customer)
    content = notice.content if notice else {}
    if occurrence.actor_type is None and occurrence.actor_id is None:
        return actor_of(
            content.get("actor_type"), content.get("actor_id"), account, customer, content
        )
    same = content.get("actor_id") == occurrence.actor_id
    return actor_of(
        occurrence.actor_type, occurrence.actor_id, account, customer, content if same else {}
    )


def _customer_ids(customer: Customer) -> dict[str, str | None]:
    return {"user_id": customer.id, "user_reference_id": customer.reference_id}


def _snapshot_time(snapshot: Snapshot | None) -> str | None:
    return format_time(snapshot.time) if snapshot and snapshot.conversation else None


def _envelope(configuration: Mapping[str, Any], version: str) -> dict[str, str | None]:
    # Organisation and account ids are numbers in the API and ids all the same.
    account_id = configuration.get("account_id")
    return {
        "account_id": None if account_id is None else str(account_id),
        "domain": configuration.get("account_domain"),
        "region": configuration.get("datacenter"),
        "version": version,
    }
