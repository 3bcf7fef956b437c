"""Which of several parallel runs takes what. Pure."""

from __future__ import annotations

import zlib


def shard_of(owner_id: str, shard_count: int) -> int:
    """The shard, from 0, that an id falls to: always the same for the same count.

    Args:
        owner_id: of a conversation, or of whatever else stays together.
        shard_count: how many runs share the work.
    """
    return zlib.crc32(owner_id.encode()) % shard_count if shard_count > 1 else 0
