"""Tells the whole life of one conversation, drawn at once and always the same."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from freshchat_sandbox.desk import phrases
from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.instants import DAY, HOUR, MINUTE, SECOND
from freshchat_sandbox.desk.lives import (
    AGENT,
    BOT,
    CREATED,
    LABELLED,
    NEW,
    PRIVATE,
    PROPERTY,
    RATED,
    REOPENED,
    RESOLVED,
    SYSTEM,
    UNASSIGNED,
    USER,
    Life,
    State,
)
from freshchat_sandbox.desk.pen import Pen, TimeIsUpError
from freshchat_sandbox.desk.staff import (
    AGENTS,
    AUTOMATION_AUTHOR,
    CHANNELS,
    ESCALATIONS,
    GROUPS,
    SUPERVISOR,
    Mapping,
)
from freshchat_sandbox.desk.stories import story_of

if TYPE_CHECKING:
    from freshchat_sandbox.desk.customers import Place
    from freshchat_sandbox.desk.roster import Roster

_AGENT_FORMS = ("text",) * 12 + ("link", "image", "file", "carousel", "email")
_MARGIN = 10 * MINUTE  # room for the notices and labels that follow a step


def tell(seed: int, place: Place, customer: Place, bounds: tuple[int, int], roster: Roster) -> Life:
    """Return the life of the conversation at a place, from its beginning to its end at most."""
    teller = _Teller(Dice(seed, "conversation", *place), place, bounds, roster)
    # Whatever was told until time is up is a whole life: nobody came back to it.
    with contextlib.suppress(TimeIsUpError):
        teller.tell()
    return Life(place, customer, teller.channel, teller.story, tuple(teller.pen.moments))


class _Teller:
    """Follows one story step by step."""

    def __init__(self, dice: Dice, place: Place, bounds: tuple[int, int], roster: Roster) -> None:
        self.story = story_of(place)
        self.channel = int(dice.random() * len(CHANNELS))
        self.dice = dice
        self._roster = roster
        self._deadline = bounds[1] - _MARGIN
        self.pen = Pen(dice, bounds[0], self._deadline, slow=self.story.slow)

    def tell(self) -> None:
        story = self.story
        self._create()
        for opening in range(story.reopens + 1):
            if opening:
                self._reopen()
            if story.answered:
                self._work(again=opening > 0)
            elif story.turns > 1:
                self.pen.wait(5 * MINUTE, 3 * HOUR)
                self.pen.user_says(phrases.ANSWERS)
            if story.resolved:
                self._resolve()

    def _create(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.mapping is Mapping.WITH_CREATION:
            self.pen.state = State(NEW, None, channel.group)
        self.pen.write(CREATED, USER)
        if channel.mapping is Mapping.SAME_MOMENT:
            self.pen.assign_group(channel.group)
        self.pen.at += self.dice.between(0, 25)
        self.pen.user_says(phrases.OPENINGS)
        if self.story.bot:
            self._bot_asks()
        self._map_later()

    def _reopen(self) -> None:
        self.pen.pause(20 * MINUTE, 2 * DAY)
        before = self.pen.state
        self.pen.interaction = self.pen.at
        self.pen.state = State(NEW, None, None)
        self.pen.write(REOPENED, USER, before=before)
        self.pen.notice("Conversation was reopened by the customer", USER, detail=("isReopen",))
        self.pen.at += self.dice.between(0, 40)
        self.pen.user_says(phrases.ANSWERS)
        if CHANNELS[self.channel].mapping is Mapping.SAME_MOMENT:
            self.pen.assign_group(CHANNELS[self.channel].group)
        else:
            self._map_later()

    def _map_later(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.mapping is Mapping.NEVER and self.dice.chance(0.5):
            self.pen.wait(MINUTE, 20 * MINUTE)
            self.pen.assign_group(int(self.dice.random() * ESCALATIONS), by=SUPERVISOR)
        elif channel.group is not None and self.pen.state.group is None:
            self.pen.at += self.dice.between(80, 40 * SECOND)
            self.pen.assign_group(channel.group)

    def _work(self, *, again: bool) -> None:
        story = self.story
        if story.regrouped and not again:
            self._hand_over()
        team = self._team()
        for turn, index in enumerate(story.agents):
            self.pen.wait(2 * SECOND, 3 * HOUR if story.slow else 6 * MINUTE)
            self.pen.assign_agent(team[index % len(team)], first=turn == 0)
            if story.noted and turn == 0:
                self.pen.wait(5 * SECOND, 2 * MINUTE)
                self.pen.say(AGENT, self.dice.pick(phrases.NOTES), message_type=PRIVATE)
            for _ in range(self.dice.between(1, max(1, story.turns // len(story.agents)))):
                self._exchange()
        if story.unassigned and not again:
            self._unassign(team)

    def _exchange(self) -> None:
        self.pen.pause(3 * SECOND, 4 * MINUTE)
        form = self.dice.pick(_AGENT_FORMS)
        self.pen.say(AGENT, self.dice.pick(phrases.REPLIES), form=form)
        if self.dice.chance(0.2):
            self.pen.at += self.dice.between(1, 30 * SECOND)
            name, values = self.dice.pick((("priority", phrases.PRIORITIES), *phrases.FIELDS))
            value = self.dice.pick(values)
            self.pen.write(PROPERTY, AGENT, self.pen.state.agent, detail=(name, value))
        self.pen.pause(2 * SECOND, 5 * MINUTE)
        self.pen.user_says(phrases.ANSWERS)

    def _bot_asks(self) -> None:
        self.pen.at += self.dice.between(300, 1_500)
        question = len(self.pen.moments)
        self.pen.say(BOT, self.dice.pick(phrases.GREETINGS), form="buttons")
        self.pen.wait(3 * SECOND, 5 * MINUTE)
        topic = self.dice.pick(phrases.TOPICS)
        self.pen.say(USER, topic, detail=("in_reply_to", str(question)))
        self.pen.write(PROPERTY, BOT, detail=("cf_topic", topic))
        self.pen.at += self.dice.between(200, 900)
        self.pen.say(BOT, self.dice.pick(phrases.HAND_OVERS))

    def _hand_over(self) -> None:
        """Let an agent of one group see that it belongs to another."""
        if self.pen.state.group is None:
            self.pen.wait(MINUTE, 10 * MINUTE)
            self.pen.assign_group(int(self.dice.random() * ESCALATIONS), by=SUPERVISOR)
        team = self._team()
        if self.dice.chance(0.7):
            self.pen.wait(5 * SECOND, 10 * MINUTE)
            self.pen.assign_agent(team[0], first=True)
        self.pen.wait(30 * SECOND, 30 * MINUTE)
        others = [group for group in range(len(GROUPS)) if group != self.pen.state.group]
        holder = self.pen.state.agent
        self.pen.assign_group(self.dice.pick(others), by=SUPERVISOR if holder is None else holder)

    def _unassign(self, team: tuple[int, ...]) -> None:
        self.pen.wait(MINUTE, 30 * MINUTE)
        before, agent = self.pen.state, self.pen.state.agent
        self.pen.state = State(NEW, None, before.group)
        self.pen.write(UNASSIGNED, AGENT, agent, before=before)
        self.pen.soon()
        self.pen.notice("Conversation was unassigned", AGENT, agent)
        self.pen.wait(10 * MINUTE, 2 * HOUR)
        self.pen.assign_agent(team[-1], first=False)

    def _resolve(self) -> None:
        by = AGENT if self.story.resolved == "agent" else SYSTEM
        if by == AGENT:
            self.pen.wait(10 * SECOND, 30 * MINUTE)
        else:
            self.pen.wait(4 * HOUR, 8 * HOUR)  # auto-resolve after silence
        actor = self.pen.state.agent if by == AGENT else None
        if by == AGENT and self.story.labelled:
            self.pen.write(LABELLED, by, actor, detail=self.dice.pick(phrases.LABELS))
        before = self.pen.state
        self.pen.state = before._replace(status=RESOLVED)
        self.pen.write(RESOLVED, by, actor, before=before)
        name = "auto-resolve" if actor is None else AGENTS[actor].name
        self.pen.notice(f"Conversation was resolved by {name}", by, actor, detail=("isResolved",))
        self.pen.at += self.dice.between(500, 3_000)
        if self.story.rated:
            self.pen.say(AGENT, phrases.SURVEY, by=AUTOMATION_AUTHOR)
            self.pen.pause(MINUTE, 12 * HOUR)
            stars = self.dice.between(1, 5)
            self.pen.write(RATED, USER, detail=(str(stars), self.dice.pick(phrases.COMMENTS)))

    def _team(self) -> tuple[int, ...]:
        """Return agents who may take the conversation now, those at work first."""
        group = self.pen.state.group
        members = range(len(AGENTS)) if group is None else GROUPS[group].members
        open_accounts = [one for one in members if self._roster.employed(one, self._deadline + DAY)]
        shuffled = sorted(open_accounts, key=lambda _: self.dice.random())
        return tuple(sorted(shuffled, key=lambda one: not self._roster.available(one, self.pen.at)))
