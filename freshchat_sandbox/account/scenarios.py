"""Scenarios of conversations, assigned so that every day has all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from freshchat_sandbox.account.customers import ConversationKey


class Scenario(NamedTuple):
    """Course that a conversation can take.

    Attributes:
        max_hours: Longest duration of the conversation.
        slow_replies: Whether replies take hours rather than seconds.
        starts_with_bot: Whether the bot replies first.
        served_by_agent: Whether an agent is ever assigned.
        agents: Agents assigned in turn: `(0, 1, 0)` is A, then B, then A again.
        changes_group: Whether it is reassigned to another group.
        unassigned: Whether the agent is unassigned.
        has_private_note: Whether an agent writes a private note.
        max_turns: Most exchanges between agent and customer.
        resolved_by: Who resolves it at the end; empty if nobody.
        reopens: How often the customer reopens it.
        rated: Whether the customer rates it.
        labelled: Whether the agent labels the resolution.
    """

    max_hours: int = 6
    slow_replies: bool = False
    starts_with_bot: bool = False
    served_by_agent: bool = True
    agents: tuple[int, ...] = (0,)
    changes_group: bool = False
    unassigned: bool = False
    has_private_note: bool = False
    max_turns: int = 4
    resolved_by: str = "agent"
    reopens: int = 0
    rated: bool = False
    labelled: bool = False


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(max_hours=12, rated=True, labelled=True),
    Scenario(starts_with_bot=True, max_turns=3, labelled=True),
    Scenario(max_hours=72, slow_replies=True, reopens=1, rated=True),
    Scenario(agents=(0, 1), has_private_note=True, max_turns=6),
    Scenario(served_by_agent=False, resolved_by=""),
    Scenario(max_hours=12, reopens=1, labelled=True),
    Scenario(
        max_hours=144,
        slow_replies=True,
        agents=(0, 1, 0),
        has_private_note=True,
        max_turns=7,
        reopens=1,
    ),
    Scenario(
        max_hours=12, starts_with_bot=True, served_by_agent=False, max_turns=2, resolved_by="system"
    ),
    Scenario(max_hours=12, changes_group=True, max_turns=5, rated=True),
    Scenario(max_turns=2),
    Scenario(
        max_hours=72, slow_replies=True, changes_group=True, resolved_by="", has_private_note=True
    ),
    Scenario(max_hours=12, agents=(0, 1, 0), max_turns=6, labelled=True, rated=True),
    Scenario(max_hours=12, starts_with_bot=True, max_turns=8, reopens=1),
    Scenario(unassigned=True, max_turns=3),
    Scenario(max_hours=144, slow_replies=True, reopens=2, rated=True, labelled=True),
    Scenario(max_hours=12, max_turns=12, has_private_note=True, rated=True),
    Scenario(starts_with_bot=True, changes_group=True, agents=(0, 1), max_turns=6, labelled=True),
    Scenario(max_hours=12, resolved_by="system", max_turns=3),
    Scenario(max_hours=12, max_turns=1, rated=True),
    Scenario(
        max_hours=72, slow_replies=True, starts_with_bot=True, resolved_by="system", max_turns=3
    ),
    Scenario(max_hours=12, reopens=2, max_turns=3, agents=(0, 1)),
    Scenario(max_turns=5, resolved_by="", has_private_note=True),
    Scenario(
        max_hours=144,
        slow_replies=True,
        unassigned=True,
        changes_group=True,
        max_turns=6,
        labelled=True,
    ),
    Scenario(
        max_hours=12,
        starts_with_bot=True,
        max_turns=5,
        rated=True,
        labelled=True,
        has_private_note=True,
    ),
)
MAX_HOURS = max(scenario.max_hours for scenario in SCENARIOS)


def scenario_of(key: ConversationKey) -> Scenario:
    """Return the scenario of a conversation; each day starts with another scenario."""
    return SCENARIOS[(key.number * 7 + key.day * 5) % len(SCENARIOS)]
