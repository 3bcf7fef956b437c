"""How REST shows conversations and messages, as of a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.instants import iso
from freshchat_sandbox.desk.lives import BOT, NOTICE, SYSTEM, USER
from freshchat_sandbox.desk.message_parts import parts_of, reply_parts_of
from freshchat_sandbox.desk.staff import CHANNELS
from freshchat_sandbox.exchange import API_HOST

if TYPE_CHECKING:
    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.desk.lives import Life, Moment


def conversation(desk: Desk, life: Life, now: int) -> dict[str, Any]:
    """Show a conversation; many accounts get no more than the first five fields."""
    happened = life.until(now)
    state = happened[-1].state
    shown: dict[str, Any] = {
        "conversation_id": desk.conversation_id(life.place),
        "app_id": desk.app_id,
        "status": state.status,
        "channel_id": desk.channel_ids[life.channel],
        "skill_id": 0,
    }
    if is_sparse(desk, life):
        return shown
    customer = desk.customers.at(life.customer)
    user_id = desk.user_id(life.customer)
    properties = life.properties(now)
    shown |= {
        "conversation_internal_id": desk.internal_id(life.place),
        "user_id": user_id,
        "org_contact_id": contact_number(desk, life.customer),
        "created_by": user_id if customer.exists(now) else None,
        "created_time": iso(life.began),
        "updated_time": iso(happened[-1].at),
        "url": conversation_url(desk, life),
        # Both forms have been met in live accounts.
        "properties": properties
        if life.place.number % 2
        else [{"name": name, "value": value} for name, value in properties.items()],
    }
    assignees = {
        "assigned_agent_id": desk.agent_id(state.agent),
        "assigned_org_agent_id": agent_number(desk, state.agent),
        "assigned_group_id": desk.group_id(state.group),
        "assigned_org_group_id": _number(desk, Kind.GROUP, state.group),
    }
    absent_when_empty = life.place.number % 4 in (1, 2)
    for name, value in assignees.items():
        if value is not None or not absent_when_empty:
            shown[name] = value
    return shown


def is_sparse(desk: Desk, life: Life) -> bool:
    """Tell whether GET shows five fields only: a third of the conversations, by default."""
    mode = desk.options.sparse_conversations
    return mode == "all" or (mode == "some" and (life.place.day + life.place.number) % 3 == 0)


def conversation_url(desk: Desk, life: Life) -> str:
    """Return the address of a conversation in the agents' inbox."""
    account = desk.ids.internal(Kind.ACCOUNT)
    return f"https://{API_HOST}/a/{account}/inbox/0/conversation/{desk.internal_id(life.place)}"


def message(desk: Desk, life: Life, moment: Moment) -> dict[str, Any]:
    """Show a message."""
    markers = {name: _marker(moment) for name in moment.detail if name.startswith("is")}
    shown: dict[str, Any] = {
        "id": desk.message_id(life, moment),
        "conversation_id": desk.conversation_id(life.place),
        "channel_id": desk.channel_ids[life.channel],
        "app_id": desk.app_id,
        "freshchat_conversation_id": str(desk.internal_id(life.place)),
        "freshchat_channel_id": str(desk.ids.internal(Kind.CHANNEL, 0, life.channel)),
        "interaction_id": desk.interaction_id(life, moment),
        "actor_id": desk.actor_id(life, moment),
        "user_id": desk.user_id(life.customer),
        "message_type": moment.message_type,
        "message_source": message_source(life, moment),
        "created_time": iso(moment.at),
        "message_parts": parts_of(moment),
        "restrictResponse": False,
        "botsPrivateNote": False,
        "isBotsInput": moment.detail[:1] == ("in_reply_to",),
    }
    if moment.actor_type != SYSTEM:
        shown["actor_type"] = moment.actor_type
    if moment.actor_type == USER:
        shown["org_contact_id"] = contact_number(desk, life.customer)
    if moment.actor is not None:
        shown["org_actor_id"] = agent_number(desk, moment.actor)
    replies = reply_parts_of(moment)
    if replies is not None:
        shown["reply_parts"] = replies
        shown["stepId"] = f"step-{moment.order}"
    if moment.detail[:1] == ("in_reply_to",):
        asked = life.moments[int(moment.detail[1])]
        shown["in_reply_to"] = {"message_id": desk.message_id(life, asked)}
    if markers:
        shown["meta_data"] = markers
    return shown


def message_source(life: Life, moment: Moment) -> str:
    """Return where a message was entered."""
    if moment.message_type == NOTICE:
        return "system"
    if moment.actor_type == BOT:
        return "api"
    return CHANNELS[life.channel].message_source if moment.actor_type == USER else "web"


def agent_number(desk: Desk, agent: int | None) -> str | None:
    """Return the organisation's id of an agent."""
    return _number(desk, Kind.AGENT, agent)


def contact_number(desk: Desk, customer: tuple[int, int]) -> str:
    """Return the organisation's id of a customer."""
    return f"1{desk.ids.internal(Kind.CUSTOMER, *customer)}"


def _number(desk: Desk, kind: Kind, index: int | None) -> str | None:
    return None if index is None else f"1{desk.ids.internal(kind, 0, index)}"


def _marker(moment: Moment) -> bool | str:
    """Return a marker as a boolean or as a text: both have been met."""
    return True if moment.at % 2 else "true"
