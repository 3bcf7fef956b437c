"""Texts cut so that an event fits: only those the user names, and only as far as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_segment.json_codec import decode, encode
from target_segment.segment_spec import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Put behind the name of a text that was cut, for the mark beside it.
TRUNCATED_SUFFIX = "_truncated"


def truncate_to_limit(payload: bytes, paths: Sequence[str]) -> bytes | None:
    """Cut an encoded event's texts until it is within Segment's limit.

    Args:
        payload: An event over the limit.
        paths: Dotted paths of properties or traits, in the order in which they may be cut; a list
            on the way is cut item by item.

    Returns:
        The event, with a mark beside each text that was cut; None if it cannot be made to fit.
    """
    event = decode(payload)
    tree = event.get("properties") or event.get("traits") or {}
    for path in paths:
        # A property's own name may hold a dot.
        for holder, name in _texts(tree, [path] if path in tree else path.split(".")):
            text, mark = holder[name], name + TRUNCATED_SUFFIX
            holder[name], holder[mark] = "", True
            room = MAX_EVENT_BYTES - len(encode(event))
            holder[name] = _longest_prefix(text, room)
            if room >= 0:
                return encode(event)
    return None


def _texts(value: Any, path: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Find the texts at a path, each by what holds it and its name there."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, path)
    elif isinstance(value, dict) and path[0] in value:
        if len(path) > 1:
            yield from _texts(value[path[0]], path[1:])
        elif isinstance(value[path[0]], str):
            yield value, path[0]


def _longest_prefix(text: str, room: int) -> str:
    """Keep as many characters as fit into so many bytes of JSON."""
    fits, beyond = 0, len(text) + 1
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        # The quotes are there already.
        if len(encode(text[:middle])) - 2 <= room:
            fits = middle
        else:
            beyond = middle
    return text[:fits]
