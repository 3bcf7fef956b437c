"""Stable ids for things without one, and the shards that ids belong to. Pure."""

from __future__ import annotations

import hashlib
import zlib


def stable_id(*parts: str) -> str:
    """A stable id from parts: 32 hexadecimal digits, different for any other list of parts."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def shard_of(owner_id: str, shard_count: int) -> int:
    """The shard, from 0, that an id falls to: always the same for the same count."""
    return zlib.crc32(owner_id.encode()) % shard_count if shard_count > 1 else 0
