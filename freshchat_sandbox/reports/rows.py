"""The rows of the raw reports."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.lives import (
    AGENT,
    AGENT_ASSIGNED,
    CREATED,
    LABELLED,
    MESSAGE,
    NOTICE,
    RATED,
    REOPENED,
    RESOLVED,
    UNASSIGNED,
    USER,
)
from freshchat_sandbox.desk.message_parts import image_url_of, parts_text
from freshchat_sandbox.desk.staff import AGENTS, CHANNELS, GROUPS, SYSTEM_USERS
from freshchat_sandbox.views.conversations import conversation_url, message_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.desk.lives import Life, Moment

    Row = tuple[object, ...]


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


def created(out: Print) -> Iterator[Row]:
    """Print creations and reopens, unless the desk's options say otherwise."""
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


def assigned(kind: str, out: Print) -> Iterator[Row]:
    """Print assignments of one kind: to agents or to groups."""
    too = kind == AGENT_ASSIGNED and out.desk.options.unassigned_rows
    for life, moment in out.moments(kind, *((UNASSIGNED,) if too else ())):
        state = moment.state
        yield (
            *out.named(life, moment), *out.agent(state.agent), *out.group(state.group),
            *out.channel(life), *out.actor(life, moment),
        )  # fmt: skip


def resolved(out: Print) -> Iterator[Row]:
    """Print resolutions."""
    for life, moment in out.moments(RESOLVED):
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        again = moment.interaction != life.began
        group = out.group(moment.state.group)
        yield (*out.named(life, moment), agent_id, agent_name, *group, str(again).lower())


def labels(out: Print) -> Iterator[Row]:
    """Print labels chosen at a resolution."""
    for life, moment in out.moments(LABELLED):
        first, last, _ = out.actor_names(life, moment)
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        actor_id, _ = out.actor(life, moment)
        full_name = f"{first} {last}".strip()
        yield (*out.named(life, moment), *moment.detail, actor_id, full_name, agent_id, agent_name)


def ratings(out: Print) -> Iterator[Row]:
    """Print ratings, by the time they were given."""
    for life, moment in out.moments(RATED):
        stars, comment = moment.detail
        agent_id, agent_name, _ = out.agent(moment.state.agent)
        rating_id = out.desk.ids.uuid(Kind.RATING, *life.place, moment.order)
        row = out.named(life, moment)
        yield (*row, rating_id, stars, out.pii(comment), agent_id, agent_name)


def sent(out: Print) -> Iterator[Row]:
    """Print messages by agents, private notes included."""
    for life, moment in out.moments(MESSAGE):
        if moment.actor_type == AGENT and moment.message_type != NOTICE:
            yield (
                *out.named(life, moment), *out.agent(moment.actor), *out.group(moment.state.group),
                *out.channel(life), *out.actor(life, moment), out.desk.message_id(life, moment),
                moment.message_type,
            )  # fmt: skip


def transcript(out: Print) -> Iterator[Row]:
    """Print messages by everybody, notices of the system included."""
    desk = out.desk
    for life in desk.lives(out.start, out.end):
        conversation = (desk.conversation_id(life.place), conversation_url(desk, life))
        customer = (desk.customers.at(life.customer).reference_id, desk.user_id(life.customer))
        channel = out.channel(life)
        for moment in life.between(out.start, out.end):
            if moment.kind != MESSAGE:
                continue
            first, last, email = out.actor_names(life, moment)
            text = moment.text if out.with_pii or moment.text is None else ""
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
                parts_text(moment.form, text),
                text or "",
                image_url_of(moment) or "",
                "",
                customer[0] or "",
                customer[1],
                *channel,
                conversation[1],
            )


def durations(measure: Callable[[Life], Iterator[tuple[Moment, int]]], out: Print) -> Iterator[Row]:
    """Print what took how long."""
    for life in out.desk.lives(out.start, out.end):
        for moment, duration in measure(life):
            if out.start <= moment.at < out.end:
                agent_id, agent_name, _ = out.agent(moment.state.agent)
                group = out.group(moment.state.group)
                seconds = duration / 1000
                yield (*out.named(life, moment), f"{seconds:.3f}", agent_id, agent_name, *group)


def activity(kind: str, words: tuple[str, str], out: Print) -> Iterator[Row]:
    """Print flips of the agents' availability or of their IntelliAssign switch."""
    for flip in out.desk.roster.between(out.start, out.end):
        if flip.kind == kind:
            yield (*out.agent(flip.agent), words[not flip.on], out.when(flip.at))


def performance(out: Print) -> Iterator[Row]:
    """Print what each agent got done in the range."""
    resolved: Counter[int] = Counter()
    sent: Counter[int] = Counter()
    for _, moment in out.moments(RESOLVED, MESSAGE):
        if moment.actor is not None and moment.actor_type == AGENT:
            counter = resolved if moment.kind == RESOLVED else sent
            counter[moment.actor] += moment.message_type != NOTICE
    for index in sorted(resolved | sent):
        yield (*out.agent(index), resolved[index], sent[index])


def interactions(out: Print) -> Iterator[Row]:
    """Print interactions that began in the range, as they stand at its end."""
    for life, moment in out.moments(CREATED, REOPENED):
        stays = [one for one in life.until(out.end) if one.interaction == moment.interaction]
        state = stays[-1].state
        agent, group = out.agent(state.agent), out.group(state.group)
        yield (*out.named(life, moment), state.status, *agent, *group, *out.channel(life))
