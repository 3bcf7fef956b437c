"""Tells the whole life of one conversation, drawn at once and always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import phrases
from .dice import Dice
from .instants import DAY, HOUR, MINUTE, SECOND
from .lives import (
    AGENT,
    AGENT_ASSIGNED,
    ASSIGNED,
    BOT,
    CREATED,
    GROUP_ASSIGNED,
    LABELLED,
    MESSAGE,
    NEW,
    NORMAL,
    NOTICE,
    PRIVATE,
    PROPERTY,
    RATED,
    REOPENED,
    RESOLVED,
    SYSTEM,
    UNASSIGNED,
    USER,
    Life,
    Moment,
    State,
)
from .staff import (
    AGENTS,
    AUTOMATION_AUTHOR,
    CHANNELS,
    ESCALATIONS,
    GROUPS,
    SUPERVISOR,
    Mapping,
)
from .stories import story_of

if TYPE_CHECKING:
    from .customers import Place
    from .roster import Roster

_USER_FORMS = ("text",) * 10 + ("image", "image_only", "file")
_AGENT_FORMS = ("text",) * 12 + ("link", "image", "file", "carousel", "email")
_SHOWN_ALONE = ("image_only", "file", "carousel")  # forms without words of their own
_MARGIN = 10 * MINUTE  # room for the notices and labels that follow a step


def tell(seed: int, place: Place, customer: Place, began: int, roster: Roster) -> Life:
    """Return the life of the conversation at a place, which begins at an instant."""
    teller = _Teller(Dice(seed, "conversation", *place), place, began, roster)
    try:
        teller.tell()
    except _TimeIsUpError:
        pass  # whatever was told so far is a whole life: nobody came back to it
    return Life(place, customer, teller.channel, teller.story, tuple(teller.moments))


class _TimeIsUpError(Exception):
    """The next step would outlast the story's days."""


class _Teller:
    """Writes moments down while moving a cursor through time; it never goes back."""

    def __init__(self, dice: Dice, place: Place, began: int, roster: Roster) -> None:
        self.dice = dice
        self.story = story_of(place)
        self.channel = int(dice.random() * len(CHANNELS))
        self.moments: list[Moment] = []
        self._roster = roster
        self._at = self._interaction = began
        self._deadline = began + self.story.days * DAY - _MARGIN
        self._state = State(NEW, None, None)

    def tell(self) -> None:
        story = self.story
        self._create()
        for opening in range(story.reopens + 1):
            if opening:
                self._reopen()
            if story.answered:
                self._work(again=opening > 0)
            elif story.turns > 1:
                self._wait(5 * MINUTE, 3 * HOUR)
                self._user_says(phrases.ANSWERS)
            if story.resolved:
                self._resolve()

    # Steps of a story

    def _create(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.mapping is Mapping.WITH_CREATION:
            self._state = State(NEW, None, channel.group)
        self._write(CREATED, USER)
        if channel.mapping is Mapping.SAME_MOMENT:
            self._assign_group(channel.group)
        self._at += self.dice.between(0, 25)
        self._user_says(phrases.OPENINGS)
        if self.story.bot:
            self._bot_asks()
        self._map_later()

    def _reopen(self) -> None:
        self._pause(20 * MINUTE, 2 * DAY)
        before = self._state
        self._interaction = self._at
        self._state = State(NEW, None, None)
        self._write(REOPENED, USER, before=before)
        self._notice("Conversation was reopened by the customer", USER, detail=("isReopen",))
        self._at += self.dice.between(0, 40)
        self._user_says(phrases.ANSWERS)
        if CHANNELS[self.channel].mapping is Mapping.SAME_MOMENT:
            self._assign_group(CHANNELS[self.channel].group)
        else:
            self._map_later()

    def _map_later(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.mapping is Mapping.NEVER and self.dice.chance(0.5):
            self._wait(MINUTE, 20 * MINUTE)
            self._assign_group(int(self.dice.random() * ESCALATIONS), by=SUPERVISOR)
        elif channel.group is not None and self._state.group is None:
            self._at += self.dice.between(80, 40 * SECOND)
            self._assign_group(channel.group)

    def _work(self, *, again: bool) -> None:
        story = self.story
        if story.regrouped and not again:
            self._hand_over()
        team = self._team()
        for turn, index in enumerate(story.agents):
            self._wait(2 * SECOND, 3 * HOUR if story.slow else 6 * MINUTE)
            self._assign_agent(team[index % len(team)], first=turn == 0)
            if story.noted and turn == 0:
                self._wait(5 * SECOND, 2 * MINUTE)
                self._say(AGENT, self.dice.pick(phrases.NOTES), message_type=PRIVATE)
            for _ in range(self.dice.between(1, max(1, story.turns // len(story.agents)))):
                self._exchange()
        if story.unassigned and not again:
            self._unassign(team)

    def _exchange(self) -> None:
        self._pause(3 * SECOND, 4 * MINUTE)
        form = self.dice.pick(_AGENT_FORMS)
        self._say(AGENT, self.dice.pick(phrases.REPLIES), form=form)
        if self.dice.chance(0.2):
            self._at += self.dice.between(1, 30 * SECOND)
            name, values = self.dice.pick((("priority", phrases.PRIORITIES), *phrases.FIELDS))
            value = self.dice.pick(values)
            self._write(PROPERTY, AGENT, self._state.agent, detail=(name, value))
        self._pause(2 * SECOND, 5 * MINUTE)
        self._user_says(phrases.ANSWERS)

    def _bot_asks(self) -> None:
        self._at += self.dice.between(300, 1_500)
        question = len(self.moments)
        self._say(BOT, self.dice.pick(phrases.GREETINGS), form="buttons")
        self._wait(3 * SECOND, 5 * MINUTE)
        topic = self.dice.pick(phrases.TOPICS)
        self._say(USER, topic, detail=("in_reply_to", str(question)))
        self._write(PROPERTY, BOT, detail=("cf_topic", topic))
        self._at += self.dice.between(200, 900)
        self._say(BOT, self.dice.pick(phrases.HAND_OVERS))

    def _hand_over(self) -> None:
        """Let an agent of one group see that it belongs to another."""
        if self._state.group is None:
            self._wait(MINUTE, 10 * MINUTE)
            self._assign_group(int(self.dice.random() * ESCALATIONS), by=SUPERVISOR)
        team = self._team()
        if self.dice.chance(0.7):
            self._wait(5 * SECOND, 10 * MINUTE)
            self._assign_agent(team[0], first=True)
        self._wait(30 * SECOND, 30 * MINUTE)
        others = [group for group in range(len(GROUPS)) if group != self._state.group]
        holder = self._state.agent
        self._assign_group(self.dice.pick(others), by=SUPERVISOR if holder is None else holder)

    def _unassign(self, team: tuple[int, ...]) -> None:
        self._wait(MINUTE, 30 * MINUTE)
        before, agent = self._state, self._state.agent
        self._state = State(NEW, None, before.group)
        self._write(UNASSIGNED, AGENT, agent, before=before)
        self._soon()
        self._notice("Conversation was unassigned", AGENT, agent)
        self._wait(10 * MINUTE, 2 * HOUR)
        self._assign_agent(team[-1], first=False)

    def _resolve(self) -> None:
        by = AGENT if self.story.resolved == "agent" else SYSTEM
        if by == AGENT:
            self._wait(10 * SECOND, 30 * MINUTE)
        else:
            self._wait(4 * HOUR, 8 * HOUR)  # auto-resolve after silence
        actor = self._state.agent if by == AGENT else None
        if by == AGENT and self.story.labelled:
            self._write(LABELLED, by, actor, detail=self.dice.pick(phrases.LABELS))
        before = self._state
        self._state = before._replace(status=RESOLVED)
        self._write(RESOLVED, by, actor, before=before)
        name = "auto-resolve" if actor is None else AGENTS[actor].name
        self._notice(f"Conversation was resolved by {name}", by, actor, detail=("isResolved",))
        self._at += self.dice.between(500, 3_000)
        if self.story.rated:
            self._say(AGENT, phrases.SURVEY, by=AUTOMATION_AUTHOR)
            self._pause(MINUTE, 12 * HOUR)
            stars = self.dice.between(1, 5)
            self._write(RATED, USER, detail=(str(stars), self.dice.pick(phrases.COMMENTS)))

    # Changes of state

    def _assign_group(self, group: int | None, by: int | None = None) -> None:
        before = self._state
        self._state = State(NEW, None, group)  # whoever held it does not hold it in the new group
        actor_type = SYSTEM if by is None else AGENT
        self._write(GROUP_ASSIGNED, actor_type, by, before=before)
        self._soon()
        name = "" if group is None else GROUPS[group].name
        self._notice(f"Conversation was assigned to group {name}", actor_type, by)

    def _assign_agent(self, agent: int, *, first: bool) -> None:
        before = self._state
        if before.agent == agent:
            return
        if first:
            actor_type, by = (SYSTEM, None) if self.dice.chance(0.6) else (AGENT, agent)
        else:
            actor_type, by = AGENT, SUPERVISOR if before.agent is None else before.agent
        self._state = State(ASSIGNED, agent, before.group)
        self._write(AGENT_ASSIGNED, actor_type, by, before=before)
        self._soon()
        self._notice(f"Conversation was assigned to {AGENTS[agent].name}", actor_type, by)

    def _team(self) -> tuple[int, ...]:
        """Return agents who may take the conversation now, those at work first."""
        group = self._state.group
        members = range(len(AGENTS)) if group is None else GROUPS[group].members
        open_accounts = [one for one in members if self._roster.employed(one, self._deadline + DAY)]
        shuffled = sorted(open_accounts, key=lambda _: self.dice.random())
        return tuple(sorted(shuffled, key=lambda one: not self._roster.available(one, self._at)))

    # Words

    def _user_says(self, choices: tuple[str, ...]) -> None:
        self._say(USER, self.dice.pick(choices), form=self.dice.pick(_USER_FORMS))

    def _say(  # noqa: PLR0913 - a message has that many sides
        self,
        actor_type: str,
        text: str,
        *,
        form: str = "text",
        message_type: str = NORMAL,
        by: int | None = None,
        detail: tuple[str, ...] = (),
    ) -> None:
        actor = (self._state.agent if by is None else by) if actor_type == AGENT else None
        self._write(
            MESSAGE,
            actor_type,
            actor,
            text=None if form in _SHOWN_ALONE else text,
            form=form,
            message_type=message_type,
            detail=detail,
        )

    def _notice(
        self, text: str, actor_type: str, by: int | None = None, detail: tuple[str, ...] = ()
    ) -> None:
        """Let the system say what was done; a marker's notice has the very time of the deed."""
        self._write(
            MESSAGE, actor_type, by, text=text, form="text", message_type=NOTICE, detail=detail
        )

    # Time

    def _soon(self) -> None:
        if self.dice.chance(0.7):
            self._at += self.dice.between(1, 60)

    def _pause(self, least: int, most: int) -> None:
        """Wait as people do: long in slow stories."""
        if self.story.slow and self.dice.chance(0.4):
            self._wait(HOUR, 16 * HOUR)
        else:
            self._wait(least, most)

    def _wait(self, least: int, most: int) -> None:
        self._at += self.dice.wait(least, most)
        if self._at > self._deadline:
            raise _TimeIsUpError

    def _write(  # noqa: PLR0913 - the fields of a moment
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
        self.moments.append(
            Moment(
                self._at,
                len(self.moments),
                kind,
                self._interaction,
                self._state,
                before,
                actor_type,
                actor,
                text,
                form,
                message_type,
                detail,
            )
        )
