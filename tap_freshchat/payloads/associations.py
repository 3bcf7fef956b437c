"""Builder of associations and actor: customer, agent, group and channel of an event. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_freshchat.times import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_freshchat.activity.conversation_state import ConversationState

_PERSON = ("id", "first_name", "last_name", "email", "phone", "avatar")
_USER = (*_PERSON, "created_time", "updated_time", "reference_id", "org_contact_id", "properties")
_AGENT = ("id", "first_name", "last_name", "email", "avatar", "groups", "social_profiles")
_AGENT_ACTOR = (*_PERSON, "login_status", "social_profiles")
_GROUP = ("id", "name", "description", "routing_type", "agents")
_CHANNEL = (
    *("id", "name", "icon", "enabled", "public", "locale", "tags", "updated_time"),
    *("assign_to_group", "welcome_message"),
)
_TIMES = frozenset({"created_time", "updated_time"})


@dataclass(frozen=True, kw_only=True)
class AccountData:
    """Configuration of the account, and the lists that ids are joined with."""

    configuration: Mapping[str, Any]
    agents: Mapping[str, dict[str, Any]]
    groups: Mapping[str, dict[str, Any]]
    channels: Mapping[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Customer:
    """The customer of a conversation, as far as known."""

    id: str | None
    reference_id: str | None
    user: Mapping[str, Any]

    @classmethod
    def from_id(
        cls,
        user_id: str | None,
        users: Mapping[str, Mapping[str, Any]],
        reference_id: str | None = None,
    ) -> Customer:
        """The customer of an id; `reference_id` is the event's, for users who are gone."""
        user = users.get(user_id or "", {})
        known_reference = user.get("reference_id") or reference_id or None
        return cls(id=user_id, reference_id=known_reference, user=user)


def build_associations(
    conversation: Mapping[str, Any],
    account: AccountData,
    customer: Customer,
    state: ConversationState,
) -> dict[str, Any]:
    """Associations of a conversation, as far as its ids are found; labels have a name only."""
    agent = account.agents.get(conversation.get("assigned_agent_id") or "", {})
    group = account.groups.get(conversation.get("assigned_group_id") or "", {})
    channel = account.channels.get(conversation.get("channel_id") or "", {})
    associations = {
        "user": select_fields(customer.user, _USER),
        "agent": select_fields(agent, _AGENT),
        "group": select_fields(group, _GROUP),
        "channel": select_fields(channel, _CHANNEL),
        "label_category": state.label_category and {"name": state.label_category},
        "label_subcategory": state.label_subcategory and {"name": state.label_subcategory},
    }
    return {name: value for name, value in associations.items() if value}


def build_actor(
    actor_type: str | None,
    actor_id: str | None,
    account: AccountData,
    customer: Customer,
    message: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The actor of an event; None if unknown. A `message` of the actor has organisation ids."""
    if actor_type is None and actor_id is None:
        return None
    actor: dict[str, Any] = {"id": actor_id, "type": actor_type}
    if actor_id and actor_id in account.agents:
        actor = agent_actor(actor_id, account.agents[actor_id])
    elif actor_id and actor_id == customer.id:
        actor = {**select_fields(customer.user, _PERSON), "id": actor_id, "type": "user"}
    org_ids = select_fields(customer.user if actor_id == customer.id else {}, ("org_contact_id",))
    org_ids.update(select_fields(message or {}, ("org_actor_id", "org_contact_id")))
    return {**actor, **{name: value for name, value in org_ids.items() if value}}


def agent_actor(agent_id: str, agent: Mapping[str, Any]) -> dict[str, Any]:
    """An agent as the one who caused an event."""
    return {**select_fields(agent, _AGENT_ACTOR), "id": agent_id, "type": "agent"}


def normalise_time(value: Any) -> Any:
    """A time in the output format; anything else unchanged."""
    try:
        return format_time(parse_time(value)) if isinstance(value, str) else value
    except ValueError:
        return value


def select_fields(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The documented fields that an object has, times in the output format."""
    return {
        name: normalise_time(source[name]) if name in _TIMES else source[name]
        for name in names
        if name in source
    }
