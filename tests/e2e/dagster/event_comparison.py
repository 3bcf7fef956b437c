"""Comparison of the events of partitioned runs with those of one whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Event = dict[str, Any]

# Fields that depend on earlier events. A run knows these from one day before its start, so that
# it knows less at the start of a window than a run that started long before.
HISTORICAL = frozenset(
    {
        "assigned_time",
        "created_time",
        "first_group_assigned_time",
        "first_agent_assigned_time",
        "group_assigned_time",
        "agent_assigned_time",
        "reopened_time",
        "resolved_time",
        "first_group_assignment_time_chrs",
        "prev_status",
        "prev_status_change_timestamp",
        "is_first_message",
        "statistics",
    },
)
# The time of enrichment, which differs between runs, and the agents logged in at that time.
OBSERVED = frozenset({"enriched_at", "login_status"})


def differences(whole: Mapping[str, Event], parts: Mapping[str, Event]) -> dict[str, set[str]]:
    """The paths in which events of the same id differ, by id; without the fields of enrichment."""
    found = {
        message_id: {
            path for path in _paths(event, parts[message_id]) if _name(path) not in OBSERVED
        }
        for message_id, event in whole.items()
        if message_id in parts
    }
    return {message_id: paths for message_id, paths in found.items() if paths}


def unexplained(found: Mapping[str, set[str]]) -> set[str]:
    """Those of the paths that do not depend on earlier events."""
    return {path for paths in found.values() for path in paths if _name(path) not in HISTORICAL}


def _name(path: str) -> str:
    return path.rpartition(".")[2]


def _paths(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _paths(one.get(name), other.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for first, second in zip(one, other, strict=True):
            yield from _paths(first, second, path)
    elif one != other:
        yield path
