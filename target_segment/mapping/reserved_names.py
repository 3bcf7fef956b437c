"""Names that Segment's warehouses keep for columns of their own, and what is sent instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_segment.segment_spec import RESERVED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Put before a field whose own name warehouses reserve, when a whole record is sent.
_RESERVED_PREFIX = "record_"

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_reserved(name: str) -> bool:
    """Tell whether warehouses would turn a property's name into one of their own columns."""
    return _CAMEL.sub("_", name).lower() in RESERVED_COLUMNS


def has_reserved_prefix(name: str) -> bool:
    """Tell whether a field's own name may be what is sent instead of another's."""
    return name.startswith(_RESERVED_PREFIX)


def reserved_renames(schema: Mapping[str, Any]) -> dict[str, str]:
    """Find another name for each field of a whole record whose own name warehouses reserve."""
    fields = [*(schema.get("properties") or {}), *RESERVED_COLUMNS]
    taken = set(fields)
    renamed: dict[str, str] = {}
    for name in filter(is_reserved, fields):
        free = _RESERVED_PREFIX + name
        while free in taken:
            free = _RESERVED_PREFIX + free
        renamed[name] = free
    return renamed


def expand_renamed_paths(
    paths: Iterable[str], renamed: Mapping[str, str], usual: Mapping[str, str]
) -> list[str]:
    """Add to paths by the fields' own names the same paths by those that are sent instead.

    Args:
        paths: By the fields' own names, or by those that are usually sent.
        renamed: What is sent instead of which names, with the fields that a record has.
        usual: The same with those that the schema has.
    """
    own = {new: name for name, new in usual.items()}
    result: list[str] = []
    for path in paths:
        name, dot, below = path.partition(".")
        names = (name, renamed.get(name), renamed.get(own.get(name, "")))
        result += dict.fromkeys(each + dot + below for each in names if each)
    return result
