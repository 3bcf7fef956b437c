"""REST representations of users, agents, groups, channels, roles and the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account import sample_text
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.shifts import AVAILABILITY, INTELLIASSIGN
from freshchat_sandbox.account.staff import (
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
from freshchat_sandbox.account.timestamps import DAY, HOUR, format_iso
from freshchat_sandbox.http_messages import API_HOST
from freshchat_sandbox.readings import in_case
from freshchat_sandbox.views.conversations import contact_number

if TYPE_CHECKING:
    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.customers import Customer

_AVATARS = "https://sandbox-files.freshchat.example/avatars"


def user(account: SandboxAccount, customer: Customer, now: int) -> dict[str, Any]:
    """Return a customer; unknown values are absent."""
    record: dict[str, Any] = {
        "id": account.user_id(customer.key),
        "created_time": format_iso(customer.created),
        "updated_time": format_iso(account.user_updated(customer, now)),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "reference_id": customer.reference_id,
        "restore_id": customer.restore_id,
        "org_contact_id": contact_number(account, customer.key),
        "login_status": customer.reference_id is not None and customer.key.number % 2 == 0,
        "avatar": {"url": f"{_AVATARS}/u{customer.key.number % 9}.png"},
        "properties": [
            {"name": "cf_tier", "value": customer.tier(now)},
            {"name": "cf_orders", "value": customer.key.number % 7},
            {"name": "cf_newsletter", "value": customer.key.number % 3 == 0},
        ],
        "social_profiles": [],
    }
    return {name: value for name, value in record.items() if value is not None}


def system_user(account: SandboxAccount, index: int) -> dict[str, Any]:
    """Return the bot or the system: actors that are not people."""
    return {
        "id": account.system_user_ids[index],
        "created_time": format_iso(account.origin),
        "updated_time": format_iso(account.origin),
        "first_name": SYSTEM_USERS[index],
        "avatar": {"url": f"{_AVATARS}/bot{index}.png"},
        "properties": [],
    }


def agent(account: SandboxAccount, index: int, now: int) -> dict[str, Any]:
    """Return an agent with their current status; the API does not return since when."""
    person = AGENTS[index]
    last = account.shifts.latest_change(index, AVAILABILITY, now)
    switch = account.shifts.latest_change(index, INTELLIASSIGN, now)
    on = last is not None and last.on
    status = AVAILABLE_STATUS if on else UNAVAILABLE_STATUS if last is None else last.status
    role_id, role_name, _ = ROLES[person.role]
    record: dict[str, Any] = {
        "id": account.agent_ids[index],
        "created_time": format_iso(account.origin + index * HOUR),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "biography": "" if index % 2 else f"At {COMPANY} from the first day",
        "avatar": {"url": f"{_AVATARS}/a{index}.png"},
        "title": role_name,
        "timezone": person.zone,
        "locale": "en-us",
        "role_id": role_id or account.ids.uuid(Kind.ROLE, 0, person.role),
        "role_name": role_name,
        "license_type": "fulltime",
        "groups": [
            account.group_ids[n] for n, group in enumerate(GROUPS) if index in group.members
        ],
        "skill_id": "0",
        "social_profiles": [{"type": "twitter", "id": f"loom_{index}"}] if index % 3 == 0 else [],
        "availability_status": in_case(
            "AVAILABLE" if on else "UNAVAILABLE", account.readings.rest_agent_status
        ),
        "agent_status": status_of(account, status),
        "routing_type": person.routing,
        "agent_capacity": 5,
        "round_robin_access": switch is not None and switch.on,
        "freshchat_access": True,
        "login_status": on,
        "is_deactivated": is_deactivated(account, index, now),
        "is_deleted": False,
        "freshid_uuid": account.ids.uuid(Kind.AGENT, 1, index),
    }
    return {name: value for name, value in record.items() if value is not None}


def agent_exists(account: SandboxAccount, index: int, now: int) -> bool:
    """Return whether the API still returns an agent."""
    return not AGENTS[index].deleted or account.shifts.is_employed(index, now)


def is_deactivated(account: SandboxAccount, index: int, now: int) -> bool:
    """Return whether an agent is deactivated but not deleted."""
    return not AGENTS[index].deleted and not account.shifts.is_employed(index, now)


def status_of(account: SandboxAccount, index: int) -> dict[str, str]:
    """Return one of the statuses that agents can select."""
    return {"id": account.ids.uuid(Kind.STATUS, 0, index), "name": STATUSES[index]}


def group(account: SandboxAccount, index: int, now: int) -> dict[str, Any]:
    """Return a group with the agents that still exist."""
    team = GROUPS[index]
    record: dict[str, Any] = {
        "id": account.group_ids[index],
        "name": team.name,
        "description": team.description,
        "routing_type": team.routing,
        "agents": [
            account.agent_ids[one] for one in team.members if agent_exists(account, one, now)
        ],
        "business_calendar_id": None,
        "chat_group_id": account.ids.internal(Kind.GROUP, 0, index),
    }
    return record


def channel(account: SandboxAccount, index: int) -> dict[str, Any]:
    """Return a channel, called a topic in the agent interface."""
    topic = CHANNELS[index]
    welcome = "¡Hola! ¿En qué podemos ayudar?" if topic.locale == "es" else "Hello! Ask away 👋"
    record: dict[str, Any] = {
        "id": account.channel_ids[index],
        "name": topic.name,
        "icon": {"url": f"{_AVATARS}/c{index}.png"} if index % 2 else {},
        "enabled": True,
        "public": topic.public,
        "locale": topic.locale,
        "tags": ["shop"] if index % 3 == 0 else [],
        "source": topic.source,
        "updated_time": format_iso(account.origin + index * DAY // 8),
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
        record["assign_to_group"] = {"id": account.group_ids[topic.group]}
    return record


def role(account: SandboxAccount, index: int) -> dict[str, Any]:
    """Return a role; the ids of built-in roles are names."""
    role_id, name, description = ROLES[index]
    return {
        "id": role_id or account.ids.uuid(Kind.ROLE, 0, index),
        "name": name,
        "description": description,
        "is_custom_role": role_id is None,
    }


def account_configuration(account: SandboxAccount) -> dict[str, Any]:
    """Return the configuration of the account."""
    return {
        "account_id": account.ids.internal(Kind.ACCOUNT),
        "app_id": account.app_id,
        "account_domain": API_HOST,
        "organisation_id": account.ids.internal(Kind.ACCOUNT, 1),
        "organisation_domain": "lantern-and-loom.myfreshworks.com",
        "bundle_id": account.ids.internal(Kind.ACCOUNT, 2),
        "bundle_type": "SUITE",
        "plan_type": "PRO",
        "datacenter": "US",
        "web_chat_id": account.ids.uuid(Kind.ACCOUNT, 1),
    }


def conversation_fields(account: SandboxAccount) -> list[dict[str, Any]]:
    """Return the definitions of the conversation properties."""
    definitions = (("priority", sample_text.PRIORITIES), *sample_text.FIELDS)
    return [
        {
            "id": account.ids.uuid(Kind.FIELD, 0, position),
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
