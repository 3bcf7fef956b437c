"""What is left out of values, or replaced by a digest, by dotted paths."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from target_segment.json_codec import encode_sorted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What to do below a property: a function of its value, None to drop it, or edits further down.
RedactionTree: TypeAlias = "dict[str, Callable[[Any], Any] | RedactionTree | None]"


def build_redactions(*, drop: Iterable[str], hashed: Iterable[str], salt: str) -> RedactionTree:
    """Fold paths to one tree, in which dropping wins over anything below it."""
    edits: RedactionTree = {}
    digest = partial(_digest, salt)
    actions: list[tuple[str, Callable[[Any], Any] | None]] = [
        *((path, digest) for path in hashed),
        *((path, None) for path in drop),
    ]
    for path, action in actions:
        *parents, name = path.split(".")
        level = edits
        for parent in parents:
            below = level.setdefault(parent, {})
            if not isinstance(below, dict):
                break
            level = below
        else:
            level[name] = action
        # A field's own name may hold a dot; no name of a path's steps does.
        edits[path] = action
    return edits


def apply_redactions(value: Any, edits: RedactionTree) -> Any:
    """Copy what lies on the edits' paths and change it there; a list is changed item by item."""
    if isinstance(value, list):
        return [apply_redactions(item, edits) for item in value]
    if not isinstance(value, dict):
        return value
    result = dict(value)
    for name, edit in edits.items():
        if name not in result:
            continue
        if edit is None:
            del result[name]
        elif isinstance(edit, dict):
            result[name] = apply_redactions(result[name], edit)
        else:
            result[name] = edit(result[name])
    return result


def _digest(salt: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_digest(salt, item) for item in value]
    text = value if isinstance(value, str) else encode_sorted(value).decode()
    return sha256((salt + text).encode()).hexdigest()
