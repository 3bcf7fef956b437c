"""Redaction of personal data in the records of every stream. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container

# Attributes of users, agents and actors, wherever they stand in a record; flat columns of report
# rows and of the plain message row. They stay as fields, blank.
_PII_FIELDS = {
    *("first_name", "last_name", "email", "phone", "avatar", "social_profiles", "biography"),
    *("agent_name", "agent_email", "actor_name", "actor_email", "actor_first_name"),
    *("actor_last_name", "message", "message_text", "image_url", "video_url", "csat_response"),
    # Of outbound messages: the receiver, template values, and the provider's failure text.
    *("phone_number", "params", "template_data", "rich_template_data", "failure_reason"),
    # Columns of a report that nobody knows the meaning of.
    "extra",
}
# Of these, the fields that are blank in nested objects too, where `message` may be an object.
_PII_FIELDS_IN_OBJECTS = _PII_FIELDS - {"message"}
# Lists of what people wrote.
_USER_CONTENT_LISTS = {"message_parts", "reply_parts"}
# Objects that the tap builds from documented fields.
_TAP_BUILT_OBJECTS = {
    *("actor", "associations", "user", "agent", "group", "channel", "label_category"),
    *("label_subcategory", "conversation", "message", "statistics", "changes"),
    "agent_activity",
}
# Configuration of the account, and pairs `[old, new]`: never personal data.
_ACCOUNT_CONFIG_FIELDS = {
    *("icon", "tags", "assign_to_group", "choices", "fields", "default_value", "value"),
    *("groupings", "groups", "resource_ids", "sla_policy_ids", "standard_response_ids"),
    "model_changes",
}
# A message's attributes as product events and REST have them (developer docs, OpenAPI file).
_MESSAGE = {
    *("id", "conversation_id", "channel_id", "app_id", "user_id", "interaction_id"),
    *("freshchat_conversation_id", "freshchat_channel_id", "created_time", "message_type"),
    *("message_source", "actor_type", "actor_id", "org_actor_id", "org_contact_id"),
    *("is_first_message", "is_agent_first_response", "is_agent_interim_first_response"),
    *("in_reply_to", "meta_data", "stepId", "restrictResponse", "botsPrivateNote"),
    *("isBotsInput", "bots_input", "status", "error_code", "message_parts", "reply_parts"),
}
# Objects passed through from Freshchat, and the fields in each that are not personal. Custom
# properties of a conversation (`cf_…`) hold anything that agents, customers and bots enter.
_PASS_THROUGH_ALLOWLIST = {
    "messages": _MESSAGE,
    "welcome_message": _MESSAGE,
    "meta_data": {"isResolved", "isReopen"},
    "in_reply_to": {"message_id"},
    "properties": {"priority"},
    "agents": {"id"},
    "agent_status": {"id", "name"},
    "from": {"phone_number"},
    "to": {"phone_number"},
    "data": {"message_template"},
    "message_template": {"storage", "template_name", "namespace", "language"},
    "language": {"policy", "code"},
}
# Of these, the fields that may also be a bare id or name.
_SCALAR_OR_OBJECT = {"agents", "agent_status"}


def redact_pii(record: dict[str, Any], declared: Container[str]) -> dict[str, Any]:
    """A copy in which names, e-mails, phones, pictures and what people wrote are blank.

    Ids stay, so that records still join; `message` is blank if it is a text, redacted if it is an
    object. Only known fields in `declared`, those of the stream's schema, stay.
    """
    return _redact_object({name: record[name] for name in record if name in declared})


def _redact_object(owner: dict[str, Any], *, in_account_config: bool = False) -> dict[str, Any]:
    return {
        name: None
        # A user's own properties are free text, in whichever form.
        if name == "properties" and ("reference_id" in owner or isinstance(value, list))
        else _redact_value(name, value, in_account_config=in_account_config)
        for name, value in owner.items()
    }


def _redact_value(name: str, value: Any, *, in_account_config: bool) -> Any:
    """The redacted value of a field; None if nothing stays.

    `in_account_config` marks the account's configuration, which holds no personal data.
    """
    if name in _USER_CONTENT_LISTS:
        return []
    if name in _PII_FIELDS and not (name == "message" and isinstance(value, dict)):
        return None
    open_tree = _PASS_THROUGH_ALLOWLIST.get(name)
    in_account_config = open_tree is None and (in_account_config or name in _ACCOUNT_CONFIG_FIELDS)
    if isinstance(value, list):
        known = in_account_config or open_tree is not None
        return (
            [_redact_value(name, each, in_account_config=in_account_config) for each in value]
            if known
            else None
        )
    if not isinstance(value, dict):
        return value if open_tree is None or name in _SCALAR_OR_OBJECT else None
    if open_tree is not None:
        allowed = open_tree | _PII_FIELDS_IN_OBJECTS
        value = {field: value[field] for field in value if field in allowed}
    elif not in_account_config and name not in _TAP_BUILT_OBJECTS:
        return None
    return _redact_object(value, in_account_config=in_account_config)
