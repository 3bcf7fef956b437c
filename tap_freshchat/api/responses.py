"""Checks of JSON responses: decoding, expected shape, ids as strings. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from tap_freshchat.errors import FreshchatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Digits of the longest number that is read: beyond any id or count.
MAX_DIGITS = 1000
# Each escape in its turn, so that a backslash of a pair is not taken for the start of another.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_SURROGATE = re.compile("[\ud800-\udfff]")

# Ids by which records are joined. Some accounts give numbers, and the same id as a text elsewhere.
_IDS = (
    *("conversation_id", "interaction_id", "channel_id", "app_id", "user_id", "reference_id"),
    *("actor_id", "assigned_agent_id", "assigned_group_id"),
)


def decode_json(text: bytes | str) -> Any:
    """Read JSON; ValueError, without the text, if it is not JSON or nested too deeply.

    An unreadable character, such as half a surrogate or a byte that is not UTF-8, becomes U+FFFD.
    NaN, Infinity and numbers out of range become null.
    """
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        # Besides its own errors, msgspec raises those of bad UTF-8 and of depth.
        pass
    try:
        return _decode_leniently(text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _decode_leniently(text: bytes | str) -> Any:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = _ESCAPE.sub(_replace_half_surrogate, text.removeprefix("\ufeff"))
    # Only an object or a list: a lone NaN or a word of text is not JSON.
    if text.lstrip()[:1] not in {"{", "["}:
        raise ValueError("not JSON")
    return json.loads(
        _SURROGATE.sub("\ufffd", text),
        strict=False,
        parse_constant=lambda _: None,
        parse_float=_parse_float,
        parse_int=_parse_int,
    )


def _replace_half_surrogate(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]


def _parse_float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _parse_int(text: str) -> int | None:
    # Longer ones are no ids, and Python refuses those above 4,300 digits.
    return int(text) if len(text) <= MAX_DIGITS else None


def is_web_page(headers: Mapping[str, str], content: bytes) -> bool:
    """Whether a response is markup: of a portal, proxy or firewall, never of the API."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    is_html = "html" in headers.get("Content-Type", "").lower()
    return start == b"<" or (is_html and start not in {b"{", b"["})


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
