"""Stable ids for things without one, placeholders for ids, and the shards of ids. Pure."""

from __future__ import annotations

import hashlib
import re
import zlib

# What programs write where they have no id. Zeros and dashes, -1, null, anonymous and unknown are
# also what Segment suggests to block (identity resolution settings of Unify).
_PLACEHOLDER = re.compile(
    r"[0\-]*|-1|0\.0|\(?null\)?|nil|none|nan|undefined|unknown|anonymous|n/a|true|false"
    r"|\[object \w+\]|\{\}|\[\]",
    re.IGNORECASE,
)


def is_placeholder(person_id: str) -> bool:
    """Whether a text means that there is no id, such as `undefined`: many people would share it."""
    return _PLACEHOLDER.fullmatch(person_id.strip().strip("\"'").strip()) is not None


def stable_id(*parts: str) -> str:
    """A stable id from parts: 32 hexadecimal digits, different for any other list of parts."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def shard_of(owner_id: str, shard_count: int) -> int:
    """The shard, from 0, that an id falls to: always the same for the same count."""
    return zlib.crc32(owner_id.encode()) % shard_count if shard_count > 1 else 0
