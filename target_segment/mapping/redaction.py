"""Redaction: drops values, or replaces them by a digest, at dotted paths."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from target_segment.json_codec import encode_sorted
from target_segment.mapping.paths import split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# By field: a function of its value, None to drop it, or a tree for what is below it.
RedactionTree: TypeAlias = "dict[str, Callable[[Any], Any] | RedactionTree | None]"


def build_redactions(*, drop: Iterable[str], hashed: Iterable[str], salt: str) -> RedactionTree:
    """Build one tree of all paths; a dropped field wins over anything below it."""
    tree: RedactionTree = {}
    digest = partial(_digest, salt)
    actions: list[tuple[str, Callable[[Any], Any] | None]] = [
        *((path, digest) for path in hashed),
        *((path, None) for path in drop),
    ]
    for path, action in actions:
        *parents, name = split_path(path)
        level = tree
        for parent in parents:
            below = level.setdefault(parent, {})
            if not isinstance(below, dict):
                break
            level = below
        else:
            level[name] = action
        # The path may also be the whole name of a field.
        tree[path] = action
    return tree


def apply_redactions(value: Any, tree: RedactionTree) -> Any:
    """Copy and redact what the tree names, lists item by item; the rest is shared."""
    if isinstance(value, list):
        return [apply_redactions(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, action in tree.items():
        if name not in result:
            continue
        if action is None:
            del result[name]
        elif isinstance(action, dict):
            result[name] = apply_redactions(result[name], action)
        else:
            result[name] = action(result[name])
    return result


def _digest(salt: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_digest(salt, item) for item in value]
    text = value if isinstance(value, str) else encode_sorted(value).decode()
    return sha256((salt + text).encode()).hexdigest()
