"""Comparison of the events of partitioned runs with those of one whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Event = dict[str, Any]

# What a run reads at the time of enrichment: that time, and which agents are logged in.
PRESENT = frozenset({"enriched_at", "login_status"})


def differences(whole: Mapping[str, Event], parts: Mapping[str, Event]) -> set[str]:
    """The paths in which events of the same id differ, without what both read at other times."""
    return {
        path
        for message_id, event in whole.items()
        if message_id in parts
        for path in _paths(event, parts[message_id])
        if path.rpartition(".")[2] not in PRESENT
    }


def _paths(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _paths(one.get(name), other.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for first, second in zip(one, other, strict=True):
            yield from _paths(first, second, path)
    elif one != other:
        yield path
