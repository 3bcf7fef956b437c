"""Truncation: cuts the texts that the user names until an event fits."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from target_segment.json_codec import decode, encode
from target_segment.mapping.paths import find_strings, split_path
from target_segment.segment_spec import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence


def truncate_to_limit(payload: bytes, paths: Sequence[str]) -> bytes | None:
    """Cut texts of an encoded event until it is within Segment's limit.

    `paths` are dotted paths of properties or traits in the order in which they may be cut; lists
    are cut item by item. Returns the event with a mark beside each text that was cut, or None if
    it cannot fit.
    """
    event = decode(payload)
    tree = event.get("properties") or event.get("traits") or {}
    for path in paths:
        for holder, name in find_strings(tree, split_path(path, tree)):
            text, mark = holder[name], f"{name}_truncated"
            holder[name], holder[mark] = "", True
            room = MAX_EVENT_BYTES - len(encode(event))
            holder[name] = _longest_prefix(text, room)
            if room >= 0:
                return encode(event)
    return None


def _longest_prefix(text: str, room: int) -> str:
    """Return as many characters as fit into `room` bytes of JSON."""
    lengths = range(1, len(text) + 1)
    # `room` is without the quotes.
    return text[: bisect_right(lengths, room, key=lambda end: len(encode(text[:end])) - 2)]
