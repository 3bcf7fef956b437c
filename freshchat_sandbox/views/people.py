"""How REST shows people and set-up: users, agents, groups, channels, roles, the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshchat_sandbox.desk import phrases
from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.instants import DAY, HOUR, iso
from freshchat_sandbox.desk.roster import AVAILABILITY, INTELLIASSIGN
from freshchat_sandbox.desk.staff import (
    AGENTS,
    AVAILABLE_STATUS,
    CHANNELS,
    COMPANY,
    GROUPS,
    ROLES,
    STATUSES,
    SYSTEM_USERS,
    UNAVAILABLE_STATUS,
)
from freshchat_sandbox.desk.truth import agent_status
from freshchat_sandbox.exchange import API_HOST
from freshchat_sandbox.views.conversations import contact_number

if TYPE_CHECKING:
    from freshchat_sandbox.desk.customers import Customer
    from freshchat_sandbox.desk.desk import Desk

_AVATARS = "https://sandbox-files.freshchat.example/avatars"


def user(desk: Desk, customer: Customer, now: int) -> dict[str, Any]:
    """Show a customer; what they never told is absent."""
    shown: dict[str, Any] = {
        "id": desk.user_id(customer.place),
        "created_time": iso(customer.created),
        "updated_time": iso(customer.updated(now)),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "reference_id": customer.reference_id,
        "restore_id": customer.restore_id,
        "org_contact_id": contact_number(desk, customer.place),
        "login_status": customer.reference_id is not None and customer.place.number % 2 == 0,
        "avatar": {"url": f"{_AVATARS}/u{customer.place.number % 9}.png"},
        "properties": [
            {"name": "cf_tier", "value": customer.tier(now)},
            {"name": "cf_orders", "value": customer.place.number % 7},
            {"name": "cf_newsletter", "value": customer.place.number % 3 == 0},
        ],
        "social_profiles": [],
    }
    return {name: value for name, value in shown.items() if value is not None}


def system_user(desk: Desk, index: int) -> dict[str, Any]:
    """Show a bot or the system itself, which act but are no people."""
    return {
        "id": desk.system_user_ids[index],
        "created_time": iso(desk.origin),
        "updated_time": iso(desk.origin),
        "first_name": SYSTEM_USERS[index],
        "avatar": {"url": f"{_AVATARS}/bot{index}.png"},
        "properties": [],
    }


def agent(desk: Desk, index: int, now: int) -> dict[str, Any]:
    """Show an agent with their state of this moment; since when, the API does not tell."""
    person = AGENTS[index]
    last = desk.roster.latest(index, AVAILABILITY, now)
    switch = desk.roster.latest(index, INTELLIASSIGN, now)
    on = last is not None and last.on
    status = AVAILABLE_STATUS if on else UNAVAILABLE_STATUS if last is None else last.status
    role_id, role_name, _ = ROLES[person.role]
    shown: dict[str, Any] = {
        "id": desk.agent_ids[index],
        "created_time": iso(desk.origin + index * HOUR),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "biography": "" if index % 2 else f"At {COMPANY} from the first day",
        "avatar": {"url": f"{_AVATARS}/a{index}.png"},
        "title": role_name,
        "timezone": person.zone,
        "locale": "en-us",
        "role_id": role_id or desk.ids.uuid(Kind.ROLE, 0, person.role),
        "role_name": role_name,
        "license_type": "fulltime",
        "groups": [desk.group_ids[n] for n, group in enumerate(GROUPS) if index in group.members],
        "skill_id": "0",
        "social_profiles": [{"type": "twitter", "id": f"loom_{index}"}] if index % 3 == 0 else [],
        "availability_status": agent_status(on=on),
        "agent_status": status_of(desk, status),
        "routing_type": person.routing,
        "agent_capacity": 5,
        "round_robin_access": switch is not None and switch.on,
        "freshchat_access": True,
        "login_status": on,
        "is_deactivated": is_deactivated(desk, index, now),
        "is_deleted": False,
        "freshid_uuid": desk.ids.uuid(Kind.AGENT, 1, index),
    }
    return {name: value for name, value in shown.items() if value is not None}


def agent_exists(desk: Desk, index: int, now: int) -> bool:
    """Tell whether the API still shows an agent."""
    return not AGENTS[index].deleted or desk.roster.employed(index, now)


def is_deactivated(desk: Desk, index: int, now: int) -> bool:
    """Tell whether an agent's account is closed but still there."""
    return not AGENTS[index].deleted and not desk.roster.employed(index, now)


def status_of(desk: Desk, index: int) -> dict[str, str]:
    """Show one of the statuses that agents can choose."""
    return {"id": desk.ids.uuid(Kind.STATUS, 0, index), "name": STATUSES[index]}


def group(desk: Desk, index: int, now: int) -> dict[str, Any]:
    """Show a group with the agents who are still there."""
    team = GROUPS[index]
    shown: dict[str, Any] = {
        "id": desk.group_ids[index],
        "name": team.name,
        "description": team.description,
        "routing_type": team.routing,
        "agents": [desk.agent_ids[one] for one in team.members if agent_exists(desk, one, now)],
        "business_calendar_id": None,
        "chat_group_id": desk.ids.internal(Kind.GROUP, 0, index),
    }
    return shown


def channel(desk: Desk, index: int) -> dict[str, Any]:
    """Show a channel, which the agents' screens call a topic."""
    topic = CHANNELS[index]
    welcome = "¡Hola! ¿En qué podemos ayudar?" if topic.locale == "es" else "Hello! Ask away 👋"
    shown: dict[str, Any] = {
        "id": desk.channel_ids[index],
        "name": topic.name,
        "icon": {"url": f"{_AVATARS}/c{index}.png"} if index % 2 else {},
        "enabled": True,
        "public": topic.public,
        "locale": topic.locale,
        "tags": ["shop"] if index % 3 == 0 else [],
        "source": topic.source,
        "updated_time": iso(desk.origin + index * DAY // 8),
        "welcome_message": {
            "message_type": "normal",
            "message_source": "system",
            "message_parts": [{"text": {"content": welcome}}],
            "restrictResponse": False,
            "botsPrivateNote": False,
            "isBotsInput": False,
        },
    }
    if topic.group is not None:
        shown["assign_to_group"] = {"id": desk.group_ids[topic.group]}
    return shown


def role(desk: Desk, index: int) -> dict[str, Any]:
    """Show a role; the built-in ones have names for ids."""
    role_id, name, description = ROLES[index]
    return {
        "id": role_id or desk.ids.uuid(Kind.ROLE, 0, index),
        "name": name,
        "description": description,
        "is_custom_role": role_id is None,
    }


def account(desk: Desk) -> dict[str, Any]:
    """Show the account's configuration."""
    return {
        "account_id": desk.ids.internal(Kind.ACCOUNT),
        "app_id": desk.app_id,
        "account_domain": API_HOST,
        "organisation_id": desk.ids.internal(Kind.ACCOUNT, 1),
        "organisation_domain": "lantern-and-loom.myfreshworks.com",
        "bundle_id": desk.ids.internal(Kind.ACCOUNT, 2),
        "bundle_type": "SUITE",
        "plan_type": "PRO",
        "datacenter": "US",
        "web_chat_id": desk.ids.uuid(Kind.ACCOUNT, 1),
    }


def conversation_fields(desk: Desk) -> list[dict[str, Any]]:
    """Show the definitions of the conversation properties."""
    definitions = (("priority", phrases.PRIORITIES), *phrases.FIELDS)
    return [
        {
            "id": desk.ids.uuid(Kind.FIELD, 0, position),
            "name": name,
            "label": name.removeprefix("cf_").replace("_", " ").capitalize(),
            "type": "DROPDOWN",
            "column_name": f"cf_str_{position:02d}",
            "position": position,
            "required": False,
            "editable": True,
            "custom": name.startswith("cf_"),
            "default_value": None,
            "choices": [{"id": n, "value": value} for n, value in enumerate(choices)],
            "fields": [],
        }
        for position, (name, choices) in enumerate(definitions)
    ]
