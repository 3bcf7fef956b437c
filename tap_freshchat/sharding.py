"""Assignment of ids to the shards of parallel runs. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def shard_of(owner_id: str, shard_count: int) -> int:
    """The shard, from 0, that an id falls to: always the same for the same count.

    Args:
        owner_id: of a conversation, or of whatever else stays together.
        shard_count: how many runs share the work.
    """
    return zlib.crc32(owner_id.encode()) % shard_count if shard_count > 1 else 0


def shard_key(record: Mapping[str, Any], primary_keys: Sequence[str]) -> str:
    """The id that decides a record's shard: its conversation, its agent, or its first key.

    Args:
        record: of any stream.
        primary_keys: of that stream.
    """
    owner = record.get("conversation_id") or record.get("agent_id")
    return str(owner or record[primary_keys[0]])
