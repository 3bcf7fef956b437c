"""Message ids: the same event always gets the same id, per destination."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from target_segment.json_codec import encode_sorted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# 40 hexadecimal characters, far below Segment's 100; collisions of 160 bits are negligible.
_DIGEST_BYTES = 20

# The destination when no write key is set, as in a dry run.
_NO_DESTINATION = "dry-run"


def message_ids(write_key: str | None, stream: str) -> Callable[[Sequence[Any]], str]:
    """Return a function from the parts that identify an event (JSON values) to its id.

    Segment deduplicates across all sources, so a digest of the write key is part of the id. Parts
    are encoded as a JSON array, so that different lists of parts never give the same text.
    """
    destination = blake2b((write_key or _NO_DESTINATION).encode(), digest_size=_DIGEST_BYTES)
    stem = blake2b(encode_sorted([destination.hexdigest(), stream]), digest_size=_DIGEST_BYTES)

    def message_id(parts: Sequence[Any]) -> str:
        digest = stem.copy()
        digest.update(encode_sorted(parts))
        return digest.hexdigest()

    return message_id
