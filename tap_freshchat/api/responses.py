"""Checks of JSON responses: decoding, expected shape, ids as strings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_freshchat.errors import FreshchatError

if TYPE_CHECKING:
    from collections.abc import Callable

# Ids by which records are joined. Some accounts give numbers, and the same id as a text elsewhere.
_IDS = (
    *("conversation_id", "interaction_id", "channel_id", "app_id", "user_id", "reference_id"),
    *("actor_id", "assigned_agent_id", "assigned_group_id"),
)


def decode_json(text: bytes | str) -> Any:
    """Read JSON; ValueError, without the text, if it is not JSON or nested too deeply."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        # Besides its own errors, msgspec raises those of bad UTF-8 and of depth.
        raise ValueError("not JSON") from None


def require_object(value: Any, path: str) -> dict[str, Any]:
    """Check that a response, or a part of one, is an object; returns it."""
    if not isinstance(value, dict):
        raise FreshchatError(f"The response of {path} is not a JSON object. Check api_url.")
    return value


def require_object_list(
    value: Any,
    path: str,
    key: str,
    *,
    id_field: str | None = "id",
    on_odd: Callable[[], None] | None = None,
) -> list[dict[str, Any]]:
    """Check a list of objects, each with an id; returns them with ids as strings.

    `id_field` is None if items have no id. An item of another form is an error; with `on_odd`, it
    is left out, and `on_odd` is called for it.
    """
    if not isinstance(value, list):
        raise FreshchatError(f"The response of {path} has no list {key}. Check api_url.")
    usable = [item for item in value if _is_object_with_id(item, id_field)]
    for _ in range(len(value) - len(usable)):
        if on_odd is None:
            raise FreshchatError(
                f"The response of {path} has an item in {key} that is not an object with "
                f"{id_field}."
            )
        on_odd()
    return [stringify_ids(item, id_field) for item in usable]


def _is_object_with_id(item: Any, id_field: str | None) -> bool:
    if not isinstance(item, dict):
        return False
    return id_field is None or isinstance(item.get(id_field), (str, int))


def stringify_ids(item: dict[str, Any], *id_fields: str | None) -> dict[str, Any]:
    """The object with all ids as strings, so that look-ups by id match."""
    as_text = {
        name: str(item[name])
        for name in (*_IDS, *id_fields)
        if name and type(item.get(name)) is int
    }
    return {**item, **as_text} if as_text else item
