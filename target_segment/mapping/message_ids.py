"""Deterministic message ids: the same occurrence always gets the same id, per destination."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from target_segment.json_codec import encode_sorted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# 40 hexadecimal characters: far below Segment's 100, and 160 bits leave no room for chance.
_DIGEST_BYTES = 20

# What stands for the destination when no write key is set, as in a dry run.
_NO_DESTINATION = "dry-run"


def message_ids(write_key: str | None, stream: str) -> Callable[[Sequence[Any]], str]:
    """Prepare the ids of one stream towards one Segment source.

    Segment compares ids across all its customers' sources, so the destination is part of the id:
    two sources never swallow each other's events.

    Args:
        write_key: The destination's write key, of which only a digest enters the id.
        stream: The stream's name.

    Returns:
        A function from the parts that identify an occurrence (JSON values) to its id. Parts are
        encoded as a JSON array, so no two different lists of parts are ever joined to one text.
    """
    destination = blake2b((write_key or _NO_DESTINATION).encode(), digest_size=_DIGEST_BYTES)
    stem = blake2b(encode_sorted([destination.hexdigest(), stream]), digest_size=_DIGEST_BYTES)

    def message_id(parts: Sequence[Any]) -> str:
        digest = stem.copy()
        digest.update(encode_sorted(parts))
        return digest.hexdigest()

    return message_id
