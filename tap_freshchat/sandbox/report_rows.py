"""The raw reports: which there are, their columns, and the rows of each."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .conversation_views import conversation_url, message_source
from .dice import Dice
from .identifiers import Kind
from .instants import DAY, iso, timestamp
from .lives import (
    AGENT,
    AGENT_ASSIGNED,
    CREATED,
    GROUP_ASSIGNED,
    LABELLED,
    MESSAGE,
    NORMAL,
    NOTICE,
    RATED,
    REOPENED,
    RESOLVED,
    USER,
)
from .message_parts import image_url_of, parts_of
from .roster import AVAILABILITY, INTELLIASSIGN
from .staff import AGENTS, CHANNELS, GROUPS, SYSTEM_USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .desk import Desk
    from .lives import Life, Moment

    Row = tuple[object, ...]
    Rows = Callable[["Print"], Iterator[Row]]

MONTH = 31 * DAY


class Print(NamedTuple):
    """What to print: the rows of [start, end), with or without personal data."""

    desk: Desk
    start: int
    end: int
    with_pii: bool
    when: Callable[[int], str]

    def moments(self, *kinds: str) -> Iterator[tuple[Life, Moment]]:
        """Yield the moments of some kinds in the range, conversation by conversation."""
        for life in self.desk.lives(self.start, self.end):
            for moment in life.between(self.start, self.end):
                if moment.kind in kinds:
                    yield life, moment

    def named(self, life: Life, moment: Moment) -> Row:
        """Return created_at, conversation_id, interaction_id."""
        return (
            self.when(moment.at),
            self.desk.conversation_id(life.place),
            self.desk.interaction_id(life, moment),
        )

    def agent(self, index: int | None) -> Row:
        """Return agent_id, agent_name, agent_email."""
        if index is None:
            return ("", "", "")
        person = AGENTS[index]
        return (self.desk.agent_ids[index], self.pii(person.name), self.pii(person.email))

    def group(self, index: int | None) -> Row:
        """Return group_id, group_name."""
        return ("", "") if index is None else (self.desk.group_ids[index], GROUPS[index].name)

    def channel(self, life: Life) -> Row:
        """Return channel_id, channel_name."""
        return (self.desk.channel_ids[life.channel], CHANNELS[life.channel].name)

    def actor(self, life: Life, moment: Moment) -> Row:
        """Return actor_id, actor_type."""
        return (self.desk.actor_id(life, moment), moment.actor_type)

    def actor_names(self, life: Life, moment: Moment) -> tuple[str, str, str]:
        """Return first name, last name and e-mail of who did it."""
        if moment.actor_type == USER:
            customer = self.desk.customers.at(life.customer)
            names = (customer.first_name, customer.last_name, customer.email)
        elif moment.actor is not None:
            person = AGENTS[moment.actor]
            names = (person.first_name, person.last_name, person.email)
        else:
            names = (SYSTEM_USERS[0 if moment.actor_type == "bot" else 1], None, None)
        return (self.pii(names[0]), self.pii(names[1]), self.pii(names[2]))

    def pii(self, text: str | None) -> str:
        """Return a personal text, blank if personal data is not wanted."""
        return text or "" if self.with_pii else ""


@dataclass(frozen=True)
class Report:
    """One raw report.

    Attributes:
        columns: Their names in snake case.
        rows: Yields the rows, in no order of time.
        longest: The longest range one job may ask for, in milliseconds.
        iso_times: Whether times are ISO with T and Z, rather than zone-less timestamps.
    """

    columns: tuple[str, ...]
    rows: Rows
    longest: int = MONTH
    iso_times: bool = False

    def print(self, desk: Desk, start: int, end: int, *, with_pii: bool) -> Iterator[Row]:
        """Yield the rows of [start, end)."""
        when = iso if self.iso_times else timestamp
        return self.rows(Print(desk, start, end, with_pii, when))


def _created(out: Print) -> Iterator[Row]:
    options = out.desk.options
    kinds = (CREATED, REOPENED) if options.reopened_rows else (CREATED,)
    for life, moment in out.moments(*kinds):
        share = options.missing_created_rows
        if share and Dice(options.seed, "missing", *life.place, moment.order).chance(share):
            continue
        created_at, *names = out.named(life, moment)
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        yield (
            *names, created_at, *out.channel(life), *out.group(moment.state.group), agent_id,
            agent_name, str(moment.kind == REOPENED).lower(), conversation_url(out.desk, life),
        )  # fmt: skip


def _assigned(kind: str, out: Print) -> Iterator[Row]:
    for life, moment in out.moments(kind):
        state = moment.state
        yield (
            *out.named(life, moment), *out.agent(state.agent), *out.group(state.group),
            *out.channel(life), *out.actor(life, moment),
        )  # fmt: skip


def _resolved(out: Print) -> Iterator[Row]:
    for life, moment in out.moments(RESOLVED):
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        again = moment.interaction != life.began
        group = out.group(moment.state.group)
        yield (*out.named(life, moment), agent_id, agent_name, *group, str(again).lower())


def _labels(out: Print) -> Iterator[Row]:
    for life, moment in out.moments(LABELLED):
        first, last, _ = out.actor_names(life, moment)
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        actor_id, _ = out.actor(life, moment)
        full_name = f"{first} {last}".strip()
        yield (*out.named(life, moment), *moment.detail, actor_id, full_name, agent_id, agent_name)


def _ratings(out: Print) -> Iterator[Row]:
    for life, moment in out.moments(RATED):
        stars, comment = moment.detail
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        rating_id = out.desk.ids.uuid(Kind.RATING, *life.place, moment.order)
        row = out.named(life, moment)
        yield (*row, rating_id, stars, out.pii(comment), agent_id, agent_name)


def _sent(out: Print) -> Iterator[Row]:
    for life, moment in out.moments(MESSAGE):
        if moment.actor_type == AGENT and moment.message_type != NOTICE:
            yield (
                *out.named(life, moment), *out.agent(moment.actor), *out.group(moment.state.group),
                *out.channel(life), *out.actor(life, moment), out.desk.message_id(life, moment),
                moment.message_type,
            )  # fmt: skip


def _transcript(out: Print) -> Iterator[Row]:
    desk = out.desk
    for life in desk.lives(out.start, out.end):
        conversation = (desk.conversation_id(life.place), conversation_url(desk, life))
        customer = (desk.customers.at(life.customer).reference_id, desk.user_id(life.customer))
        channel = out.channel(life)
        for moment in life.between(out.start, out.end):
            if moment.kind != MESSAGE:
                continue
            first, last, email = out.actor_names(life, moment)
            parts = parts_of(moment, with_words=out.with_pii)
            yield (
                desk.message_id(life, moment),
                conversation[0],
                out.when(moment.at),
                moment.actor_type,
                desk.actor_id(life, moment),
                email,
                first,
                last,
                moment.message_type,
                moment.form,
                message_source(life, moment),
                json.dumps(parts, ensure_ascii=False, separators=(",", ":")),
                out.pii(moment.text),
                image_url_of(moment) or "",
                "",
                customer[0] or "",
                customer[1],
                *channel,
                conversation[1],
            )


def _first_responses(life: Life) -> Iterator[tuple[Moment, int]]:
    since: int | None = None
    period = -1
    for moment in life.moments:
        if moment.interaction != period:
            period, since = moment.interaction, moment.interaction
            assigned = False
        if moment.kind == AGENT_ASSIGNED and not assigned:
            since, assigned = moment.at, True
        if since is not None and _is_reply(moment):
            yield moment, moment.at - since
            since = None


def _responses(life: Life) -> Iterator[tuple[Moment, int]]:
    asked: int | None = None
    for moment in life.moments:
        if asked is not None and _is_reply(moment):
            yield moment, moment.at - asked
            asked = None
        elif asked is None and moment.actor_type == USER and moment.message_type == NORMAL:
            asked = moment.at


def _resolutions(life: Life) -> Iterator[tuple[Moment, int]]:
    for moment in life.moments:
        if moment.kind == RESOLVED:
            yield moment, moment.at - moment.interaction


def _is_reply(moment: Moment) -> bool:
    """Tell whether it is an agent's answer; the survey after a resolution is none."""
    return (
        moment.actor_type == AGENT
        and moment.message_type == NORMAL
        and moment.state.status != RESOLVED
    )


def _durations(
    measure: Callable[[Life], Iterator[tuple[Moment, int]]], out: Print
) -> Iterator[Row]:
    for life in out.desk.lives(out.start, out.end):
        for moment, duration in measure(life):
            if out.start <= moment.at < out.end:
                agent_id, agent_name, _ = out.agent(moment.state.agent)
                group = out.group(moment.state.group)
                seconds = duration / 1000
                yield (*out.named(life, moment), f"{seconds:.3f}", agent_id, agent_name, *group)


def _activity(kind: str, words: tuple[str, str], out: Print) -> Iterator[Row]:
    for flip in out.desk.roster.between(out.start, out.end):
        if flip.kind == kind:
            yield (*out.agent(flip.agent), words[not flip.on], out.when(flip.at))


def _performance(out: Print) -> Iterator[Row]:
    resolved: Counter[int] = Counter()
    sent: Counter[int] = Counter()
    for _, moment in out.moments(RESOLVED, MESSAGE):
        if moment.actor is not None and moment.actor_type == AGENT:
            counter = resolved if moment.kind == RESOLVED else sent
            counter[moment.actor] += moment.message_type != NOTICE
    for index in sorted(resolved | sent):
        yield (*out.agent(index), resolved[index], sent[index])


def _interactions(out: Print) -> Iterator[Row]:
    for life, moment in out.moments(CREATED, REOPENED):
        stays = [one for one in life.until(out.end) if one.interaction == moment.interaction]
        state = stays[-1].state
        agent, group = out.agent(state.agent), out.group(state.group)
        yield (*out.named(life, moment), state.status, *agent, *group, *out.channel(life))


_NAMED = ("created_at", "conversation_id", "interaction_id")
_AGENT = ("agent_id", "agent_name", "agent_email")
_GROUP = ("group_id", "group_name")
_CHANNEL = ("channel_id", "channel_name")
_ACTOR = ("actor_id", "actor_type")
_ASSIGNMENT = (*_NAMED, *_AGENT, *_GROUP, *_CHANNEL, *_ACTOR)
_DURATION = (*_NAMED, "value_in_seconds", "agent_id", "agent_name", *_GROUP)
_ACTIVITY = (*_AGENT, "status", "created_at")

REPORTS: dict[str, Report] = {
    "Conversation-Created": Report(
        (
            "conversation_id", "interaction_id", "created_at", *_CHANNEL, *_GROUP, "agent_id",
            "agent_name", "reopened", "conversation_url",
        ),
        _created,
    ),
    "Conversation-Agent-Assigned": Report(_ASSIGNMENT, partial(_assigned, AGENT_ASSIGNED)),
    "Conversation-Group-Assigned": Report(_ASSIGNMENT, partial(_assigned, GROUP_ASSIGNED)),
    "Conversation-Resolved": Report(
        (*_NAMED, "agent_id", "agent_name", *_GROUP, "reopened"), _resolved
    ),
    "Conversation-Resolution-Label": Report(
        (
            *_NAMED, "label_category_name", "label_sub_category_name", "actor_id", "actor_name",
            "agent_id", "agent_name",
        ),
        _labels,
    ),
    "Message-Sent": Report(
        (*_ASSIGNMENT, "message_id", "message_type"), _sent, iso_times=True
    ),
    "First-Response-Time": Report(_DURATION, partial(_durations, _first_responses)),
    "Response-Time": Report(_DURATION, partial(_durations, _responses)),
    "Resolution-Time": Report(_DURATION, partial(_durations, _resolutions)),
    "Agent-Activity": Report(
        _ACTIVITY, partial(_activity, AVAILABILITY, ("available", "unavailable"))
    ),
    "Agent-Intelliassign-Activity": Report(
        _ACTIVITY, partial(_activity, INTELLIASSIGN, ("on", "off")), iso_times=True
    ),
    "CSAT-Score": Report(
        (*_NAMED, "csat_id", "value", "csat_response", "agent_id", "agent_name"),
        _ratings,
        iso_times=True,
    ),
    "Chat-Transcript": Report(
        (
            "message_id", "conversation_id", "created_time", "actor_type", "actor_id",
            "actor_email", "actor_first_name", "actor_last_name", "message_type",
            "detailed_message_type", "message_source", "message_parts", "message", "image_url",
            "video_url", "reference_id", "customer_id", *_CHANNEL, "conversation_url",
        ),
        _transcript,
        longest=DAY,
    ),
    "agent-performance": Report((*_AGENT, "resolved_conversations", "messages_sent"), _performance),
    "classic": Report((*_NAMED, "status", *_AGENT, *_GROUP, *_CHANNEL), _interactions),
}  # fmt: skip
