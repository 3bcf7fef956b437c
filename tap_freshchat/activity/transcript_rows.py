"""Converter of Chat-Transcript rows to messages in the shape of REST. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_freshchat.api.responses import decode_json
from tap_freshchat.enumerations import ACTOR_TYPE
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_PARTS = msgspec.json.Decoder(list[dict[str, Any]])


def message_from_row(
    row: Mapping[str, str], time: datetime, *, message_type: str | None, app_id: str | None
) -> dict[str, Any]:
    """The message of a row, with REST's field names.

    `row` has the columns' known names, and blank cells are empty strings. Transcripts leave out
    the account's `app_id`. `message_type` is what all columns say together.
    """
    return {
        "id": row["message_id"],
        "conversation_id": row["conversation_id"],
        "channel_id": row.get("channel_id") or None,
        "interaction_id": row.get("interaction_id") or None,
        "app_id": app_id,
        "created_time": format_time(time),
        "actor_type": ACTOR_TYPE.read(row.get("actor_type")),
        "actor_id": row.get("actor_id") or None,
        "user_id": row.get("customer_id") or None,
        "message_type": message_type,
        "message_source": row.get("message_source") or None,
        "message_parts": _parts(row),
    }


def _parts(row: Mapping[str, str]) -> list[dict[str, Any]]:
    """Message parts from the column of parts, else from the columns of text and pictures.

    A column of parts that is not JSON is used as the text if no other column has it.
    """
    text = row.get("message_parts") or ""
    if text:
        try:
            return _PARTS.decode(text)
        except (ValueError, RecursionError):
            # Perhaps one unreadable character only.
            if (found := _readable_parts(text)) is not None:
                return found
    parts: list[dict[str, Any]] = []
    if content := row.get("message") or text:
        parts.append({"text": {"content": content}})
    parts.extend(
        {kind: {"url": url}} for kind in ("image", "video") if (url := row.get(f"{kind}_url"))
    )
    return parts


def _readable_parts(text: str) -> list[dict[str, Any]] | None:
    try:
        parts = decode_json(text)
    except ValueError:
        return None
    is_list = isinstance(parts, list) and all(isinstance(part, dict) for part in parts)
    return parts if is_list else None
