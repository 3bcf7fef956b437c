"""What is personal in Freshchat's records, and records without it. Pure."""

from __future__ import annotations

from typing import Any

# Attributes of users, agents and actors, wherever they stand in a record; flat columns of report
# rows and of the plain message row.
_PERSONAL = frozenset(
    {
        *("first_name", "last_name", "email", "phone", "avatar", "social_profiles", "biography"),
        *("agent_name", "agent_email", "actor_name", "actor_email", "actor_first_name"),
        *("actor_last_name", "message", "message_text", "image_url", "video_url", "csat_response"),
        # Of outbound messages: to whom, and what a template was filled with.
        *("phone_number", "params", "template_data", "rich_template_data"),
        # Columns of a report that nobody knows the meaning of.
        "extra",
    }
)
# Lists that hold what people wrote, or what an account keeps about them.
_WRITTEN = frozenset({"message_parts", "reply_parts"})


def without_personal_data(record: Any) -> Any:
    """A copy in which names, e-mails, phones, pictures and what people wrote are blank.

    Ids stay, so that records still join; `message` is blanked as a text and walked as a tree.
    """
    if isinstance(record, list):
        return [without_personal_data(each) for each in record]
    if not isinstance(record, dict):
        return record
    return {name: _blank(name, value, record) for name, value in record.items()}


def _blank(name: str, value: Any, owner: dict[str, Any]) -> Any:
    if name in _WRITTEN:
        return []
    if name in _PERSONAL and not (name == "message" and isinstance(value, dict)):
        return None
    # A user's own properties, a list, are free text; a conversation's are the desk's (priority, …).
    if name == "properties" and ("reference_id" in owner or isinstance(value, list)):
        return None
    return without_personal_data(value)
