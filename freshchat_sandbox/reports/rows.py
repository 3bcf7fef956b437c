"""Rows of the raw reports, one generator for each report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from freshchat_sandbox.account.conversation_events import (
    AGENT,
    AGENT_ASSIGNED,
    CREATED,
    LABELLED,
    MESSAGE,
    RATED,
    REOPENED,
    RESOLVED,
    SYSTEM_MESSAGE,
    UNASSIGNED,
)
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.message_parts import image_url, parts_text
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.readings import flag_text
from freshchat_sandbox.views.conversations import conversation_url, message_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )
    from freshchat_sandbox.reports.row_writer import Row, RowWriter


def created(writer: RowWriter) -> Iterator[Row]:
    """Yield creations and reopens, subject to the options."""
    options = writer.account.options
    kinds = (CREATED, REOPENED) if writer.account.readings.reopened_rows else (CREATED,)
    for timeline, event in writer.events(*kinds):
        share = options.missing_created_rows
        if share and SeededRandom(options.seed, "missing", *timeline.key, event.position).chance(
            share
        ):
            continue
        created_at, *names = writer.base_columns(timeline, event)
        agent_id, agent_name, _ = writer.agent(event.state.agent)
        yield (
            *names,
            created_at,
            *writer.channel(timeline),
            *writer.group(event.state.group),
            agent_id,
            agent_name,
            flag_text(writer.account.readings.flags, is_set=event.kind == REOPENED),
            conversation_url(writer.account, timeline),
        )


def assigned(kind: str, writer: RowWriter) -> Iterator[Row]:
    """Yield assignments of one kind: to agents or to groups."""
    too = kind == AGENT_ASSIGNED and writer.account.readings.unassigned_rows
    for timeline, event in writer.events(kind, *((UNASSIGNED,) if too else ())):
        state = event.state
        yield (
            *writer.base_columns(timeline, event),
            *writer.agent(state.agent),
            *writer.group(state.group),
            *writer.channel(timeline),
            *writer.actor(timeline, event),
        )


def resolved(writer: RowWriter) -> Iterator[Row]:
    """Yield resolutions."""
    for timeline, event in writer.events(RESOLVED):
        agent_id, agent_name, _ = writer.agent(event.state.agent)
        again = event.interaction_start != timeline.started_at
        group = writer.group(event.state.group)
        yield (
            *writer.base_columns(timeline, event),
            agent_id,
            agent_name,
            *group,
            flag_text(writer.account.readings.flags, is_set=again),
        )


def labels(writer: RowWriter) -> Iterator[Row]:
    """Yield labels chosen at a resolution."""
    for timeline, event in writer.events(LABELLED):
        first, last, _ = writer.actor_names(timeline, event)
        agent_id, agent_name, _ = writer.agent(event.state.agent)
        actor_id, _ = writer.actor(timeline, event)
        full_name = f"{first} {last}".strip()
        yield (
            *writer.base_columns(timeline, event),
            *event.detail,
            actor_id,
            full_name,
            agent_id,
            agent_name,
        )


def ratings(writer: RowWriter) -> Iterator[Row]:
    """Yield ratings, by the time of the rating."""
    for timeline, event in writer.events(RATED):
        stars, comment = event.detail
        agent_id, agent_name, _ = writer.agent(event.state.agent)
        rating_id = writer.account.ids.uuid(Kind.RATING, *timeline.key, event.position)
        row = writer.base_columns(timeline, event)
        yield (*row, rating_id, stars, writer.pii(comment), agent_id, agent_name)


def sent(writer: RowWriter) -> Iterator[Row]:
    """Yield messages by agents, private notes included."""
    for timeline, event in writer.events(MESSAGE):
        if event.actor_type == AGENT and event.message_type != SYSTEM_MESSAGE:
            yield (
                *writer.base_columns(timeline, event),
                *writer.agent(event.actor),
                *writer.group(event.state.group),
                *writer.channel(timeline),
                *writer.actor(timeline, event),
                writer.account.message_id(timeline, event),
                event.message_type,
            )


def transcript(writer: RowWriter) -> Iterator[Row]:
    """Yield all messages, system messages included."""
    account = writer.account
    for timeline in account.conversations(writer.start, writer.end):
        conversation = (account.conversation_id(timeline.key), conversation_url(account, timeline))
        customer = (
            account.customers.get(timeline.customer_key).reference_id,
            account.user_id(timeline.customer_key),
        )
        channel = writer.channel(timeline)
        for event in timeline.between(writer.start, writer.end):
            is_status_row = event.message_type == SYSTEM_MESSAGE
            if event.kind != MESSAGE or (is_status_row and not account.readings.status_rows):
                continue
            if not writer.shows(event.at, *timeline.key, event.position):
                continue
            first, last, email = writer.actor_names(timeline, event)
            actor_id, actor_type = writer.actor(timeline, event)
            text = event.text if writer.with_pii or event.text is None else ""
            yield (
                account.message_id(timeline, event),
                conversation[0],
                writer.transcript_interaction(timeline, event),
                writer.format_time(event.at),
                actor_type,
                actor_id,
                email,
                first,
                last,
                *writer.message_types(event),
                message_source(timeline, event),
                parts_text(event.content_kind, text),
                text or "",
                image_url(event) or "",
                "",
                customer[0] or "",
                customer[1],
                *channel,
                conversation[1],
            )


def durations(
    measure: Callable[[ConversationTimeline], Iterator[tuple[ConversationEvent, int]]],
    writer: RowWriter,
) -> Iterator[Row]:
    """Yield durations."""
    for timeline in writer.account.conversations(writer.start, writer.end):
        for event, duration in measure(timeline):
            if writer.start <= event.at < writer.end and writer.shows(
                event.at, *timeline.key, event.position
            ):
                agent_id, agent_name, _ = writer.agent(event.state.agent)
                group = writer.group(event.state.group)
                seconds = duration / 1000
                yield (
                    *writer.base_columns(timeline, event),
                    f"{seconds:.3f}",
                    agent_id,
                    agent_name,
                    *group,
                )


def activity(kind: str, words: tuple[str, str], writer: RowWriter) -> Iterator[Row]:
    """Yield changes of the agents' availability or IntelliAssign status."""
    for change in writer.account.shifts.changes_between(writer.start, writer.end):
        if change.kind == kind and writer.shows(change.at, change.agent, kind, change.at):
            status = writer.agent_status(words[not change.on])
            yield (*writer.agent(change.agent), status, writer.format_time(change.at))


def performance(writer: RowWriter) -> Iterator[Row]:
    """Yield the number of resolutions and messages of each agent in the range."""
    resolved: Counter[int] = Counter()
    sent: Counter[int] = Counter()
    for _, event in writer.events(RESOLVED, MESSAGE):
        if event.actor is not None and event.actor_type == AGENT:
            counter = resolved if event.kind == RESOLVED else sent
            counter[event.actor] += event.message_type != SYSTEM_MESSAGE
    for index in sorted(resolved | sent):
        yield (*writer.agent(index), resolved[index], sent[index])


def interactions(writer: RowWriter) -> Iterator[Row]:
    """Yield interactions that start in the range, with their state at its end."""
    for timeline, event in writer.events(CREATED, REOPENED):
        stays = [
            one
            for one in timeline.until(writer.end)
            if one.interaction_start == event.interaction_start
        ]
        state = stays[-1].state
        agent, group = writer.agent(state.agent), writer.group(state.group)
        yield (
            *writer.base_columns(timeline, event),
            state.status,
            *agent,
            *group,
            *writer.channel(timeline),
        )
