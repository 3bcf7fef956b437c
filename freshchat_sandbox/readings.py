"""Readings of Freshchat: the plausible ways in which the real service may behave.

Much of Freshchat's behaviour is believed, not documented. Each field is one such belief, its
values are the readings of it, and its default is the most likely one.

To add a belief, add a field here and use it where a view or a report spells the value. A field
is a bool or a `Literal`: the URL, the command line and the tests find its values by its type.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args, get_type_hints


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One reading of each belief; readings change how events are reported, never the events."""

    sparse_conversations: Annotated[
        Literal["some", "all", "none"],
        "which conversations GET returns with five fields only; some: a third",
    ] = "some"
    reopened_rows: Annotated[bool, "whether a reopen has a row in Conversation-Created"] = True
    unassigned_rows: Annotated[
        bool,
        "whether an unassignment has a row in Conversation-Agent-Assigned, without an agent",
    ] = False
    header_style: Annotated[
        Literal["snake", "title"], "spelling of CSV headers: snake_case or Title Case"
    ] = "snake"


def values_by_belief() -> dict[str, tuple[object, ...]]:
    """Return the possible values of each field of Readings, by field name."""
    hints = get_type_hints(Readings)
    return {
        field.name: (False, True) if hints[field.name] is bool else get_args(hints[field.name])
        for field in fields(Readings)
    }
