"""The plots that conversations follow, laid out so that every day has all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from freshchat_sandbox.desk.customers import Place


class Story(NamedTuple):
    """One plot.

    Attributes:
        hours: The longest it may go on; a life never outlasts it.
        slow: Whether answers take hours rather than seconds.
        bot: Whether the bot speaks first.
        answered: Whether an agent ever takes it.
        agents: Which of the drawn agents hold it in turn: `(0, 1, 0)` is A, B and A again.
        regrouped: Whether it is handed over to another group.
        unassigned: Whether an agent lets go of it.
        noted: Whether an agent leaves a private note.
        turns: How many exchanges, at most.
        resolved: Whether it is resolved in the end, and by whom.
        reopens: How often the customer comes back to it.
        rated: Whether the customer rates it.
        labelled: Whether the agent labels the resolution.
    """

    hours: int = 6
    slow: bool = False
    bot: bool = False
    answered: bool = True
    agents: tuple[int, ...] = (0,)
    regrouped: bool = False
    unassigned: bool = False
    noted: bool = False
    turns: int = 4
    resolved: str = "agent"
    reopens: int = 0
    rated: bool = False
    labelled: bool = False


STORIES: tuple[Story, ...] = (
    Story(hours=12, rated=True, labelled=True),
    Story(bot=True, turns=3, labelled=True),
    Story(hours=72, slow=True, reopens=1, rated=True),
    Story(agents=(0, 1), noted=True, turns=6),
    Story(answered=False, resolved=""),
    Story(hours=12, reopens=1, labelled=True),
    Story(hours=144, slow=True, agents=(0, 1, 0), noted=True, turns=7, reopens=1),
    Story(hours=12, bot=True, answered=False, turns=2, resolved="system"),
    Story(hours=12, regrouped=True, turns=5, rated=True),
    Story(turns=2),
    Story(hours=72, slow=True, regrouped=True, resolved="", noted=True),
    Story(hours=12, agents=(0, 1, 0), turns=6, labelled=True, rated=True),
    Story(hours=12, bot=True, turns=8, reopens=1),
    Story(unassigned=True, turns=3),
    Story(hours=144, slow=True, reopens=2, rated=True, labelled=True),
    Story(hours=12, turns=12, noted=True, rated=True),
    Story(bot=True, regrouped=True, agents=(0, 1), turns=6, labelled=True),
    Story(hours=12, resolved="system", turns=3),
    Story(hours=12, turns=1, rated=True),
    Story(hours=72, slow=True, bot=True, resolved="system", turns=3),
    Story(hours=12, reopens=2, turns=3, agents=(0, 1)),
    Story(turns=5, resolved="", noted=True),
    Story(hours=144, slow=True, unassigned=True, regrouped=True, turns=6, labelled=True),
    Story(hours=12, bot=True, turns=5, rated=True, labelled=True, noted=True),
)
LONGEST = max(story.hours for story in STORIES)


def story_of(place: Place) -> Story:
    """Return the plot of the conversation at a place; days start at different plots."""
    return STORIES[(place.number * 7 + place.day * 5) % len(STORIES)]
