"""Generator of conversations: a scenario and a seed give one complete timeline."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from freshchat_sandbox.account import sample_text
from freshchat_sandbox.account.conversation_events import (
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
    ConversationTimeline,
    State,
)
from freshchat_sandbox.account.event_builder import DeadlineReachedError, EventBuilder
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.scenarios import scenario_of
from freshchat_sandbox.account.staff import (
    AGENTS,
    AUTOMATION_AUTHOR,
    CHANNELS,
    ESCALATIONS,
    GROUPS,
    SUPERVISOR,
    GroupAssignment,
)
from freshchat_sandbox.account.timestamps import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from freshchat_sandbox.account.customers import ConversationKey
    from freshchat_sandbox.account.shifts import ShiftSchedule

_AGENT_CONTENT_KINDS = ("text",) * 12 + ("link", "image", "file", "carousel", "email")
_MARGIN = 10 * MINUTE  # room for the system messages and labels that follow a step


def generate_conversation(
    seed: int,
    key: ConversationKey,
    customer: ConversationKey,
    bounds: tuple[int, int],
    shifts: ShiftSchedule,
) -> ConversationTimeline:
    """Return the timeline of a conversation, which ends within `bounds`."""
    generator = _Generator(SeededRandom(seed, "conversation", *key), key, bounds, shifts)
    # The events before the deadline are a valid timeline: the conversation stays as it is.
    with contextlib.suppress(DeadlineReachedError):
        generator.generate_conversation()
    return ConversationTimeline(
        key, customer, generator.channel, generator.scenario, tuple(generator.builder.events)
    )


class _Generator:
    """Generator of one conversation, which follows its scenario step by step."""

    def __init__(
        self,
        rng: SeededRandom,
        key: ConversationKey,
        bounds: tuple[int, int],
        shifts: ShiftSchedule,
    ) -> None:
        self.scenario = scenario_of(key)
        self.channel = int(rng.random() * len(CHANNELS))
        self.rng = rng
        self._shifts = shifts
        self._deadline = bounds[1] - _MARGIN
        self.builder = EventBuilder(
            rng, bounds[0], self._deadline, slow_replies=self.scenario.slow_replies
        )

    def generate_conversation(self) -> None:
        scenario = self.scenario
        self._create()
        for opening in range(scenario.reopens + 1):
            if opening:
                self._reopen()
            if scenario.served_by_agent:
                self._handle(again=opening > 0)
            elif scenario.max_turns > 1:
                self.builder.wait(5 * MINUTE, 3 * HOUR)
                self.builder.user_message(sample_text.REPLIES_OF_USERS)
            if scenario.resolved_by:
                self._resolve()

    def _create(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.group_assignment is GroupAssignment.WITH_CREATION:
            self.builder.state = State(NEW, None, channel.group)
        self.builder.add(CREATED, USER)
        if channel.group_assignment is GroupAssignment.SAME_TIME:
            self.builder.assign_group(channel.group)
        self.builder.at += self.rng.randint(0, 25)
        self.builder.user_message(sample_text.OPENINGS)
        if self.scenario.starts_with_bot:
            self._bot_asks()
        self._assign_group_later()

    def _reopen(self) -> None:
        self.builder.wait_for_reply(20 * MINUTE, 2 * DAY)
        before = self.builder.state
        self.builder.interaction_start = self.builder.at
        self.builder.state = State(NEW, None, None)
        self.builder.add(REOPENED, USER, before=before)
        self.builder.system_message(
            "Conversation was reopened by the customer", USER, detail=("isReopen",)
        )
        self.builder.at += self.rng.randint(0, 40)
        self.builder.user_message(sample_text.REPLIES_OF_USERS)
        if CHANNELS[self.channel].group_assignment is GroupAssignment.SAME_TIME:
            self.builder.assign_group(CHANNELS[self.channel].group)
        else:
            self._assign_group_later()

    def _assign_group_later(self) -> None:
        channel = CHANNELS[self.channel]
        if channel.group_assignment is GroupAssignment.NEVER and self.rng.chance(0.5):
            self.builder.wait(MINUTE, 20 * MINUTE)
            self.builder.assign_group(int(self.rng.random() * ESCALATIONS), by=SUPERVISOR)
        elif channel.group is not None and self.builder.state.group is None:
            self.builder.at += self.rng.randint(80, 40 * SECOND)
            self.builder.assign_group(channel.group)

    def _handle(self, *, again: bool) -> None:
        scenario = self.scenario
        if scenario.changes_group and not again:
            self._change_group()
        team = self._team()
        for turn, index in enumerate(scenario.agents):
            self.builder.wait(2 * SECOND, 3 * HOUR if scenario.slow_replies else 6 * MINUTE)
            self.builder.assign_agent(team[index % len(team)], first=turn == 0)
            if scenario.has_private_note and turn == 0:
                self.builder.wait(5 * SECOND, 2 * MINUTE)
                self.builder.message(
                    AGENT, self.rng.choice(sample_text.NOTES), message_type=PRIVATE
                )
            for _ in range(self.rng.randint(1, max(1, scenario.max_turns // len(scenario.agents)))):
                self._exchange_messages()
        if scenario.unassigned and not again:
            self._unassign(team)

    def _exchange_messages(self) -> None:
        self.builder.wait_for_reply(3 * SECOND, 4 * MINUTE)
        content_kind = self.rng.choice(_AGENT_CONTENT_KINDS)
        self.builder.message(AGENT, self.rng.choice(sample_text.REPLIES), content_kind=content_kind)
        if self.rng.chance(0.2):
            self.builder.at += self.rng.randint(1, 30 * SECOND)
            name, values = self.rng.choice(
                (("priority", sample_text.PRIORITIES), *sample_text.FIELDS)
            )
            value = self.rng.choice(values)
            self.builder.add(PROPERTY, AGENT, self.builder.state.agent, detail=(name, value))
        self.builder.wait_for_reply(2 * SECOND, 5 * MINUTE)
        self.builder.user_message(sample_text.REPLIES_OF_USERS)

    def _bot_asks(self) -> None:
        self.builder.at += self.rng.randint(300, 1_500)
        question = len(self.builder.events)
        self.builder.message(BOT, self.rng.choice(sample_text.GREETINGS), content_kind="buttons")
        self.builder.wait(3 * SECOND, 5 * MINUTE)
        topic = self.rng.choice(sample_text.TOPICS)
        self.builder.message(USER, topic, detail=("in_reply_to", str(question)))
        self.builder.add(PROPERTY, BOT, detail=("cf_topic", topic))
        self.builder.at += self.rng.randint(200, 900)
        self.builder.message(BOT, self.rng.choice(sample_text.HAND_OVERS))

    def _change_group(self) -> None:
        """Reassign the conversation to another group, often after an agent of the first took it."""
        if self.builder.state.group is None:
            self.builder.wait(MINUTE, 10 * MINUTE)
            self.builder.assign_group(int(self.rng.random() * ESCALATIONS), by=SUPERVISOR)
        team = self._team()
        if self.rng.chance(0.7):
            self.builder.wait(5 * SECOND, 10 * MINUTE)
            self.builder.assign_agent(team[0], first=True)
        self.builder.wait(30 * SECOND, 30 * MINUTE)
        others = [group for group in range(len(GROUPS)) if group != self.builder.state.group]
        holder = self.builder.state.agent
        self.builder.assign_group(
            self.rng.choice(others), by=SUPERVISOR if holder is None else holder
        )

    def _unassign(self, team: tuple[int, ...]) -> None:
        self.builder.wait(MINUTE, 30 * MINUTE)
        before, agent = self.builder.state, self.builder.state.agent
        self.builder.state = State(NEW, None, before.group)
        self.builder.add(UNASSIGNED, AGENT, agent, before=before)
        self.builder.advance_millis()
        self.builder.system_message("Conversation was unassigned", AGENT, agent)
        self.builder.wait(10 * MINUTE, 2 * HOUR)
        self.builder.assign_agent(team[-1], first=False)

    def _resolve(self) -> None:
        by = AGENT if self.scenario.resolved_by == "agent" else SYSTEM
        if by == AGENT:
            self.builder.wait(10 * SECOND, 30 * MINUTE)
        else:
            self.builder.wait(4 * HOUR, 8 * HOUR)  # auto-resolve after silence
        actor = self.builder.state.agent if by == AGENT else None
        if by == AGENT and self.scenario.labelled:
            self.builder.add(LABELLED, by, actor, detail=self.rng.choice(sample_text.LABELS))
        before = self.builder.state
        self.builder.state = before._replace(status=RESOLVED)
        self.builder.add(RESOLVED, by, actor, before=before)
        name = "auto-resolve" if actor is None else AGENTS[actor].name
        self.builder.system_message(
            f"Conversation was resolved by {name}", by, actor, detail=("isResolved",)
        )
        self.builder.at += self.rng.randint(500, 3_000)
        if self.scenario.rated:
            self.builder.message(AGENT, sample_text.SURVEY, by=AUTOMATION_AUTHOR)
            self.builder.wait_for_reply(MINUTE, 12 * HOUR)
            stars = self.rng.randint(1, 5)
            self.builder.add(
                RATED, USER, detail=(str(stars), self.rng.choice(sample_text.COMMENTS))
            )

    def _team(self) -> tuple[int, ...]:
        """Return the agents that can be assigned, available ones first."""
        group = self.builder.state.group
        members = range(len(AGENTS)) if group is None else GROUPS[group].members
        open_accounts = [
            one for one in members if self._shifts.is_employed(one, self._deadline + DAY)
        ]
        shuffled = sorted(open_accounts, key=lambda _: self.rng.random())
        return tuple(
            sorted(shuffled, key=lambda one: not self._shifts.is_available(one, self.builder.at))
        )
