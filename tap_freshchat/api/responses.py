"""Freshchat's answers: JSON read, and held to the shape that whoever asked can work with."""

from __future__ import annotations

from typing import Any

import msgspec

from tap_freshchat.errors import FreshchatError

# Ids by which records are joined. Some accounts give numbers, and the same id as a text elsewhere.
_IDS = (
    *("conversation_id", "interaction_id", "channel_id", "app_id", "user_id", "reference_id"),
    *("actor_id", "assigned_agent_id", "assigned_group_id"),
)


def decode_json(text: bytes | str) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is none, or nested too deeply to be read. The text is no part of the message.
    """
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        # Beside its own errors, msgspec lets those of bad UTF-8 and of depth pass.
        raise ValueError("not JSON") from None


def require_object(value: Any, path: str) -> dict[str, Any]:
    """An answer, or a part of one, that must be an object.

    Raises:
        FreshchatError: it is none.
    """
    if not isinstance(value, dict):
        raise FreshchatError(f"The answer of {path} is not the object it should be; check api_url.")
    return value


def require_object_list(
    value: Any, path: str, key: str, *, id_field: str | None = "id"
) -> list[dict[str, Any]]:
    """A list of objects, each with an id; ids are texts.

    Args:
        value: the list.
        path: of the request.
        key: where the list was in the answer.
        id_field: the field that has the id: a text or a number. None where there is none.

    Raises:
        FreshchatError: it is no such list.
    """
    if not isinstance(value, list):
        raise FreshchatError(f"The answer of {path} has no list {key}; check api_url.")
    for item in value:
        if not isinstance(item, dict) or not (
            id_field is None or isinstance(item.get(id_field), (str, int))
        ):
            raise FreshchatError(
                f"The answer of {path} has an item of {key} that is no object with an {id_field}."
            )
    return [stringify_ids(item, id_field) for item in value]


def stringify_ids(item: dict[str, Any], *id_fields: str | None) -> dict[str, Any]:
    """The object with ids as texts, so that what is looked up by one is found.

    Args:
        item: any object of an answer.
        id_fields: further fields that hold ids.
    """
    as_text = {
        name: str(item[name])
        for name in (*_IDS, *id_fields)
        if name and type(item.get(name)) is int
    }
    return {**item, **as_text} if as_text else item
