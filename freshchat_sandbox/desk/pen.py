"""Writes a life down: a cursor that moves through time, and the state it leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshchat_sandbox.desk.instants import HOUR
from freshchat_sandbox.desk.lives import (
    AGENT,
    AGENT_ASSIGNED,
    ASSIGNED,
    GROUP_ASSIGNED,
    MESSAGE,
    NEW,
    NORMAL,
    NOTICE,
    SYSTEM,
    USER,
    Moment,
    State,
)
from freshchat_sandbox.desk.staff import AGENTS, GROUPS, SUPERVISOR

if TYPE_CHECKING:
    from freshchat_sandbox.desk.dice import Dice

_USER_FORMS = ("text",) * 10 + ("image", "image_only", "file")
_SHOWN_ALONE = ("image_only", "file", "carousel")  # forms without words of their own


class TimeIsUpError(Exception):
    """The next step would come after the deadline."""


class Pen:
    """Adds moments at the cursor, which never goes back.

    Args:
        dice: Decides how long things take.
        began: Where the cursor starts, in epoch milliseconds.
        deadline: How far waiting may go.
        slow: Whether people tend to answer after hours.

    Attributes:
        moments: What was written so far.
        at: The cursor.
        interaction: When the current open period began.
        state: How the conversation stands.
    """

    def __init__(self, dice: Dice, began: int, deadline: int, *, slow: bool) -> None:
        self.dice = dice
        self.moments: list[Moment] = []
        self.at = self.interaction = began
        self.state = State(NEW, None, None)
        self._deadline = deadline
        self._slow = slow

    # Changes of state

    def assign_group(self, group: int | None, by: int | None = None) -> None:
        """Hand the conversation to a group: by a rule, or by an agent."""
        before = self.state
        self.state = State(NEW, None, group)  # whoever held it does not hold it in the new group
        actor_type = SYSTEM if by is None else AGENT
        self.write(GROUP_ASSIGNED, actor_type, by, before=before)
        self.soon()
        name = "" if group is None else GROUPS[group].name
        self.notice(f"Conversation was assigned to group {name}", actor_type, by)

    def assign_agent(self, agent: int, *, first: bool) -> None:
        """Give it to an agent, unless they have it; a first one is found or volunteers."""
        before = self.state
        if before.agent == agent:
            return
        if first:
            actor_type, by = (SYSTEM, None) if self.dice.chance(0.6) else (AGENT, agent)
        else:
            actor_type, by = AGENT, SUPERVISOR if before.agent is None else before.agent
        self.state = State(ASSIGNED, agent, before.group)
        self.write(AGENT_ASSIGNED, actor_type, by, before=before)
        self.soon()
        self.notice(f"Conversation was assigned to {AGENTS[agent].name}", actor_type, by)

    # Words

    def user_says(self, choices: tuple[str, ...]) -> None:
        """Let the customer say one of some things."""
        self.say(USER, self.dice.pick(choices), form=self.dice.pick(_USER_FORMS))

    def say(  # noqa: PLR0913 - a message has that many sides
        self,
        actor_type: str,
        text: str,
        *,
        form: str = "text",
        message_type: str = NORMAL,
        by: int | None = None,
        detail: tuple[str, ...] = (),
    ) -> None:
        """Add a message; an agent's is by the assignee unless told otherwise."""
        actor = (self.state.agent if by is None else by) if actor_type == AGENT else None
        self.write(
            MESSAGE,
            actor_type,
            actor,
            text=None if form in _SHOWN_ALONE else text,
            form=form,
            message_type=message_type,
            detail=detail,
        )

    def notice(
        self, text: str, actor_type: str, by: int | None = None, detail: tuple[str, ...] = ()
    ) -> None:
        """Let the system say what was done; a marker's notice has the very time of the deed."""
        self.write(
            MESSAGE, actor_type, by, text=text, form="text", message_type=NOTICE, detail=detail
        )

    # Time

    def soon(self) -> None:
        """Let some milliseconds pass, or none."""
        if self.dice.chance(0.7):
            self.at += self.dice.between(1, 60)

    def pause(self, least: int, most: int) -> None:
        """Wait as people do: long in slow stories."""
        if self._slow and self.dice.chance(0.4):
            self.wait(HOUR, 16 * HOUR)
        else:
            self.wait(least, most)

    def wait(self, least: int, most: int) -> None:
        """Let time pass.

        Raises:
            TimeIsUpError: If the deadline would pass too; nothing is written after it.
        """
        self.at += self.dice.wait(least, most)
        if self.at > self._deadline:
            raise TimeIsUpError

    def write(  # noqa: PLR0913 - the fields of a moment
        self,
        kind: str,
        actor_type: str,
        actor: int | None = None,
        *,
        before: State | None = None,
        text: str | None = None,
        form: str = "",
        message_type: str = "",
        detail: tuple[str, ...] = (),
    ) -> None:
        """Add a moment as it stands."""
        self.moments.append(
            Moment(
                self.at,
                len(self.moments),
                kind,
                self.interaction,
                self.state,
                before,
                actor_type,
                actor,
                text,
                form,
                message_type,
                detail,
            )
        )
