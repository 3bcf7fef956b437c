"""Reserved names: columns that Segment's warehouses write themselves, and what replaces them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_segment.mapping.paths import split_field
from target_segment.segment_spec import RESERVED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Prefix of a reserved field name, when the whole record is sent.
RESERVED_PREFIX = "record_"

# Where a warehouse puts an underscore: `userId`, `User ID` and `user-id` are all `user_id`.
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")


def is_reserved(name: str) -> bool:
    """Return whether warehouses would map a property to one of their own columns."""
    return _WORD_ENDS.sub("_", name.strip()).lower() in RESERVED_COLUMNS


def reserved_renames(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return a free name for each reserved field name of a whole record."""
    fields = [*(schema.get("properties") or {}), *RESERVED_COLUMNS]
    taken = set(fields)
    renamed: dict[str, str] = {}
    for name in filter(is_reserved, fields):
        free = RESERVED_PREFIX + name
        while free in taken:
            free = RESERVED_PREFIX + free
        renamed[name] = free
    return renamed


def expand_renamed_paths(
    paths: Iterable[str], renamed: Mapping[str, str], usual: Mapping[str, str]
) -> list[str]:
    """Add to each path, by a field's own or usual name, the same path under the name that is sent.

    `renamed` has the new names by reserved name for the fields of a record, `usual` for those of
    the schema.
    """
    own = {new: name for name, new in usual.items()}
    result: list[str] = []
    for path in paths:
        name, below = split_field(path)
        names = (name, renamed.get(name), renamed.get(own.get(name, "")))
        result += dict.fromkeys(new + below for new in names if new)
    return result


def expand_new_names(paths: Iterable[str], rename: Mapping[str, str]) -> list[str]:
    """Add to each path that begins with a new name of the setting `rename` the one before it."""
    old = {new: name for name, new in rename.items()}
    result: list[str] = []
    for path in paths:
        name, below = split_field(path, old)
        result += [path, *([old[name] + below] if name in old else [])]
    return result
