"""Builder of associations and actor: customer, agent, group and channel of an event. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.message_history import MessageHistory
from tap_freshchat.times import format_time, parse_time_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_freshchat.activity.conversation_state import ConversationState
    from tap_freshchat.activity.message_history import Snapshot

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
_NO_MESSAGES = MessageHistory(complete=False)


@dataclass(frozen=True, kw_only=True)
class EventContext:
    """What a conversation's event is joined with.

    `configuration`, `agents`, `groups` and `channels` are those of the account. `user_id` is the
    customer's, `user` is empty if they are gone, and `reference_id` is the event's. `snapshot` is
    None without enrichment; `source` is `report` or `rest`.
    """

    configuration: Mapping[str, Any]
    agents: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, Mapping[str, Any]]
    channels: Mapping[str, Mapping[str, Any]]
    user_id: str | None
    reference_id: str | None = None
    user: Mapping[str, Any]
    snapshot: Snapshot | None
    source: str

    @property
    def user_reference_id(self) -> str | None:
        """The site's own id of the customer."""
        return self.user.get("reference_id") or self.reference_id or None

    @property
    def history(self) -> MessageHistory:
        """Messages of the conversation; empty without enrichment."""
        return self.snapshot.history if self.snapshot else _NO_MESSAGES


def build_associations(
    conversation: Mapping[str, Any], context: EventContext, state: ConversationState
) -> dict[str, Any]:
    """Associations of a conversation, as far as its ids are found; labels have a name only."""
    agent = context.agents.get(conversation.get("assigned_agent_id") or "", {})
    group = context.groups.get(conversation.get("assigned_group_id") or "", {})
    channel = context.channels.get(conversation.get("channel_id") or "", {})
    associations = {
        "user": select_fields(context.user, _USER),
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
    context: EventContext,
    message: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """The actor of an event; None if unknown. A `message` of the actor has organisation ids."""
    if actor_type is None and actor_id is None:
        return None
    actor: dict[str, Any] = {"id": actor_id, "type": actor_type}
    if actor_id and actor_id in context.agents:
        actor = agent_actor(actor_id, context.agents[actor_id])
    elif actor_id and actor_id == context.user_id:
        actor = {**select_fields(context.user, _PERSON), "id": actor_id, "type": "user"}
    customer = context.user if actor_id == context.user_id else {}
    org_ids = select_fields(customer, ("org_contact_id",))
    org_ids.update(select_fields(message or {}, ("org_actor_id", "org_contact_id")))
    return {**actor, **{name: value for name, value in org_ids.items() if value}}


def agent_actor(agent_id: str, agent: Mapping[str, Any]) -> dict[str, Any]:
    """An agent as the one who caused an event."""
    return {**select_fields(agent, _AGENT_ACTOR), "id": agent_id, "type": "agent"}


def normalise_time(value: Any) -> Any:
    """A time in the output format; anything else unchanged."""
    time = parse_time_or_none(value)
    return format_time(time) if time else value


def select_fields(source: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The documented fields that an object has, times in the output format."""
    return {
        name: normalise_time(source[name]) if name in _TIMES else source[name]
        for name in names
        if name in source
    }
