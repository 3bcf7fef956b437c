"""Builder of the event records that are not Freshworks' own, from rows of three reports. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.conversation_state import ConversationState
from tap_freshchat.enumerations import ACTOR_TYPE
from tap_freshchat.payloads.associations import build_actor, build_associations
from tap_freshchat.payloads.events import origin
from tap_freshchat.reports.columns import APPROXIMATE
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.message_history import Message
    from tap_freshchat.payloads.associations import EventContext

    Row = Mapping[str, str]


def csat_event(event_id: str, row: Row, time: datetime, context: EventContext) -> dict[str, Any]:
    """The record of one rating, without its figure: onCsatSubmit. The actor is the customer."""
    return {
        "id": event_id,
        "event": "onCsatSubmit",
        **_shared(row, time, context),
        "csat_id": row.get("csat_id") or None,
        "csat_response": row.get("csat_response") or None,
        "actor": build_actor("user", context.user_id, context) if context.user_id else None,
    }


def label_event(event_id: str, row: Row, time: datetime, context: EventContext) -> dict[str, Any]:
    """The record of one label: onConversationLabel. The actor is the one in the row, if any."""
    actor_type = ACTOR_TYPE.read(row.get("actor_type"))
    return {
        "id": event_id,
        "event": "onConversationLabel",
        **_shared(row, time, context),
        "label_category": row.get("label_category_name") or None,
        "label_subcategory": row.get("label_sub_category_name") or None,
        "actor": build_actor(actor_type, row.get("actor_id") or None, context),
    }


def first_response_event(
    event_id: str,
    row: Row,
    time: datetime,
    response: Message | None,
    context: EventContext,
) -> dict[str, Any]:
    """The record of one first response, without Freshchat's figure: onFirstResponse.

    Without the message of the response, the time is that of the row, and approximate.
    """
    content = response.content if response else {}
    agent_id = content.get("actor_id") or row.get("agent_id") or None
    record = {
        "id": event_id,
        "event": "onFirstResponse",
        **_shared(row, response.time if response else time, context),
        "time_is_approximate": response is None,
        "agent_id": agent_id,
        "message_id": response.id if response else None,
        "actor": build_actor("agent", agent_id, context, content),
    }
    if response and response.interaction_id:
        record["interaction_id"] = response.interaction_id
    return record


def _shared(row: Row, time: datetime, context: EventContext) -> dict[str, Any]:
    """What all three have: time, customer, ids and associations."""
    current = context.snapshot.conversation if context.snapshot else {}
    conversation = {
        "channel_id": row.get("channel_id") or current.get("channel_id"),
        "assigned_agent_id": row.get("agent_id") or None,
        "assigned_group_id": row.get("group_id") or None,
    }
    return {
        "created_time": format_time(time),
        **origin(context, time_is_approximate=APPROXIMATE in row),
        "conversation_id": row["conversation_id"],
        "interaction_id": row.get("interaction_id") or None,
        "channel_id": conversation["channel_id"],
        "agent_id": conversation["assigned_agent_id"],
        "group_id": conversation["assigned_group_id"],
        "associations": build_associations(conversation, context, ConversationState()),
    }
